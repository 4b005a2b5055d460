package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/gtmhub-portal/portal/auth"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
	"github.com/gtmhub-portal/portal/internal/directory"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
	"github.com/gtmhub-portal/portal/internal/route"
	"github.com/gtmhub-portal/portal/web/templates/component"
	"github.com/gtmhub-portal/portal/web/templates/layout"
	"github.com/gtmhub-portal/portal/web/templates/page"
)

// ownWhy says why something that Gtmhub ties to the caller is not possible here.
const ownWhy = "Gtmhub ties this to your own sign-in, and your sign-in service gives the portal no token of yours that Gtmhub takes. You can do it in Gtmhub itself."

// submitOwn makes a change of what Gtmhub ties to the caller, and lends it the person's own token while it is carried out.
func (s *server) submitOwn(r *http.Request, recipe string, fields any) (change.Change, error) {
	ctx := r.Context()
	token := s.Auth.OwnToken(r)
	if token == "" {
		return change.Change{}, fault.New(fault.Conflict, ownWhy)
	}
	in := change.Input{ID: id.NewChange(), Recipe: recipe, Fields: change.Fields(fields)}
	defer s.Own.Lend(in.ID, token.Reveal())()
	c, err := s.Changes.Submit(ctx, actorFrom(ctx), personFrom(ctx), in)
	if err != nil {
		return c, fmt.Errorf("%s: %w", recipe, err)
	}
	return c, nil
}

// announcementUnreact handles POST /announcements/{id}/reaction: it takes back one's own reaction.
func (s *server) announcementUnreact(w http.ResponseWriter, r *http.Request) error {
	a, err := s.announcementOf(r)
	if err != nil {
		return err
	}
	c, err := s.submitOwn(r, change.TakeBackReaction, change.Announcement{ID: a.ID})
	if err != nil {
		return err
	}
	return s.afterChange(w, r, c, route.Announcements, "Your reaction is taken back, if there was one. Reactions are not to be seen from here.")
}

// passwordRules are the words of Gtmhub's sign-in service for its rules, in sentences.
var passwordRules = map[string]string{
	"none":      "Any new password is taken.",
	"low":       "A new password needs at least 6 characters.",
	"fair":      "A new password needs at least 8 characters, with small letters, capital letters and digits.",
	"good":      "A new password needs at least 8 characters, of at least three sorts: small letters, capital letters, digits, signs.",
	"excellent": "A new password needs at least 10 characters, of at least three sorts: small letters, capital letters, digits, signs; none of them more than twice in a row.",
}

// ownCards fill in what of /me is read from Gtmhub for its owner alone: the rules for the password, and the settings of
// Gtmhub's pages.
func (s *server) ownCards(r *http.Request, u *directory.User, edit profileEdit, p *page.MeProps) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*freshFor)
	defer cancel()
	token := s.Auth.OwnToken(r)
	mine, err := s.Lookups.Personal(ctx, u.ID)
	if err != nil {
		p.SettingsWhy, _ = s.notRead("settings", err)
		return
	}
	now := mine.Settings
	p.Settings = []component.Definition{{Term: "Theme", Text: themeName(now.Theme)}, {Term: "Past planning periods", Text: shownWord(now.ShowArchivedSessions)},
		{Term: "Scrollbars in trees", Text: shownWord(now.UseScrollbars)}, {Term: "Moving things by dragging", Text: onWord(now.UseDragMode)}}
	if token == "" {
		p.SettingsWhy = ownWhy
		if p.PasswordWhy == "" {
			p.RulesWhy = "The rules for passwords are not shown, because Gtmhub tells them to a person's own sign-in only, and yours gives the portal no token that Gtmhub takes."
		}
		return
	}
	p.SettingsURL = route.Me + "?edit=settings"
	if edit.section == "settings" {
		p.Edit = settingsForm(now, edit)
	}
	if p.PasswordWhy != "" || mine.ClientID == "" {
		return // no password at Gtmhub, or none yet
	}
	rules, err := s.Lookups.PasswordPolicy(ctx, token.Reveal(), mine.ClientID)
	if err != nil {
		p.RulesWhy, _ = s.notRead("rules for passwords", err)
		return
	}
	p.Rules = passwordRules[rules]
	if p.Rules == "" {
		p.Rules = "Gtmhub calls the rules for passwords “" + rules + "”."
	}
}

func themeName(theme string) string {
	switch theme {
	case "light", "":
		return "light"
	default:
		return theme
	}
}

func shownWord(b bool) string { return map[bool]string{true: "shown", false: "hidden"}[b] }

func onWord(b bool) string { return map[bool]string{true: "on", false: "off"}[b] }

// settingsForm is the form of one's own settings.
func settingsForm(now directory.PersonalSettings, edit profileEdit) *page.ProfileEdit {
	want := now
	if edit.typed != nil {
		want = typedSettings(edit.typed, "")
	}
	tick := func(name, label string, on bool) component.CheckboxProps {
		return component.CheckboxProps{Name: name, Label: label, Checked: on, TestID: "edit-" + name}
	}
	themes := []component.Option{{Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}
	if now.Theme != "light" && now.Theme != "dark" {
		themes = append([]component.Option{{Value: now.Theme, Label: "As it is"}}, themes...)
	}
	p := &page.ProfileEdit{Section: "settings", Action: route.MeAct("settings"), BackURL: route.Me, Problems: edit.problems, Newer: edit.newer,
		Theme: component.SelectProps{Name: "theme", Label: "Theme of Gtmhub's pages", Value: want.Theme, Options: themes, Error: edit.problems.of("theme"), TestID: "edit-theme"},
		Ticks: []component.CheckboxProps{tick("archived", "Show planning periods that are over", want.ShowArchivedSessions),
			tick("scrollbars", "Show scrollbars in trees", want.UseScrollbars), tick("drag", "Move things by dragging", want.UseDragMode)},
		Hidden: []component.Hidden{{Name: "was-theme", Value: now.Theme}}}
	for _, was := range []struct {
		name string
		on   bool
	}{{"was-archived", now.ShowArchivedSessions}, {"was-scrollbars", now.UseScrollbars}, {"was-drag", now.UseDragMode}} {
		if was.on {
			p.Hidden = append(p.Hidden, component.Hidden{Name: was.name, Value: "on"})
		}
	}
	return p
}

// typedSettings reads the settings of a form; with the prefix "was-" those that it was drawn with.
func typedSettings(v url.Values, prefix string) directory.PersonalSettings {
	return directory.PersonalSettings{Theme: v.Get(prefix + "theme"), ShowArchivedSessions: v.Has(prefix + "archived"), UseScrollbars: v.Has(prefix + "scrollbars"), UseDragMode: v.Has(prefix + "drag")}
}

// saveSettings handles POST /me/settings. As with the rest of a profile, only what differs from the form as it was opened
// is sent, and a newer value is shown, not overwritten.
func (s *server) saveSettings(w http.ResponseWriter, r *http.Request, u *directory.User) error {
	values, err := form(r)
	if err != nil {
		return err
	}
	mine, err := s.Lookups.Personal(r.Context(), u.ID)
	if err != nil {
		return fmt.Errorf("read settings again: %w", err)
	}
	edit := profileEdit{section: "settings", typed: values}
	now, was, yours := mine.Settings, typedSettings(values, "was-"), typedSettings(values, "")
	to := now
	differs := func(label, was, now, yours string, take func()) {
		if yours == was || yours == now {
			return
		}
		if was != now {
			edit.newer = append(edit.newer, page.Newer{Field: label, Was: was, Now: now, Yours: yours})
		}
		take()
	}
	differs("Theme", was.Theme, now.Theme, yours.Theme, func() { to.Theme = yours.Theme })
	differs("Past planning periods", shownWord(was.ShowArchivedSessions), shownWord(now.ShowArchivedSessions), shownWord(yours.ShowArchivedSessions), func() { to.ShowArchivedSessions = yours.ShowArchivedSessions })
	differs("Scrollbars in trees", shownWord(was.UseScrollbars), shownWord(now.UseScrollbars), shownWord(yours.UseScrollbars), func() { to.UseScrollbars = yours.UseScrollbars })
	differs("Moving things by dragging", onWord(was.UseDragMode), onWord(now.UseDragMode), onWord(yours.UseDragMode), func() { to.UseDragMode = yours.UseDragMode })
	switch {
	case len(edit.newer) > 0:
		return s.mePage(w, r, http.StatusConflict, edit)
	case to == now:
		if err := s.say(w, r, layout.ToastInfo, "Nothing was changed, because nothing differs."); err != nil {
			return err
		}
		return redirect(w, r, route.Me)
	}
	c, err := s.submitOwn(r, change.OwnSettings, change.Personal{Was: change.PersonalSettings(now), To: change.PersonalSettings(to)})
	if trouble, ok := complaint(err); ok {
		edit.problems = trouble
		return s.mePage(w, r, http.StatusUnprocessableEntity, edit)
	}
	if err != nil {
		return err
	}
	return s.saved(w, r, c, route.Me, func(row change.Row) auth.Flash {
		return auth.Flash{Kind: string(layout.ToastSuccess), Text: "Saved: " + row.After + "."}
	})
}

// mayOwn says whether the policy lets the person change their own settings.
func (s *server) mayOwn(a access.Actor) bool {
	return s.Changes.Verdict(a, access.Question{Act: access.SetOwnSettings, Users: []access.User{{ID: a.User}}, Rows: 1}).Outcome == access.Direct
}
