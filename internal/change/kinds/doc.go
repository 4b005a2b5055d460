// Package kinds has one file for each thing that can be done to the account: how it is planned against the directory,
// looked at again before it runs, carried out by one Gtmhub call, and read back.
//
// A kind never decides who may do it: it brings the facts, and package access answers. It gets a client that can write
// only through a change.Grant, and only the methods that it declares for itself. Start at [All] and at addMember.
package kinds
