package kinds

import (
	"errors"

	"github.com/gtmhub-portal/portal/gtmhub"
	"github.com/gtmhub-portal/portal/internal/access"
	"github.com/gtmhub-portal/portal/internal/change"
)

// refusals are an act's own sentences for the answers that need one. An empty one leaves the general sentence.
type refusals struct {
	// payment is for 402, forbidden for 403, conflict for 409, locked for 423, pace for 429.
	payment, forbidden, conflict, locked, pace string
}

const needsManageUsers = "The portal's token lacks the permission to manage users. The operator has to check it."

// sentences are the refusals of the acts.
var sentences = map[access.Act]refusals{
	access.EditName: {
		payment:   "The company's Gtmhub subscription does not allow names to be changed.",
		forbidden: "Gtmhub did not let the portal change the name. " + needsManageUsers,
		conflict:  "Gtmhub did not take the name, because it conflicts with what is there.",
		locked:    "Gtmhub has locked this person's name, as accounts that another system manages may be. Change it there.",
		pace:      "Gtmhub asks for a pause. The name is changed in a little while.",
	},
	access.SetLanguage: {
		payment:   "The company's Gtmhub subscription does not allow languages to be set.",
		forbidden: "Gtmhub did not let the portal set the language. " + needsManageUsers,
		conflict:  "Gtmhub did not take the language, because it conflicts with what is there.",
		locked:    "Gtmhub has locked this person's language, as accounts that another system manages may be. Change it there.",
		pace:      "Gtmhub asks for a pause. The language is set in a little while.",
	},
	access.GrantRole: {
		payment:   "The company's Gtmhub subscription does not include this role, or has no licence left for it.",
		forbidden: "Gtmhub did not let the portal give the role. " + needsManageUsers,
		conflict:  "Gtmhub did not give the role, because it conflicts with a role that the person has.",
		locked:    "Gtmhub has locked this person's roles, as roles that another system manages may be. Change them there.",
		pace:      "Gtmhub asks for a pause. The role is given in a little while.",
	},
	access.TakeRole: {
		payment:   "The company's Gtmhub subscription does not allow roles to be changed.",
		forbidden: "Gtmhub did not let the portal take the role. " + needsManageUsers,
		conflict:  "Gtmhub did not take the role: it comes with a team, or the account would be left without an administrator.",
		locked:    "Gtmhub has locked this person's roles, as roles that another system manages may be. Change them there.",
		pace:      "Gtmhub asks for a pause. The role is taken in a little while.",
	},
	access.ActivateUser: {
		payment:   "There is no free licence for another active person. Deactivate somebody who has left, or ask whoever manages the subscription.",
		forbidden: "Gtmhub did not let the portal activate people. " + needsManageUsers,
		conflict:  "Gtmhub did not activate this person, because it conflicts with another account.",
		locked:    "Gtmhub has locked this person's access, as accounts that another system manages may be. Activate the person there.",
		pace:      "Gtmhub asks for a pause. The people are activated in a little while.",
	},
	access.DeactivateUser: {
		payment:   "The company's Gtmhub subscription does not allow people to be deactivated.",
		forbidden: "Gtmhub did not let the portal deactivate people. " + needsManageUsers,
		conflict:  "Gtmhub did not deactivate this person: a rule of the account forbids it, such as that of the last administrator.",
		locked:    "Gtmhub has locked this person's access, as accounts that another system manages may be. Deactivate the person there.",
		pace:      "Gtmhub asks for a pause. The people are deactivated in a little while.",
	},
	access.DeleteUser: {
		payment:   "The company's Gtmhub subscription does not allow people to be deleted.",
		forbidden: "Gtmhub did not let the portal delete people. " + needsManageUsers,
		conflict:  "Gtmhub did not delete this person: a rule of the account forbids it, such as that of the last administrator or of one's own account.",
		locked:    "Gtmhub has locked this person's account, as accounts that another system manages may be. Delete the person there.",
		pace:      "Gtmhub asks for a pause. The people are deleted in a little while.",
	},
	access.ResendInvitation: {
		payment:   "The company's Gtmhub subscription does not allow more invitations. No mail was sent.",
		forbidden: "Gtmhub did not let the portal send invitations. No mail was sent. " + needsManageUsers,
		conflict:  "Gtmhub did not send the invitation, as if the person had signed in already. No mail was sent.",
		locked:    "Gtmhub has locked this person's account, as accounts that another system manages may be. No mail was sent.",
		pace:      "Gtmhub asks for a pause. The invitation is sent in a little while; it was not sent yet.",
	},
	access.SendPasswordMail: {
		payment:   "The company's Gtmhub subscription does not allow this. No mail was sent.",
		forbidden: "Gtmhub did not let the portal send the mail. No mail was sent. " + needsManageUsers,
		conflict:  "Gtmhub did not send the mail, as the person has no password there. No mail was sent.",
		locked:    "Gtmhub has locked this person's account, as accounts that another system manages may be. No mail was sent.",
		pace:      "Gtmhub asks for a pause. The mail is sent in a little while; it was not sent yet.",
	},
	access.HandOverObjectives: {
		payment:   "The company's Gtmhub subscription does not allow objectives to be changed.",
		forbidden: "Gtmhub did not let the portal change the objective. The account may not serve this call any more, which the vendor has called outdated, or the objective is gone. Ask its owner to hand it over in Gtmhub.",
		conflict:  "Gtmhub did not take the new owner, because it conflicts with what is there.",
		locked:    "The objective is locked in Gtmhub and cannot be changed. Have it unlocked there and try again.",
		pace:      "Gtmhub asks for a pause. The objective is handed over in a little while.",
	},
	access.SetConfidence: {
		payment:   "The company's Gtmhub subscription does not allow objectives to be changed.",
		forbidden: "Gtmhub did not take the confidence. The account may not serve this call any more, because confidence has moved to key results, or the objective is gone.",
		conflict:  "Gtmhub did not take the confidence, because it conflicts with what is there.",
		locked:    "The objective is locked in Gtmhub and cannot be changed. Have it unlocked there and try again.",
		pace:      "Gtmhub asks for a pause. The confidence is set in a little while.",
	},
	access.WriteAnnouncement: {
		payment:   "The company's Gtmhub subscription does not allow announcements.",
		forbidden: "Gtmhub did not take the announcement. The vendor retired announcements in March 2022, or the portal's token may not post them.",
		conflict:  "Gtmhub did not take the announcement, because it conflicts with what is there.",
		locked:    "Gtmhub has locked its announcements. Nothing was posted.",
		pace:      "Gtmhub asks for a pause. The announcement is posted in a little while.",
	},
	access.EditAnnouncement: {
		payment:   "The company's Gtmhub subscription does not allow announcements.",
		forbidden: "Gtmhub did not change the announcement. The vendor retired announcements in March 2022, or the portal's token may not edit them.",
		conflict:  "Gtmhub did not change the announcement, because it conflicts with what is there.",
		locked:    "Gtmhub has locked this announcement. Nothing was changed.",
		pace:      "Gtmhub asks for a pause. The announcement is changed in a little while.",
	},
	access.RemoveAnnouncement: {
		payment:   "The company's Gtmhub subscription does not allow announcements.",
		forbidden: "Gtmhub did not remove the announcement. The vendor retired announcements in March 2022, or the portal's token may not remove them.",
		conflict:  "Gtmhub did not remove the announcement, because it conflicts with what is there.",
		locked:    "Gtmhub has locked this announcement. Nothing was removed.",
		pace:      "Gtmhub asks for a pause. The announcement is removed in a little while.",
	},
	access.SetOwnSettings: {
		payment:   "The company's Gtmhub subscription does not allow these settings to be changed. Nothing was changed.",
		forbidden: "Gtmhub did not let you change these settings. Nothing was changed; try it in Gtmhub itself.",
		conflict:  "Gtmhub did not take the settings, because they conflict with what is there.",
		locked:    "Gtmhub has locked your settings, as accounts that another system manages may be. Nothing was changed.",
		pace:      "Gtmhub asks for a pause. Nothing was changed yet; save once more in a minute.",
	},
	access.TakeBackReaction: {
		payment:   "The company's Gtmhub subscription does not allow announcements. Your reaction is still there.",
		forbidden: "Gtmhub did not take your reaction back. The vendor retired announcements in March 2022, so it may not be possible any more.",
		conflict:  "Gtmhub did not take your reaction back, because it conflicts with what is there.",
		locked:    "Gtmhub has locked this announcement. Your reaction is still there.",
		pace:      "Gtmhub asks for a pause. Your reaction is still there; take it back once more in a minute.",
	},
}

// refusalOf is callError with the act's own sentence.
func refusalOf(act access.Act, err error) error {
	failed := callError(err)
	ce, ok := errors.AsType[*change.CallError](failed)
	if !ok {
		return failed
	}
	own := sentences[act]
	for _, s := range []struct {
		cause    error
		sentence string
	}{
		{gtmhub.ErrUnknownOutcome, ""}, {gtmhub.ErrPaymentRequired, own.payment}, {gtmhub.ErrForbidden, own.forbidden},
		{gtmhub.ErrConflict, own.conflict}, {gtmhub.ErrLocked, own.locked}, {gtmhub.ErrRateLimited, own.pace},
	} {
		if errors.Is(err, s.cause) {
			if s.sentence != "" {
				ce.Sentence = s.sentence
			}
			break
		}
	}
	return ce
}
