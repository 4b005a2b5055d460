// Tries what app.js and theme.js promise, on a sample page under the real content security policy. Gives the list of
// what was tried; an entry that begins with "FAIL" did not hold.
(async () => {
  const tried = [];
  const check = (sentence, holds) => tried.push((holds ? "" : "FAIL ") + sentence);
  const one = (selector) => document.querySelector(selector);
  const every = (selector) => [...document.querySelectorAll(selector)];
  const root = document.documentElement;

  // until waits for a change that comes by itself; what never comes ends the test by its time limit.
  const until = (holds) => new Promise((done) => {
    const look = () => (holds() ? done() : requestAnimationFrame(look));
    look();
  });
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

  document.addEventListener("securitypolicyviolation", (e) => check("policy violated: " + e.violatedDirective + " by " + e.blockedURI, false));

  check("all sheets are loaded", document.styleSheets.length === every('link[rel="stylesheet"]').length);

  // Theme and density.
  const theme = one("[data-theme-toggle]");
  check("the theme follows the system at first", root.dataset.themeChoice === "auto");
  theme.click();
  check("one click makes it light", theme.title === "Theme: light" && root.dataset.bsTheme === "light");
  theme.click();
  check("the next click makes it dark, and it is remembered", root.dataset.bsTheme === "dark" && localStorage.theme === "dark");
  await until(() => one("#live").textContent === "Theme: dark");
  theme.click();
  check("the third click goes back to the system", root.dataset.themeChoice === "auto");
  one("[data-density-toggle]").click();
  check("tables become compact", root.dataset.density === "compact" && one("[data-density-toggle]").getAttribute("aria-pressed") === "true");
  localStorage.clear();

  if (one("[data-tick-page]")) {
    const head = one("[data-tick-page]"), rows = every("[data-tick]"), bar = one("[data-bulk-bar]"), count = one("[data-bulk-count]");
    check("the tick of the page appears", !head.hidden);
    check("the bar hides while nothing is ticked", bar.hidden);
    rows[0].click();
    check("one ticked row makes the head undecided and shows the bar", head.indeterminate && !bar.hidden && count.textContent === "1 selected");
    head.click();
    check("the head ticks all rows", rows.every((row) => row.checked) && count.textContent === rows.length + " selected" && !head.indeterminate);
    head.click();
    check("the head clears all rows", rows.every((row) => !row.checked) && bar.hidden);

    const before = every("[data-toast]").length;
    one("[data-close-toast]").click();
    check("a message can be closed", every("[data-toast]").length === before - 1);
  }

  if (one("dialog")) {
    const dialog = one("dialog");
    check("the focus is on the list of problems", document.activeElement === one("#error-summary"));
    one("a[data-opens]").click();
    check("a link opens the dialog instead of its page", dialog.matches(":modal"));
    dialog.querySelector("[command=close]").click();
    await until(() => !dialog.open);

    const menu = one("details[data-menu]");
    menu.open = true;
    menu.querySelector("a").focus();
    press("Escape");
    check("Escape closes a menu and returns the focus", !menu.open && document.activeElement === menu.querySelector("summary"));
    menu.open = true;
    document.body.click();
    check("a click elsewhere closes a menu", !menu.open);

    const at = () => document.activeElement.closest("li").id;
    const isOpen = (id) => document.getElementById(id).querySelector("details").open;
    one("#node-1 summary, #node-1 a").focus();
    press("ArrowDown");
    press("ArrowDown");
    check("down goes to the next team in view", at() === "node-3");
    press("ArrowLeft");
    check("left goes to the parent", at() === "node-2");
    press("ArrowLeft");
    check("left closes a branch", !isOpen("node-2"));
    press("ArrowDown");
    check("down passes over a closed branch", at() === "node-5");
    press("ArrowRight");
    check("right opens a branch", isOpen("node-5"));
    press("ArrowRight");
    check("right enters an open branch", at() === "node-6");
    press("Home");
    check("Home goes to the first team", at() === "node-1");
    press("End");
    check("End goes to the last team in view", at() === "node-6");

    const zone = one("[data-drop]"), files = new DataTransfer();
    files.items.add(new File(["name"], "people.csv"));
    zone.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: files }));
    check("the zone shows that it takes the file", zone.classList.contains("is-over"));
    zone.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files }));
    check("a dropped file is in the form", zone.querySelector("input").files[0].name === "people.csv" && !zone.classList.contains("is-over"));

    const leaving = () => {
      const event = new Event("beforeunload", { cancelable: true });
      window.dispatchEvent(event);
      return !event.defaultPrevented;
    };
    check("a page without typing can be left", leaving());
    one("#name").dispatchEvent(new Event("input", { bubbles: true }));
    check("a page with typing asks", !leaving());
    one("#name").form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    check("a page whose form is sent can be left", leaving());
  }

  // Answers of htmx, by status.
  const part = document.createElement("div");
  one("main").append(part);
  const ask = async (status) => {
    const settled = new Promise((done) => document.addEventListener("htmx:afterSettle", done, { once: true }));
    await htmx.ajax("GET", "/answer/" + status, { target: part, swap: "innerHTML" });
    await settled;
  };
  await ask(422);
  check("422 takes its place, for a form with its problems", part.textContent === "answer 422");
  await ask(409);
  check("another error goes to #flash and leaves the page as it is", one("#flash").textContent === "answer 409" && part.textContent === "answer 422");
  check("the focus goes to the error", document.activeElement === one("#flash"));
  await ask(200);
  check("success takes its place and clears the error", part.textContent === "answer 200" && one("#flash").textContent === "");
  check("no style was added to the page", !one("[style], style"));
  return tried;
})()
