// Sets light or dark before the first paint. It stands in the head as a small blocking script, because a page that
// turns from white to dark while it loads is worse than one that comes a millisecond later.
(function () {
  "use strict";
  var choice = "auto";
  try {
    choice = localStorage.getItem("theme") || "auto";
  } catch (e) {
    // Storage may be switched off; then the system's setting rules.
  }
  var dark = choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  var root = document.documentElement;
  root.setAttribute("data-bs-theme", dark ? "dark" : "light");
  root.setAttribute("data-theme-choice", choice);
  root.classList.add("has-script");
})();
