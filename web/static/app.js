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

  // A tree view as in the ARIA Authoring Practices Guide, "Navigation Treeview": the names are its items, of which one is
  // reached with Tab; arrows, Home, End and letters move between those in view. What is only a short cut for the mouse is
  // hidden from screen readers. Each team is a list item with a line, and with a details element when it has sub-teams.
  function itemOf(li) {
    return li && li.querySelector(":scope > .tree-line > .tree-name > *");
  }

  function branchOf(li) {
    return li.querySelector(":scope > details");
  }

  function parentOf(li) {
    return li.parentElement.closest("[data-tree] li");
  }

  function inView(li) {
    for (var up = parentOf(li); up; up = parentOf(up)) {
      if (!branchOf(up).open) return false;
    }
    return true;
  }

  function mark(element, attributes) {
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
  }

  function dressTree(list, level) {
    list.setAttribute("role", level === 1 ? "tree" : "none"); // deeper ones stand in a group: their details element
    Array.prototype.forEach.call(list.children, function (li, i) {
      var item = itemOf(li);
      var branch = branchOf(li);
      li.setAttribute("role", "none");
      mark(item, { role: "treeitem", tabindex: "-1", "aria-level": level, "aria-setsize": list.children.length, "aria-posinset": i + 1, "aria-describedby": "about-" + li.dataset.node });
      all(":scope > .tree-line [data-tree-part], :scope > details > summary", li).forEach(function (extra) {
        mark(extra, { tabindex: "-1", "aria-hidden": "true" });
      });
      if (!branch) return;
      mark(item, { "aria-expanded": String(branch.open), "aria-owns": branch.id });
      branch.setAttribute("role", "group");
      branch.setAttribute("aria-label", item.textContent);
      dressTree(branch.querySelector(":scope > ul"), level + 1);
    });
  }

  function startTree(tree) {
    var list = tree.querySelector(":scope > ul");
    if (!list || list.getAttribute("role") === "tree") return;
    dressTree(list, 1);
    list.setAttribute("aria-label", tree.getAttribute("aria-label"));
    itemOf(all("li", tree).filter(function (li) { return inView(li) && itemOf(li).matches("[aria-current]"); })[0] || list.firstElementChild).tabIndex = 0;
  }

  // The branches that a person opens and closes are remembered by the server.
  function remember(tree, name, items) {
    if (!tree.dataset.remember || !items.length) return;
    var form = new URLSearchParams();
    items.forEach(function (li) { form.append(name, li.dataset.node); });
    fetch(tree.dataset.remember, { method: "POST", body: form, headers: { "HX-Request": "true" }, keepalive: true }).catch(function () {
      // It stands open here all the same.
    });
  }

  function turn(tree, items, open) {
    items = items.filter(function (li) { return branchOf(li) && branchOf(li).open !== open; });
    items.forEach(function (li) {
      branchOf(li).open = open;
      itemOf(li).setAttribute("aria-expanded", String(open));
    });
    remember(tree, open ? "open" : "close", items);
  }

  on("click", "[data-tree] summary", function (summary) {
    var branch = summary.parentElement;
    remember(branch.closest("[data-tree]"), branch.open ? "close" : "open", [branch.parentElement]);
  });

  document.addEventListener("toggle", function (e) {
    var branch = e.target;
    if (!(branch instanceof HTMLDetailsElement) || !branch.matches("[data-tree] details")) return;
    var item = itemOf(branch.parentElement);
    item.setAttribute("aria-expanded", String(branch.open));
    var stop = branch.open ? null : branch.querySelector('[role="treeitem"][tabindex="0"]');
    if (!stop) return;
    stop.tabIndex = -1;
    item.tabIndex = 0;
  }, true);

  on("focusin", '[data-tree] [role="treeitem"]', function (item) {
    all('[role="treeitem"][tabindex="0"]', item.closest("[data-tree]")).forEach(function (other) { other.tabIndex = -1; });
    item.tabIndex = 0;
  });

  function goTo(li) {
    if (li) itemOf(li).focus();
  }

  // Letters typed in quick succession are the beginning of a name; one letter again and again goes through the names
  // with it.
  var typed = "";
  var typedLast = 0;
  var typedFor = 700; // milliseconds between two letters

  function typeAhead(seen, at, letter) {
    if (Date.now() - typedLast > typedFor) typed = "";
    typedLast = Date.now();
    typed += letter.toLowerCase();
    var same = typed.split(typed[0]).join("") === "";
    var from = same ? at + 1 : at;
    for (var i = 0; i < seen.length; i++) {
      var li = seen[(from + i) % seen.length];
      if (itemOf(li).textContent.trim().toLowerCase().indexOf(same ? typed[0] : typed) === 0) return goTo(li);
    }
  }

  on("keydown", '[data-tree] [role="treeitem"]', function (item, e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    var tree = item.closest("[data-tree]");
    var li = item.closest("li");
    var seen = all("li", tree).filter(inView);
    var at = seen.indexOf(li);
    var branch = branchOf(li);
    switch (e.key) {
      case "ArrowDown": goTo(seen[at + 1]); break;
      case "ArrowUp": goTo(seen[at - 1]); break;
      case "Home": goTo(seen[0]); break;
      case "End": goTo(seen[seen.length - 1]); break;
      case "ArrowRight":
        if (branch && branch.open) goTo(seen[at + 1]);
        else turn(tree, [li], true);
        break;
      case "ArrowLeft":
        if (branch && branch.open) turn(tree, [li], false);
        else goTo(parentOf(li));
        break;
      case "*": turn(tree, Array.prototype.slice.call(li.parentElement.children), true); break;
      case " ": // inside of a name that is being typed, else as Enter, which follows the link by itself
        if (Date.now() - typedLast > typedFor) item.click();
        else typeAhead(seen, at, e.key);
        break;
      default:
        if (e.key.length !== 1) return;
        typeAhead(seen, at, e.key);
    }
    e.preventDefault();
  });

  // ---- After a page or a part of it has arrived ---------------------------------------------------------------------

  function settle(part) {
    showTheme();
    showDensity();
    showSelection();
    all("[data-toast]").forEach(startToast);
    all("[data-tree]").forEach(startTree);
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
