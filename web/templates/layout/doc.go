// Package layout draws what all pages have in common: the document head, the navigation, the heading, the places for
// notices and results, and the footer.
//
// Start from [Page] for everything that a signed-in person sees, and from [Plain] for sign-in, sign-out and errors.
// Both take the content as children. The layout decides nothing: which entries the navigation has, whose name is
// shown and how old the data is arrive finished in [Props].
//
// Elements that scripts, tests and htmx rely on:
//   - #main, the content, the target of the skip link;
//   - #live, a polite live region: text put there is read out;
//   - #flash, where errors of htmx requests and results are put, each as a component.Alert or a toast;
//   - data-testid page-title, training-banner, notice, sign-out, version, theme-toggle, menu-toggle, toast.
package layout
