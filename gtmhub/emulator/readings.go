package emulator

import (
	"fmt"
	"net/http"
	"slices"
)

// Readings chooses between the possible readings of what the documents leave open. The zero value is the reading
// that we hold for the likeliest; each field switches to another one. The numbers U1..U24 are those of
// docs/gtmhub-readings.md. Readings can be changed at run time ([Emulator.SetReadings]).
type Readings struct {
	// RolesBulkAdds: operation 11 adds the roles and takes none away (U1). Otherwise it replaces direct roles.
	RolesBulkAdds bool `json:"rolesBulkAdds"`
	// MembersAdd: operation 27 adds members and removes none (U5). Otherwise it replaces the list.
	MembersAdd bool `json:"membersAdd"`
	// ObjectsNotIDs: teams show manager, members and parentId as objects with an id (U6). Otherwise as ids.
	ObjectsNotIDs bool `json:"objectsNotIds"`
	// TeamActiveAbsent: teams do not show isActive (U6).
	TeamActiveAbsent bool `json:"teamActiveAbsent"`
	// BulkBody is what bulk operations answer (U7): "" or "full" for the result per id, "empty" for {}, "none" for no body.
	BulkBody string `json:"bulkBody"`
	// FieldsRequired: operation 2 without fields is answered with 400 (U8).
	FieldsRequired bool `json:"fieldsRequired"`
	// CapPage is the largest page that lists give, in records (U9). 0 means 1000.
	CapPage int `json:"capPage"`
	// PutKeepsOthers: operation 25 resets avatar and colour but keeps other fields that are left out (U11).
	PutKeepsOthers bool `json:"putKeepsOthers"`
	// PatchEmptyBody: operation 28 answers 200 without a body (U12). Otherwise with the team.
	PatchEmptyBody bool `json:"patchEmptyBody"`
	// TextBodies: operations that answer 200 without a documented type answer with the text "ok" (U12).
	TextBodies bool `json:"textBodies"`
	// ErrorForm is the form of error bodies (U14): "" or "error", "message", "reason", "errors", "string" (a JSON string) or "text".
	ErrorForm string `json:"errorForm"`
	// BadAccountStatus answers a missing or wrong account id (U15): 0 means 403; 400 and 401 are possible.
	BadAccountStatus int `json:"badAccountStatus"`
	// UnsetIsGone: operations 30 and 31 answer 204 when there is nothing to remove (U16). Otherwise 404.
	UnsetIsGone bool `json:"unsetIsGone"`
	// ManagerJoins: operation 26 makes the manager a member too (U17).
	ManagerJoins bool `json:"managerJoins"`
	// SubTeamsGo: deleting a team deletes its sub-teams (U18). Otherwise they move to its parent.
	SubTeamsGo bool `json:"subTeamsGo"`
	// TagActiveObject: isActive of tags in the users' team roles is {"IsActive":bool} (U19).
	TagActiveObject bool `json:"tagActiveObject"`
	// SettingsObject: the field settings of users is an object (U19). Otherwise a string.
	SettingsObject bool `json:"settingsObject"`
	// IdentitiesArray: the field identities of users is a bare array (U19). Otherwise a list envelope.
	IdentitiesArray bool `json:"identitiesArray"`
	// ServiceActs: the service token may call operations 3, 14 and 40 for the user that it acts for (U20). Otherwise 403.
	ServiceActs bool `json:"serviceActs"`
	// SelfDelete: one may delete oneself (U21). Otherwise 409.
	SelfDelete bool `json:"selfDelete"`
	// PendingInactive: pending users are served with isActive false (U24).
	PendingInactive bool `json:"pendingInactive"`
	// ManagersForm is the answer of operation 5: "" or "items", "array", "managers", "managerIds", "objects".
	ManagersForm string `json:"managersForm"`
	// PolicyForm is the answer of operation 3: "" or "string" (a JSON string), "text", "object".
	PolicyForm string `json:"policyForm"`
	// UsersDuplicateEmails: operation 6 accepts an address that is taken. Otherwise 409.
	UsersDuplicateEmails bool `json:"usersDuplicateEmails"`
	// RetiredAnnouncements answers operations 32, 33, 35, 38, 39 and 40: 0 means that they work; 403, 404 and 410 are possible.
	RetiredAnnouncements int `json:"retiredAnnouncements"`
}

// check refuses values that no reading has, so that a misspelt test does not pass for the wrong reason.
func (r Readings) check() error {
	one := func(name, value string, allowed ...string) error {
		if value != "" && !slices.Contains(allowed, value) {
			return fmt.Errorf("%s: %q is not one of %q", name, value, allowed)
		}
		return nil
	}
	status := func(name string, value int, allowed ...int) error {
		if value != 0 && !slices.Contains(allowed, value) {
			return fmt.Errorf("%s: %d is not one of %d", name, value, allowed)
		}
		return nil
	}
	for _, err := range []error{
		one("bulkBody", r.BulkBody, "full", "empty", "none"),
		one("errorForm", r.ErrorForm, "error", "message", "reason", "errors", "string", "text"),
		one("managersForm", r.ManagersForm, "items", "array", "managers", "managerIds", "objects"),
		one("policyForm", r.PolicyForm, "string", "text", "object"),
		status("badAccountStatus", r.BadAccountStatus, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden),
		status("retiredAnnouncements", r.RetiredAnnouncements, http.StatusForbidden, http.StatusNotFound, http.StatusGone),
	} {
		if err != nil {
			return err
		}
	}
	if r.CapPage < 0 {
		return fmt.Errorf("capPage: %d is negative", r.CapPage)
	}
	return nil
}

func (r Readings) pageCap() int {
	if r.CapPage > 0 {
		return r.CapPage
	}
	return 1000
}
