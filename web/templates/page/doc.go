// Package page has one component per page of the portal, made of components inside the layout.
//
// Each takes one props struct that is ready to draw: words, counts, addresses. Templates decide nothing and do no I/O.
package page
