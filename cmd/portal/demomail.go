package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/gtmhub-portal/portal/auth/devidp"
	"github.com/gtmhub-portal/portal/internal/actor"
	"github.com/gtmhub-portal/portal/internal/notify"
	"github.com/gtmhub-portal/portal/web/templates/layout"
)

// mailFolder is where the demo puts mails instead of sending them.
func (d *demoRun) mailFolder(origin *url.URL) notify.Folder {
	return notify.Folder{Dir: filepath.Join(d.data, "mail"), Letters: notify.Letters{From: layout.ProductName + " <portal@" + d.account.Domain + ">", Origin: origin, Product: layout.ProductName, Training: true}}
}

// withMails shows the folder of mails at /mail/, beside what the control address of the emulator has.
func withMails(control http.Handler, dir string) http.Handler {
	mux := http.NewServeMux()
	files := http.StripPrefix("/mail/", http.FileServerFS(os.DirFS(dir)))
	mux.HandleFunc("GET /mail/", func(w http.ResponseWriter, r *http.Request) {
		// A mail runs nothing and fetches nothing, here too.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		w.Header().Set("Cache-Control", "no-store")
		files.ServeHTTP(w, r)
	})
	mux.Handle("/", control)
	return mux
}

// demoGrants gives the portal roles to groups, and by address to those with a button of their own, so that they get mail
// before they have signed in for the first time.
func demoGrants(featured []devidp.Featured) actor.Grants {
	g := actor.Grants{HR: []string{"group:" + groupHR}, Approvers: []string{"group:" + groupApprover}, Auditors: []string{"group:" + groupAuditor}, Operators: []string{"group:" + groupOperator}}
	for _, f := range featured {
		if slices.Contains(f.Groups, groupHR) {
			g.HR = append(g.HR, f.Email)
		}
		if slices.Contains(f.Groups, groupApprover) {
			g.Approvers = append(g.Approvers, f.Email)
		}
	}
	return g
}
