package emulator

import "time"

// People returns all users as they are now, in the order in which they were made: those of the account file and those
// created since, without deleted ones. A local sign-in offers them.
func (e *Emulator) People() []AccountUser {
	e.mu.RLock()
	defer e.mu.RUnlock()
	out := make([]AccountUser, 0, len(e.state.users.order))
	for _, u := range e.state.users.order {
		created, _ := time.Parse(time.RFC3339, u.DateCreated)
		out = append(out, AccountUser{ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Language: u.Language,
			IsActive: u.IsActive, InvitationPending: u.ClientID == "", DateCreated: created, RoleIDs: append([]string{}, u.RoleIDs...)})
	}
	return out
}
