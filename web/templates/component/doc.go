// Package component holds the parts that pages are built from: buttons, forms, tables,
// pills, dialogs, timelines. Pages compose them; the class lists of the CSS framework stand
// here and nowhere else.
//
// Every part takes one props struct of finished values: words, counts, times already in the
// viewer's zone, links already built. Parts decide nothing, do no I/O and import only the
// standard library and templ. All of them work without JavaScript: menus and trees are
// details elements, dialogs have a page as their fallback.
//
// Text is always escaped. Links given as strings are cleaned by templ, so a link with a
// foreign scheme does nothing. Attrs fields take htmx attributes (hx-get, hx-target, ...);
// the values must be constants or links built by internal/route, since templ does not clean
// those.
//
// Start with [Button], [Field], [Table] and [Card]; README.md beside this file lists all.
package component
