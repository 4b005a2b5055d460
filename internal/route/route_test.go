package route_test

import (
	"net/url"
	"testing"

	"github.com/gtmhub-portal/portal/internal/route"
)

func TestRoutesEscape(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want string }{
		{route.User("u1"), "/users/u1"},
		{route.User("../x?y#z"), "/users/..%2Fx%3Fy%23z"},
		{route.TeamMemberRemove("t1", "u1"), "/teams/t1/members/u1/remove"},
		{route.Draft("d1", "check"), "/invite/d1/check"},
		{route.ChangeReturn("c1"), "/changes/c1/return.csv"},
		{route.With("/users", url.Values{"q": {"a&b"}}), "/users?q=a%26b"},
		{route.With("/users", nil), "/users"},
	} {
		if tc.got != tc.want {
			t.Errorf("got %q, want %q", tc.got, tc.want)
		}
	}
}
