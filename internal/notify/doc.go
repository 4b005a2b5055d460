// Package notify tells people what happened to requests: in the portal, by mail, and other programs by webhook.
//
// Nobody calls it when something happens. It reads the audit trail behind a stored cursor, works out who is to be told,
// and stores the notices together with the new place of the cursor, so that no transition is forgotten and nothing is
// told twice (docs/adr/0008-notices-from-the-audit-trail.md). Notices for mail and webhook are an outbox: they are claimed
// with a lease, sent, and tried again with growing waits. It decides no right: who may decide is asked of package access.
//
// A notice never holds a name of an affected person or anything that somebody wrote: only the number of the request, its
// kind, counts and a link. Start at [Service].
package notify
