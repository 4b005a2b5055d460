package e2e_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const userLink chromedp.CSS = `[data-testid="user-row"] a`

func TestUsers_found_while_typing(t *testing.T) {
	t.Parallel()
	b := open(t, sharedDemo(t), 1280, 900)
	b.signIn("hr")
	b.visit("/users")
	all := b.count("users-count")

	b.fill(testID("users-search"), "muller")
	b.waitFor(`location.search.includes("q=muller")`)
	b.check()
	found := b.count("users-count")
	if found == 0 || found >= all {
		t.Errorf("muller finds %d of %d people", found, all)
	}
	people := b.texts(testID("user-row"))
	if len(people) == 0 {
		t.Fatal("muller finds nobody")
	}
	for _, p := range people {
		if !strings.Contains(p, "Müller") && !strings.Contains(strings.ToLower(p), "muller") {
			t.Errorf("muller finds %q", p)
		}
	}
	if !strings.Contains(strings.Join(people, "\n"), "Müller") {
		t.Error("muller does not find Müller")
	}
	if !evaluate[bool](b, `document.activeElement.matches('[data-testid="users-search"]')`) {
		t.Error("the search has lost the focus while somebody typed")
	}
	b.waitFor(`document.getElementById("live").textContent.startsWith("` + strconv.Itoa(found) + ` ")`)

	evaluate[chromedp.Void](b, "history.back()")
	b.waitFor(`!location.search.includes("q=") && document.querySelector('[data-testid="users-count"]')?.dataset.count === "` + strconv.Itoa(all) + `"`)
	b.check()
}

func TestUsers_filtered_and_opened(t *testing.T) {
	t.Parallel()
	b := open(t, sharedDemo(t), 1280, 900)
	b.signIn("hr")
	b.visit("/users")
	all := b.count("users-count")

	b.follow(testID("status-pending"))
	pending := b.count("users-count")
	if pending == 0 || pending >= all {
		t.Errorf("%d of %d people are pending", pending, all)
	}
	for _, row := range b.texts(testID("user-row")) {
		if !strings.Contains(strings.ToLower(row), "pending") {
			t.Errorf("among the pending: %q", row)
		}
	}
	b.click(`.filter-menu summary, [data-testid="users-filters"] summary`)
	// The choice with the most people behind it is not known here; the first real role will do.
	b.do("choose a role", chromedp.SetValue(testID("users-filter-role"), b.attribute(`[data-testid="users-filter-role"] option:nth-child(2)`, "value"), chromedp.NodeVisible))
	b.follow(testID("users-filters-apply"))
	if where := b.where(); !strings.Contains(where, "role=") || !strings.Contains(where, "status=pending") {
		t.Errorf("the address of the filtered list is %s", where)
	}
	if n := b.count("users-count"); n > pending {
		t.Errorf("%d of %d pending people have the role", n, pending)
	}
	b.follow(".chip-remove")
	if n := b.count("users-count"); n != pending {
		t.Errorf("without the filter %d people are pending, want %d", n, pending)
	}

	name := b.texts(userLink)[0]
	b.follow(userLink)
	b.title(name)
	for _, view := range []string{"tab-teams", "tab-requests", "tab-overview"} {
		b.follow(testID(view))
	}
}

func TestUsers_with_the_keyboard_alone(t *testing.T) {
	t.Parallel()
	b := open(t, sharedDemo(t), 1280, 900)
	b.signIn("hr")
	b.visit("/")

	b.press(kb.Tab)
	if first := evaluate[string](b, "document.activeElement.className"); first != "skip-link" {
		t.Errorf("Tab goes to %q first, want the link that skips the navigation", first)
	}
	b.tabTo(`.portal-nav a[href="/users"]`)
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.title("Users")
	b.press(kb.Tab)
	b.press(kb.Enter)
	if at := evaluate[string](b, "document.activeElement.id"); at != "main" {
		t.Errorf("after skipping the navigation the focus is on %q, want main", at)
	}
	b.tabTo(testID("users-search"))
	b.press("zhen mul")
	b.waitFor(`document.querySelector('[data-testid="user-row"] a')?.innerText.startsWith("Zhen M")`)
	name := b.texts(userLink)[0]
	b.tabTo(userLink)
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.title(name)
	b.tabTo(testID("tab-teams"))
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.check()
	b.treeKeys()
	b.tabTo(testID("sign-out"))
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.check()
	if strings.Contains(b.text("body"), "Zhen") {
		t.Error("the page after signing out names the person")
	}
}

// TestUsers_ticked wants the acts for the ticked people in sight wherever the list is scrolled to, on a wide screen and on a phone.
func TestUsers_ticked(t *testing.T) {
	t.Parallel()
	b := open(t, startDemo(t), 1280, 900)
	b.signIn("hr")
	b.visit("/users?size=100")
	b.click(`[data-testid="user-row"] input[type=checkbox]`)
	for _, size := range [][2]int64{{1280, 900}, {390, 844}} {
		b.do("resize the window", chromedp.EmulateViewport(size[0], size[1]))
		for _, place := range []string{"0", "document.scrollingElement.scrollHeight / 2"} {
			evaluate[chromedp.Void](b, "window.scrollTo(0, "+place+")")
			b.waitFor(`(r => r.top > innerHeight / 2 && r.bottom <= innerHeight)(document.querySelector('[data-testid="bulk-bar"]').getBoundingClientRect())`)
		}
	}
	b.check()
}

// treeKeys goes through the tree of teams by its keys, as the ARIA Authoring Practices describe them for a tree view.
func (b *tab) treeKeys() {
	b.t.Helper()
	b.visit("/teams")
	const item chromedp.CSS = `[role="tree"] [role="treeitem"]`
	b.tabTo(item)
	if n := evaluate[int](b, `document.querySelectorAll('[role="treeitem"][tabindex="0"], [data-tree] a:not([role="treeitem"]):not([tabindex="-1"]), [data-tree] summary:not([tabindex="-1"])').length`); n != 1 {
		b.t.Errorf("Tab stops %d times in the tree, want once", n)
	}
	at := func() string { return evaluate[string](b, "document.activeElement.innerText.trim()") }
	is := func(attribute string) string {
		return evaluate[string](b, fmt.Sprintf("document.activeElement.getAttribute(%s) || ''", quote(attribute)))
	}
	want := func(key, got, want string) {
		b.t.Helper()
		if got != want {
			b.t.Errorf("after %s: %q, want %q", key, got, want)
		}
	}
	// The teams at the top, as the page has them, and the first that has sub-teams.
	tops := b.texts(`[role="tree"] > li > .tree-line [role="treeitem"]`)
	branch := b.texts(`[role="tree"] > li:has(> details) > .tree-line [role="treeitem"]`)[0]
	want("Tab", at(), tops[0])
	b.press(kb.End)
	want("End", at(), tops[len(tops)-1])
	want("End", is("aria-posinset")+" of "+is("aria-setsize")+" on level "+is("aria-level"), fmt.Sprintf("%d of %d on level 1", len(tops), len(tops)))
	b.press(kb.ArrowDown)
	want("Down on the last", at(), tops[len(tops)-1])
	b.press(kb.Home)
	want("Home", at(), tops[0])
	b.press(kb.ArrowDown)
	want("Down", at(), tops[1])
	b.press(kb.ArrowUp)
	want("Up", at(), tops[0])
	for range tops {
		if at() == branch {
			break
		}
		b.press(kb.ArrowDown)
	}
	want("Down to the branch", at()+" "+is("aria-expanded"), branch+" false")
	b.press(kb.ArrowRight)
	want("Right on a closed branch", at()+" "+is("aria-expanded"), branch+" true")
	b.press(kb.ArrowRight)
	want("Right on an open branch", is("aria-level")+" "+is("aria-posinset"), "2 1")
	child := at()
	b.press(kb.ArrowLeft)
	want("Left on a sub-team", at(), branch)
	b.press(kb.ArrowDown)
	want("Down into an open branch", at(), child)
	b.check() // what axe says about the roles
	b.press(kb.ArrowUp)
	b.press(kb.ArrowLeft)
	want("Left on an open branch", at()+" "+is("aria-expanded"), branch+" false")
	b.press("*")
	if n := evaluate[int](b, `document.querySelectorAll('[role="tree"] > li > .tree-line [aria-expanded="false"]').length`); n != 0 {
		b.t.Errorf("after *: %d branches of the same level are closed", n)
	}
	// Letters go to the next name that begins so; a blank belongs to the name. All at once, for a pause begins anew.
	b.press(kb.Home)
	last := tops[len(tops)-1]
	evaluate[chromedp.Void](b, fmt.Sprintf(`for (const key of %s) document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: key, bubbles: true, cancelable: true}))`, quote(last)))
	want("typing the name", at(), last)
	// The server has remembered what is open, and Enter opens the page of the team.
	b.waitFor(`fetch("/teams").then(r => r.text()).then(t => (t.match(/<details[^>]* open/g) || []).length > 1)`)
	name := at()
	b.load("press Enter", chromedp.KeyEvent(kb.Enter))
	b.title(name)
}
