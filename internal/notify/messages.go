package notify

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is what a notice says in one language.
type Text struct {
	// Title is one sentence without a full stop: the subject of a mail and the line in the list.
	Title string
	// More says in one or two sentences what that means and what can be done.
	More string
	// Action is the label of the link to the request.
	Action string
	// Why says why the person is told.
	Why string
}

// words are the sentences of one language. Languages are added to the table below, and nowhere else.
type words struct {
	text func(n Notice) Text
	// Labels of the facts, and the sentences that are the same in every mail.
	kind, size, decideBefore, choose, training string
	date                                       string // layout of package time
}

// languages by their code. English is there for everybody whose language has not been translated.
var languages = map[string]words{
	"en": {
		text: english, kind: "What", size: "How many", decideBefore: "Decide before", choose: "Choose which mails you get",
		training: "Training: nothing in this mail is about a real account", date: "2 Jan 2006, 15:04 MST",
	},
}

// in is the language of a notice and its words.
func in(language string) (string, words) {
	code, _, _ := strings.Cut(strings.ToLower(language), "-")
	if w, ok := languages[code]; ok {
		return code, w
	}
	return "en", languages["en"]
}

// TextOf is what the notice says, in the recipient's language as far as it is translated.
func TextOf(n Notice) Text {
	_, w := in(n.Language)
	return w.text(n)
}

const (
	whyDecide  = "You get this because you may decide on requests."
	whyMine    = "You get this because you made the request."
	whyRun     = "You get this because you made the request or decided on it."
	openIt     = "Open the request"
	lookAndSay = "Look at it and decide"
)

func english(n Notice) Text {
	request := "equest #" + strconv.Itoa(n.Number)
	switch n.Event {
	case Waiting:
		return Text{"R" + request + " waits for your decision", "Somebody has asked for something that a second person has to agree to. A mail never decides anything: look at the request first.", lookAndSay, whyDecide}
	case Reminded:
		return Text{"R" + request + " still waits for a decision", "Half of the time for it is over. Without a decision it lapses, and nothing of it is done.", lookAndSay, whyDecide}
	case Escalated:
		return Text{"R" + request + " needs you to decide", "Nobody has decided so far, and you are named to stand in. Without a decision it lapses, and nothing of it is done.", lookAndSay, whyDecide}
	case Approved:
		return Text{"Your r" + request + " was approved", "The portal carries it out, on its date if it has one. You can follow it on its page.", openIt, whyMine}
	case Rejected:
		return Text{"Your r" + request + " was rejected", "Nothing of it was done. The reason stands on its page.", openIt, whyMine}
	case Returned:
		return Text{"There is a question about your r" + request, "It waits for your answer. Until then nobody decides, and nothing of it is done.", "Read the question", whyMine}
	case Lapsed:
		return Text{"Your r" + request + " has lapsed", "It was not decided, or could not be started, in time. Nothing of it was done; it can be made again.", openIt, whyMine}
	case Withdrawn:
		return Text{"R" + request + " was withdrawn", "Nothing of it was done.", openIt, whyMine}
	case Paused:
		return Text{"R" + request + " is paused", "Gtmhub did not let it go on. What was done stays done, and the rest waits. Its page says what to do.", openIt, whyRun}
	case Cancelled:
		return Text{"R" + request + " was cancelled", "What was done before stays done. Its page says what was left out.", openIt, whyRun}
	case Finished:
		more := "Everything in it was done."
		if n.Bad > 0 {
			more = fmt.Sprintf("%s not done: rejected, or not possible from the start.", rows(n.Bad, n.Size))
		}
		return Text{"R" + request + " is finished", more, openIt, whyRun}
	case Problems:
		return Text{"R" + request + " is finished with problems", fmt.Sprintf("%s not done. Its page says which, and why.", rows(n.Bad, n.Size)), openIt, whyRun}
	case Outside:
		title := strconv.Itoa(n.Size) + " changes were made outside of the portal"
		if n.Size == 1 {
			title = "1 change was made outside of the portal"
		}
		return Text{title, "Somebody has changed the account in Gtmhub itself since the last look. Say whether that is right, or put it back.", "Look at the changes", "You get this because you work in HR."}
	case Test:
		return Text{"Test of the portal's mails", "If you can read this, mails of the portal reach you. Nothing else happened.", "Open the portal", "You get this because you asked for a test."}
	}
	return Text{"R" + request + " has news", "Its page says what happened.", openIt, whyRun}
}

// rows is "1 of 300 rows was" or "3 of 300 rows were".
func rows(bad, size int) string {
	if bad == 1 {
		return fmt.Sprintf("1 of %d rows was", size)
	}
	return fmt.Sprintf("%d of %d rows were", bad, size)
}

// KindOf is the kind of the request as the first words of a line: "Invite people".
func KindOf(n Notice) string {
	first, size := utf8.DecodeRuneInString(n.Kind)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + n.Kind[size:]
}

// SizeOf is "1 row" or "300 rows".
func SizeOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}
