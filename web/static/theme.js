// Sets the theme and the density of tables before the first paint. It stands in the head as a small blocking script,
// because a page that turns from white to dark while it loads is worse than one that comes a millisecond later.
(function () {
  "use strict";
  function stored(key, allowed) {
    try {
      var value = localStorage.getItem(key);
      return allowed.indexOf(value) >= 0 ? value : allowed[0];
    } catch (e) {
      return allowed[0]; // storage may be switched off
    }
  }
  var root = document.documentElement;
  var theme = stored("theme", ["auto", "light", "dark"]);
  var dark = theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-theme-choice", theme);
  root.setAttribute("data-bs-theme", dark ? "dark" : "light");
  root.setAttribute("data-density", stored("density", ["comfortable", "compact"]));
  root.classList.add("has-script");
})();
