package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/fault"
	"github.com/gtmhub-portal/portal/internal/id"
)

// Personal is what only its owner looks at: how Gtmhub's pages look and work for them.
type Personal struct {
	// ClientID is the person's id at Gtmhub's identity provider; empty for somebody who never signed in.
	ClientID string
	Settings PersonalSettings
}

// PersonalSettings are those of Gtmhub's many settings of a person that make sense outside of its pages.
type PersonalSettings struct {
	// Theme is "light" or "dark", or what Gtmhub has added since.
	Theme string `json:"theme"`
	// ShowArchivedSessions lists planning periods that are over; UseScrollbars and UseDragMode are about the trees.
	ShowArchivedSessions bool `json:"showArchivedSessions"`
	UseScrollbars        bool `json:"useScrollbars"`
	UseDragMode          bool `json:"useDragMode"`
}

type personReader interface {
	Get(ctx context.Context, id gtmhub.ID) (*gtmhub.User, error)
}

// Personal reads the settings of a person (operation 4).
func (l *Lookups) Personal(ctx context.Context, user id.User) (Personal, error) {
	u, err := l.people.Get(ctx, gtmhub.ID(user))
	if err != nil {
		return Personal{}, fmt.Errorf("personal settings: %w", Explain(err))
	}
	p := Personal{ClientID: u.ClientID}
	if len(u.UserSettings) > 0 {
		if err := json.Unmarshal(u.UserSettings, &p.Settings); err != nil {
			return Personal{}, fault.Wrap(fmt.Errorf("personal settings: %w", err), fault.Unavailable, "Gtmhub answered with settings that the portal cannot read.")
		}
	}
	return p, nil
}

// PasswordPolicy asks for the password rules of the person whose own token is given (operation 3): a word such as "good".
// clientID is Personal.ClientID. No other token is used.
func (l *Lookups) PasswordPolicy(ctx context.Context, token, clientID string) (string, error) {
	policy, err := l.policy(ctx, token, clientID)
	if err != nil {
		return "", fmt.Errorf("password policy: %w", outdated(err, "password rules"))
	}
	return policy, nil
}
