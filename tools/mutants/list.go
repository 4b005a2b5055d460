package main

const (
	accessPkg  = "./internal/access"
	authPkg    = "./auth"
	exportPkg  = "./internal/export"
	policyFile = "internal/access/policy.go"
	tableFile  = "internal/access/table.go"
	actorFile  = "internal/access/actor.go"
	tokenFile  = "auth/provider.go"
	followFile = "auth/follow.go"
	logoutFile = "auth/logout.go"
	signInFile = "auth/handler.go"
	sessFile   = "auth/sessions.go"
	csvFile    = "internal/export/csv.go"
)

// mutants are the controls that must not be lost: the policy, approval rules, token checks, sessions, encoders.
var mutants = []mutant{
	// The policy.
	{"policy: not signed in", policyFile, `if a.Kind == "" {
		return fixed(no("sign-in"`, `if false {
		return fixed(no("sign-in"`, accessPkg, ""},
	{"policy: deactivated", policyFile, `if a.Inactive {
		return fixed(no("deactivated", "Your Gtmhub user has been deactivated.", "Ask HR."))
	}
	switch q.Act { // everybody`, `if false {
		return fixed(no("deactivated", "Your Gtmhub user has been deactivated.", "Ask HR."))
	}
	switch q.Act { // everybody`, accessPkg, ""},
	{"policy: neither HR nor lead", policyFile, `if !a.HR && !a.ActsForTeams() && !aboutSelf(a, q) {`, `if false {`, accessPkg, ""},
	{"policy: unknown act", policyFile, `return fixed(no("unknown act", "This is not something the portal can do.", "Ask HR."))`, `return fixed(direct("unknown act", ""))`, accessPkg, ""},
	{"policy: lead invites into a foreign team", policyFile, `if !leads(a, t, q.Act) {
				return fixed(no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Name one of your teams, or ask HR."))`, `if false {
				return fixed(no("foreign team", fmt.Sprintf("You are not the manager of %s.", t.Name), "Name one of your teams, or ask HR."))`, accessPkg, ""},
	{"policy: lead invites into no team", policyFile, `if len(q.Teams) == 0 {
			return fixed(no("invite without team"`, `if false {
			return fixed(no("invite without team"`, accessPkg, ""},
	{"policy: lead invites without a decision", tableFile, `does: "a team lead invites people", Default: Rule{Answer: onePerson}`, `does: "a team lead invites people", Default: Rule{Answer: atOnce}`, accessPkg, ""},
	{"policy: admin role without a second person", policyFile, `fixed(decision("admin role"`, `fixed(direct("admin role"`, accessPkg, ""},
	{"policy: sizes counted wrongly", tableFile, `size >= r.From {`, `size > r.From {`, accessPkg, ""},
	{"policy: split invitations", policyFile, `hits(q.RecentInvites+1, lineInviteOften)`, `hits(q.RecentInvites, lineInviteOften)`, accessPkg, ""},
	{"policy: big deletion with one approver", tableFile, `What: "Delete teams", As: AsHR, Unit: "teams", does: "HR deletes teams", Least: onePerson, Default: Rule{Answer: onePerson, From: 11, Larger: twoPeople}`, `What: "Delete teams", As: AsHR, Unit: "teams", does: "HR deletes teams", Least: onePerson, Default: Rule{Answer: onePerson, From: 11, Larger: onePerson}`, accessPkg, ""},
	{"policy: floors that a table can loosen", tableFile, `case !a.covers(k.floor()):`, `case false:`, accessPkg, ""},
	{"policy: few are held stricter than many", tableFile, `!r.Larger.covers(r.Answer):`, `false:`, accessPkg, ""},
	{"policy: a deputy is not bound by the lead's rule", policyFile, `return []Line{lead, deputy}`, `return []Line{deputy}`, accessPkg, ""},
	{"policy: who decides is forgotten", tableFile, `v.Deciders, v.By = a.Deciders, a.By`, `v.Deciders = a.Deciders`, accessPkg, ""},
	{"policy: admin role given by who does not hold it", policyFile, `case r.Admin && !holds:`, `case false:`, accessPkg, ""},
	{"policy: role above one's own", policyFile, `case !a.HR && !holds:`, `case false:`, accessPkg, ""},
	{"policy: the laxer of two verdicts", policyFile, `if b.Outcome < a.Outcome ||`, `if b.Outcome > a.Outcome ||`, accessPkg, ""},

	// Approval rules.
	{"approval: anybody decides", policyFile, `case !entitled(a, c):`, `case false:`, accessPkg, ""},
	{"approval: HR decides for approvers", policyFile, `return a.Approver
	}`, `return a.HR || a.Approver
	}`, accessPkg, ""},
	{"approval: deactivated decides", policyFile, `if a.Inactive || a.Kind == "" {
		return false
	}
	switch c.By`, `if a.Kind == "" {
		return false
	}
	switch c.By`, accessPkg, ""},
	{"approval: one's own request", policyFile, `case a.Same(c.Requester):
		return no("decide: own"`, `case false:
		return no("decide: own"`, accessPkg, ""},
	{"approval: one's own edit", policyFile, `if a.Same(e) {`, `if false && a.Same(e) {`, accessPkg, ""},
	{"approval: decided already", policyFile, `if !c.Waiting {
		return no("decide: state"`, `if false {
		return no("decide: state"`, accessPkg, ""},
	{"approval: same person by another sign-in", actorFile, `return a.User != "" && a.User == b.User`, `return false`, accessPkg, ""},
	{"approval: same person by the same sign-in", actorFile, `a.Issuer == b.Issuer && a.Subject == b.Subject {`, `false {`, accessPkg, ""},
	{"approval: no subject is the same as none", actorFile, `if a.Subject != "" && a.Issuer`, `if a.Issuer`, accessPkg, ""},
	{"sight: approver sees what does not wait", policyFile, `if c.Waiting && c.By != ByHR {
		return true
	}
	for`, `if true {
		return true
	}
	for`, accessPkg, ""},
	{"steering: anybody", policyFile, `if a.HR || a.Same(c.Requester) {
		if a.Inactive`, `if true {
		if a.Inactive`, accessPkg, ""},
	{"permissions: operator's pages for everybody", actorFile, `return a.Operator
	default:`, `return true
	default:`, accessPkg, ""},
	{"permissions: deactivated", actorFile, `if a.Kind == "" || a.Inactive {
		return false
	}
	switch p {`, `if a.Kind == "" {
		return false
	}
	switch p {`, accessPkg, ""},
	{"grants: group names without regard to case", "internal/actor/actor.go", `if slices.Contains(p.Groups, group) {`, `if slices.ContainsFunc(p.Groups, func(g string) bool { return strings.EqualFold(g, group) }) {`, "./internal/actor", ""},
	{"grants: no address is an address", "internal/actor/actor.go", `if email != "" && fold(g) == email {`, `if strings.HasPrefix(fold(g), email) {`, "./internal/actor", ""},

	// A decision needs a fresh sign-in.
	{"fresh: never asked for", "handlers/fresh.go", `if !ok || s.fresh(r) {`, `if true || !ok || s.fresh(r) {`, "./handlers", "TestFreshSignIn"},
	{"fresh: no time is fresh", sessFile, `return s != nil && !s.AuthTime.IsZero() && now.Sub(s.AuthTime) <= within`, `return s != nil && (s.AuthTime.IsZero() || now.Sub(s.AuthTime) <= within)`, "./handlers", "TestFreshSignIn"},

	// Token checks.
	{"token: nonce", tokenFile, `[]byte(login.Nonce)) != 1 {`, `[]byte(login.Nonce)) > 1 {`, authPkg, "TestRefusals"},
	{"token: sub", tokenFile, `case t.Subject == "" || len(t.Subject) > maxSubject || !printable(t.Subject):`, `case false:`, authPkg, "TestRefusals"},
	{"token: iat missing", tokenFile, `case c.Iat == nil:`, `case false:`, authPkg, "TestRefusals"},
	{"token: iat far away", tokenFile, `case t.IssuedAt.Before(now.Add(-clockSkew)) || t.IssuedAt.After(now.Add(clockSkew)):`, `case false:`, authPkg, "TestRefusals"},
	{"token: several audiences", tokenFile, `case len(t.Audience) != 1 && c.Azp != p.ClientID:`, `case false:`, authPkg, "TestRefusals"},
	{"token: azp", tokenFile, `case c.Azp != "" && c.Azp != p.ClientID:`, `case false:`, authPkg, "TestRefusals"},
	{"token: at_hash", tokenFile, `if t.AccessTokenHash != "" {`, `if false {`, authPkg, "TestRefusals"},
	{"token: audience", tokenFile, `		ClientID: p.ClientID,
		// Fixed`, `		SkipClientIDCheck: true,
		// Fixed`, authPkg, "TestRefusals"},
	{"token: algorithms", tokenFile, `SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256},`, `SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.RS512, oidc.PS256, oidc.RS384},`, authPkg, "TestRefusals|TestBackChannelLogout"},
	{"token: userinfo about somebody else", tokenFile, `if info.Subject != subject {`, `if false {`, authPkg, "TestRefusals"},
	{"token: stale auth_time", tokenFile, `case !authTime.IsZero() && authTime.Before(login.CreatedAt.Add(-freshSkew)):`, `case false:`, authPkg, "TestRefusals"},
	{"token: no auth_time and no fallback", tokenFile, `case !p.FreshFallback:`, `case false:`, authPkg, "TestRefusals|TestSignInWorks"},
	{"callback: iss of another", tokenFile, `if v != p.Issuer {`, `if v == "" {`, authPkg, "TestRefusals"},
	{"callback: announced iss missing", tokenFile, `if len(iss) == 0 && meta.announceIss {`, `if len(iss) < 0 && meta.announceIss {`, authPkg, "TestRefusals"},
	{"discovery: plain http endpoints", tokenFile, `if err := checkURL(base, p.AllowPlainHTTP); err != nil {`, `if err := checkURL(base, p.AllowPlainHTTP); err != nil && false {`, authPkg, "TestRefusals"},
	{"link: unverified address", tokenFile, `if !person.EmailVerified || !isASCII(email) {`, `if !isASCII(email) {`, authPkg, "TestLinking"},
	{"link: look-alike letters", tokenFile, `if !person.EmailVerified || !isASCII(email) {`, `if !person.EmailVerified {`, authPkg, "TestLinking"},
	{"link: any domain", tokenFile, `if len(p.AllowedDomains) == 0 {`, `if true {`, authPkg, "TestLinking"},
	{"link: one of two users", signInFile, `if len(users) != 1 {`, `if len(users) == 0 {`, authPkg, "TestLinking"},
	{"sign-in: another browser", signInFile, `[]byte(login.Browser)) != 1 {`, `[]byte(login.Browser)) > 1 {`, authPkg, "TestCallbackIsForOneUseByOneBrowser"},
	{"sign-in: too late", signInFile, `if !h.o.Now().Before(login.ExpiresAt) {`, `if false {`, authPkg, "TestCallback|TestRefusals|TestStart|TestSignIn"},
	{"sign-in: fresh as somebody else", signInFile, `if !login.Fresh || !ok || sess.Issuer == person.Issuer && sess.Subject == person.Subject {`, `if true || !login.Fresh || !ok || sess.Issuer == person.Issuer && sess.Subject == person.Subject {`, authPkg, "TestFreshSignInMustBeTheSamePerson|TestTrainingSignIn"},
	{"sign-in: return path", signInFile, `	local, ok := LocalPath(asked)
	if !ok {`, `	local, ok := asked, true
	if !ok {`, authPkg, "TestReturnPathIsLocal|TestOpenRedirects|TestStart"},

	// Sessions and what ends them.
	{"session: never idle", sessFile, `return now.Before(sess.ExpiresAt) && now.Before(sess.LastSeenAt.Add(s.o.Idle))`, `return now.Before(sess.ExpiresAt)`, authPkg, "TestSessionEnds"},
	{"session: no absolute end", sessFile, `return now.Before(sess.ExpiresAt) && now.Before(sess.LastSeenAt.Add(s.o.Idle))`, `return now.Before(sess.LastSeenAt.Add(s.o.Idle))`, authPkg, "TestSessionEnds"},
	{"session: id kept over a sign-in", sessFile, `keyReplaces: Hash(gs.ID), keyTokens`, `keyReplaces: Hash(""), keyTokens`, authPkg, "TestNewIDAtSignIn"},
	{"session: script reads the cookie", sessFile, `HttpOnly: true,`, `HttpOnly: false,`, authPkg, "TestSessionCookie"},
	{"session: cookie over plain http", sessFile, `Secure:   !s.o.Insecure,`, `Secure:   false,`, authPkg, "TestSessionCookie"},
	{"session: somebody else's may be ended", sessFile, `		if sess.Hash == h {
			return s.End(ctx, h)
		}
	}
	return fault.New(fault.NotFound, "This session has ended already.")`, `		if sess.Hash == h {
			return s.End(ctx, h)
		}
	}
	return s.End(ctx, h)`, authPkg, "TestOwnSessions"},
	{"follow: not before a write", followFile, `if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return true`, `if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false`, authPkg, "TestGroupsFollowTheProvider"},
	{"follow: never for reading", followFile, `return h.o.Now().Sub(sess.CheckedAt) >= FollowEvery`, `return false`, authPkg, "TestGroupsFollowTheProvider"},
	{"follow: about somebody else", followFile, `if token.Subject != subject {`, `if false {`, authPkg, "TestSessionsEndAtTheProvider"},
	{"follow: refused refresh token", followFile, `case resp.StatusCode == http.StatusBadRequest && out.Error == "invalid_grant":`, `case false:`, authPkg, "TestSessionsEndAtTheProvider"},
	{"follow: tokens in the clear", "auth/tokens.go", `return box.Seal(nonce, nonce, plain, nil), nil`, `return append(nonce, plain...), nil`, authPkg, "TestTokensAreSealed"},
	{"logout token: nonce", logoutFile, `case c.Nonce != nil:`, `case false:`, authPkg, "TestBackChannelLogout"},
	{"logout token: event", logoutFile, `case !isLogout || !strings.HasPrefix(strings.TrimSpace(string(event)), "{"):`, `case false && isLogout && string(event) == "":`, authPkg, "TestBackChannelLogout"},
	{"logout token: used twice", logoutFile, `if errors.Is(err, fault.Conflict) {
		return refuse`, `if errors.Is(err, fault.Conflict) {
		err = nil
	}
	if false {
		return refuse`, authPkg, "TestBackChannelLogout"},
	{"logout token: jti", logoutFile, `case c.Jti == "" || len(c.Jti) > maxSubject:`, `case false:`, authPkg, "TestBackChannelLogout"},
	{"logout token: iat", logoutFile, `case c.Iat == nil || token.IssuedAt.Before(now.Add(-clockSkew)) || token.IssuedAt.After(now.Add(clockSkew)):`, `case c.Iat == nil && now.IsZero():`, authPkg, "TestBackChannelLogout"},
	{"logout token: nobody named", logoutFile, `case token.Subject == "" && c.Sid == "":`, `case false:`, authPkg, "TestBackChannelLogout"},
	{"sign-out: state", logoutFile, `Everywhere: ok && state == r.URL.Query().Get("state")}`, `Everywhere: ok && state != ""}`, authPkg, "TestSignOutAtTheProvider"},

	// Requests.
	{"request: foreign origin", "handlers/middleware.go", `if (origin != "" && !s.ownOrigin(origin)) ||`, `if (false) ||`, "./handlers", "TestForgedRequestsChangeNothing"},
	{"request: no origin at all", "handlers/middleware.go", `(origin == "" && site != "same-origin")`, `(false)`, "./handlers", "TestForgedRequestsChangeNothing"},
	{"request: permission of the route", "handlers/middleware.go", `if !a.May(e.permission) {`, `if false {`, "./handlers", "TestEveryRouteForEverybody"},

	// Encoders.
	{"export: formula signs", csvFile, `"=+-@\t\r\n＝＋－＠"`, `"=+-\t\r\n＝＋－＠"`, exportPkg, ""},
	{"export: full-width signs", csvFile, `"=+-@\t\r\n＝＋－＠"`, `"=+-@\t\r\n"`, exportPkg, ""},
	{"export: blanks before the sign", csvFile, `} else if !blank(r) && r != '"' {`, `} else if r != '"' {`, exportPkg, ""},
	{"export: quotes before the sign", csvFile, `} else if !blank(r) && r != '"' {`, `} else if !blank(r) {`, exportPkg, ""},
	{"export: other separators within a cell", csvFile, `",;|\t\r\n"`, `",\t\r\n"`, exportPkg, ""},
	{"export: quotes within a cell", csvFile, "strings.ReplaceAll(Safe(cell), `\"`, `\"\"`)", "Safe(cell)", exportPkg, ""},
	{"export: cells as they are", csvFile, "strings.ReplaceAll(Safe(cell), `\"`, `\"\"`)", "strings.ReplaceAll(cell, `\"`, `\"\"`)", exportPkg, ""},
	{"export: text that is not UTF-8", csvFile, `cell = strings.ToValidUTF8(cell, "\uFFFD")`, `cell = cell + ""`, exportPkg, ""},
}
