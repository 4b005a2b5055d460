// Package layout draws what all pages have in common: the document head, the navigation, the heading, the places for
// notices and results, and the footer.
//
// Start from [Page] for everything that a signed-in person sees, and from [Plain] for sign-in, sign-out and errors.
// Both take the content as children. The layout decides nothing: which entries the navigation has, whose name is
// shown and how old the data is arrive finished in [Props].
//
// A page is written so, in package page:
//
//	templ Users(p UsersProps) {
//		@layout.Page(p.Frame) {
//			@component.Card(component.CardProps{Title: "..."}) { ... }
//		}
//	}
//
// Elements that scripts, tests and htmx rely on:
//   - #main, the content, the target of the skip link;
//   - #live, a polite live region: app.js reads out what an element that htmx brought has in data-announce;
//   - #flash, where htmx puts the answers with 4xx and 5xx but 422: answer those with a component.Alert alone;
//   - #toasts, where short results stand; an htmx answer adds one with [AddToast];
//   - data-focus on an element that should take the focus when it arrives, data-guard on a form whose typing must not
//     be lost, data-submit on a select that sends its form when changed;
//   - data-testid page-title, training-banner, notice, profile-link, sign-out, version, freshness, theme-toggle,
//     density-toggle, menu-toggle, flash, toast. On phones the navigation and the account, sign-out included, show
//     after a click on menu-toggle.
package layout
