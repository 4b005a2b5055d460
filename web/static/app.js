// Improves pages that work without it. Everything hangs on data attributes of the parts in web/templates; listeners
// sit on the document, so that they also serve what htmx puts in later.
(function () {
  "use strict";

  var root = document.documentElement;

  function on(event, selector, act) {
    document.addEventListener(event, function (e) {
      var found = e.target instanceof Element ? e.target.closest(selector) : null;
      if (found) act(found, e);
    });
  }

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  function store(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch (e) {
      // Without storage the choice lasts until the next page.
    }
  }

  // announce has a sentence read out. A repeated sentence is read again, because the text changes in between.
  function announce(text) {
    var live = document.getElementById("live");
    if (!live) return;
    live.textContent = "";
    setTimeout(function () { live.textContent = text; }, 50);
  }

  // ---- Theme and density ------------------------------------------------------------------------------------------

  var systemDark = matchMedia("(prefers-color-scheme: dark)");
  var themes = ["auto", "light", "dark"];
  var themeWords = { auto: "automatic", light: "light", dark: "dark" };

  function theme() {
    return root.getAttribute("data-theme-choice") || "auto";
  }

  function showTheme() {
    var dark = theme() === "dark" || (theme() === "auto" && systemDark.matches);
    root.setAttribute("data-bs-theme", dark ? "dark" : "light");
    all("[data-theme-toggle]").forEach(function (button) {
      button.title = "Theme: " + themeWords[theme()];
      button.setAttribute("aria-label", button.title);
    });
  }

  function showDensity() {
    all("[data-density-toggle]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(root.getAttribute("data-density") === "compact"));
    });
  }

  on("click", "[data-theme-toggle]", function (button) {
    var next = themes[(themes.indexOf(theme()) + 1) % themes.length];
    root.setAttribute("data-theme-choice", next);
    store("theme", next);
    showTheme();
    announce(button.title);
  });

  on("click", "[data-density-toggle]", function () {
    var next = root.getAttribute("data-density") === "compact" ? "comfortable" : "compact";
    root.setAttribute("data-density", next);
    store("density", next);
    showDensity();
  });

  systemDark.addEventListener("change", showTheme);

  // ---- Toasts ---------------------------------------------------------------------------------------------------------

  // Brief ones go away by themselves, the others when they are closed. Pointer and focus stop the clock, and so does
  // looking at another tab.
  var briefSeconds = 6;

  function startToast(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    all("[data-close-toast]", toast).forEach(function (button) { button.hidden = false; });
    if (toast.dataset.toast !== "brief") return;
    var left = briefSeconds;
    var clock = setInterval(function () {
      if (!toast.isConnected) return clearInterval(clock);
      if (document.hidden || toast.matches(":hover, :focus-within")) return;
      if (--left > 0) return;
      clearInterval(clock);
      toast.remove();
    }, 1000);
  }

  on("click", "[data-close-toast]", function (button) { button.closest("[data-toast]").remove(); });

  // ---- Dialogs and menus -----------------------------------------------------------------------------------------------

  // Browsers without the command attribute (before 2025) get the same from here.
  if (!("commandForElement" in HTMLButtonElement.prototype)) {
    on("click", "button[commandfor]", function (button) {
      var dialog = document.getElementById(button.getAttribute("commandfor"));
      if (!dialog || !dialog.showModal) return;
      if (button.getAttribute("command") === "close") dialog.close();
      else if (!dialog.open) dialog.showModal();
    });
  }

  // A link to the page of a form opens the dialog with the same form, except when a new tab is wanted.
  on("click", "a[data-opens]", function (link, e) {
    var dialog = document.getElementById(link.dataset.opens);
    if (!dialog || !dialog.showModal || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault();
    closeMenus(null);
    dialog.showModal();
  });

  // A dialog that came open, to show a form again with its mistakes, stands in the page without a script; here it
  // becomes modal like the one that was sent.
  function startDialog(dialog) {
    if (dialog.matches(":modal")) return;
    dialog.close();
    dialog.showModal();
  }

  // A click beside the box of a dialog closes it: only the backdrop has the dialog itself as its target. The press must
  // have begun there too, or selecting text up to the edge would close it.
  var pressed = null;
  document.addEventListener("pointerdown", function (e) { pressed = e.target; });
  document.addEventListener("click", function (e) {
    var dialog = e.target;
    if (!(dialog instanceof HTMLDialogElement) || !dialog.open || pressed !== dialog) return;
    var box = dialog.getBoundingClientRect();
    var inside = e.clientX >= box.left && e.clientX <= box.right && e.clientY >= box.top && e.clientY <= box.bottom;
    if (!inside) dialog.close();
  });

  function closeMenus(except) {
    all("details[data-menu][open]").forEach(function (menu) {
      if (!except || !menu.contains(except)) menu.open = false;
    });
  }

  document.addEventListener("click", function (e) { closeMenus(e.target); });

  on("keydown", "details[data-menu][open]", function (menu, e) {
    if (e.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // Escape in the navigation of phones closes it.
  on("keydown", ".portal-bar", function (bar, e) {
    var toggle = bar.querySelector(".portal-toggle");
    if (e.key !== "Escape" || !toggle.open) return;
    toggle.open = false;
    toggle.querySelector("summary").focus();
  });

  // ---- Selecting rows ------------------------------------------------------------------------------------------------

  // The tick in the head stands for the rows of this page: all, none, or some (indeterminate). The bar counts these and
  // the ones that the server knows of on other pages.
  function ticks() {
    return all("input[data-tick]:not(:disabled)");
  }

  function showSelection() {
    var rows = ticks();
    var ticked = rows.filter(function (box) { return box.checked; }).length;
    all("input[data-tick-page]").forEach(function (box) {
      box.hidden = false;
      box.disabled = rows.length === 0;
      box.checked = rows.length > 0 && ticked === rows.length;
      box.indeterminate = ticked > 0 && ticked < rows.length;
    });
    all("input[data-tick]").forEach(function (box) {
      var row = box.closest("tr");
      if (row) row.classList.toggle("is-selected", box.checked);
    });
    all("[data-bulk-bar]").forEach(function (bar) {
      var selected = ticked + Number(bar.dataset.elsewhere || 0);
      bar.hidden = selected === 0;
      var count = bar.querySelector("[data-bulk-count]");
      if (count) count.textContent = selected.toLocaleString() + " selected";
    });
    // The button of a decision says how many it approves: all but the ticked ones.
    all("[data-approve-rest]").forEach(function (button) {
      var total = Number(button.dataset.approveRest);
      var out = ticked + Number(button.dataset.approveElsewhere || 0);
      button.lastChild.textContent = out > 0 ? "Approve " + (total - out).toLocaleString("en") + " of " + total.toLocaleString("en")
        : total === 1 ? "Approve" : "Approve all " + total.toLocaleString("en");
    });
    return ticked;
  }

  on("change", "input[data-tick-page]", function (head) {
    ticks().forEach(function (box) { box.checked = head.checked; });
    announce(showSelection() + " selected on this page");
  });

  on("change", "input[data-tick]", showSelection);

  // ---- Forms ---------------------------------------------------------------------------------------------------------

  // A form marked with data-guard asks before what was typed is lost.
  var unsaved = null;

  on("input", "form[data-guard]", function (form) { unsaved = form; });
  on("submit", "form", function (form) {
    if (form === unsaved) unsaved = null;
  });
  window.addEventListener("beforeunload", function (e) {
    if (unsaved && unsaved.isConnected) e.preventDefault();
  });

  // A select marked with data-submit sends its form when another value was chosen; its button is for the others.
  on("change", "select[data-submit]", function (select) {
    if (select.form) select.form.requestSubmit();
  });

  on("dragover", "[data-drop]", function (zone, e) {
    e.preventDefault();
    zone.classList.add("is-over");
  });
  on("dragleave", "[data-drop]", function (zone, e) {
    if (!zone.contains(e.relatedTarget)) zone.classList.remove("is-over");
  });
  on("drop", "[data-drop]", function (zone, e) {
    e.preventDefault();
    zone.classList.remove("is-over");
    var input = zone.querySelector("input[type=file]");
    if (!input || !e.dataTransfer || !e.dataTransfer.files.length) return;
    input.files = e.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    announce("File chosen: " + e.dataTransfer.files[0].name);
  });

  // ---- Team tree ------------------------------------------------------------------------------------------------------

  // Arrows move between the teams in view, right opens, left closes or goes to the parent (as in the tree pattern of the
  // ARIA Authoring Practices Guide). Tab goes on working. Each team is a list item with a line, and with a details
  // element when it has sub-teams.
  function branchOf(item) {
    return item.querySelector(":scope > details, :scope > .tree-line > details");
  }

  function parentOf(item) {
    return item.parentElement.closest("[data-tree] li");
  }

  function inView(item) {
    for (var up = parentOf(item); up; up = parentOf(up)) {
      if (!branchOf(up).open) return false;
    }
    return true;
  }

  function focusTeam(item) {
    var target = item && item.querySelector(":scope > .tree-line a, :scope > .tree-line summary, :scope > details > summary");
    if (target) target.focus();
  }

  on("keydown", "[data-tree] li", function (item, e) {
    if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return;
    var items = all("li", item.closest("[data-tree]")).filter(inView);
    var at = items.indexOf(item);
    var branch = branchOf(item);
    switch (e.key) {
      case "ArrowDown": focusTeam(items[at + 1]); break;
      case "ArrowUp": focusTeam(items[at - 1]); break;
      case "Home": focusTeam(items[0]); break;
      case "End": focusTeam(items[items.length - 1]); break;
      case "ArrowRight":
        if (!branch) return;
        if (branch.open) focusTeam(items[at + 1]);
        else branch.open = true;
        break;
      case "ArrowLeft":
        if (branch && branch.open) branch.open = false;
        else focusTeam(parentOf(item));
        break;
      default: return;
    }
    e.preventDefault();
  });

  // ---- After a page or a part of it has arrived ---------------------------------------------------------------------

  function settle(part) {
    showTheme();
    showDensity();
    showSelection();
    all("[data-toast]").forEach(startToast);
    all("dialog[data-dialog][open]").forEach(startDialog);
    var result = part.matches && part.matches("[data-focus]") ? part : part.querySelector("[data-focus]");
    if (result) result.focus();
  }

  document.addEventListener("DOMContentLoaded", function () { settle(document); });
  document.addEventListener("htmx:afterSettle", function (e) {
    settle(e.target);
    var said = e.target.querySelector("[data-announce]") || e.target.closest("[data-announce]");
    if (said) announce(said.dataset.announce);
    if (e.target.id === "flash" && e.target.textContent.trim() !== "") e.target.focus();
  });

  // A request that got no answer at all changes nothing on the page, so it has to be said.
  document.addEventListener("htmx:sendError", function () {
    var flash = document.getElementById("flash");
    if (!flash) return;
    var message = document.createElement("p");
    message.className = "notice notice-danger";
    message.textContent = "The portal could not be reached. Nothing was changed; please try again.";
    flash.replaceChildren(message);
    flash.focus();
  });

  // What the last request complained about is over when the next one of the same page succeeds.
  document.addEventListener("htmx:afterRequest", function (e) {
    var flash = document.getElementById("flash");
    if (flash && e.detail.successful && e.detail.target !== flash) flash.replaceChildren();
  });
})();
