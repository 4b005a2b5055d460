package gtmhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// UserField names a field of users in filters, sort orders and projections. Only the constants below are accepted.
type UserField string

// Fields of users.
const (
	UserID           UserField = "id"
	UserEmail        UserField = "email"
	UserFirstName    UserField = "firstName"
	UserLastName     UserField = "lastName"
	UserName         UserField = "name"
	UserLanguage     UserField = "language"
	UserClientID     UserField = "clientId"
	UserSubscription UserField = "subscriptionType"
	UserIsActive     UserField = "isActive"
	UserIsSSOBased   UserField = "isSSOBased"
	UserDateCreated  UserField = "dateCreated"
	UserDateInvited  UserField = "dateInvited"
	UserInvitedBy    UserField = "invitedBy"
	UserIdentities   UserField = "identities"
	UserRoleList     UserField = "roles"
	UserTeamIDs      UserField = "teamIds"
	UserSettings     UserField = "userSettings"
)

// userFields is the projection of a user list that asks for nothing else: all but the bulky settings.
var userFields = []UserField{
	UserID, UserEmail, UserFirstName, UserLastName, UserName, UserLanguage, UserClientID, UserSubscription, UserIsActive,
	UserIsSSOBased, UserDateCreated, UserDateInvited, UserInvitedBy, UserIdentities, UserRoleList, UserTeamIDs,
}

// TeamField names a field of teams, like UserField.
type TeamField string

// Fields of teams.
const (
	TeamID          TeamField = "id"
	TeamName        TeamField = "name"
	TeamDescription TeamField = "description"
	TeamParentID    TeamField = "parentId"
	TeamManager     TeamField = "manager"
	TeamMemberIDs   TeamField = "members"
	TeamAvatar      TeamField = "avatar"
	TeamColor       TeamField = "color"
	TeamIsActive    TeamField = "isActive"
	TeamExternal    TeamField = "ExternalTeamMapping"
	TeamDateCreated TeamField = "dateCreated"
)

// Field is a field of users or of teams.
type Field interface {
	UserField | TeamField
}

// knownField guards against text from outside that was converted to a field type.
func knownField[F Field](f F) error {
	known := false
	switch f := any(f).(type) {
	case UserField:
		known = f == UserSettings || slices.Contains(userFields, f)
	case TeamField:
		switch f {
		case TeamID, TeamName, TeamDescription, TeamParentID, TeamManager, TeamMemberIDs, TeamAvatar, TeamColor, TeamIsActive, TeamExternal, TeamDateCreated:
			known = true
		}
	}
	if !known {
		return errors.New("unknown field")
	}
	return nil
}

// stored is the name that filters and sort orders use: the API filters by _id and answers id.
func stored[F Field](f F) string {
	if f == "id" {
		return "_id"
	}
	return string(f)
}

// Filter is a condition for a v2 list. The zero value matches everything. Values only ever become JSON strings (quoted
// with [regexp.QuoteMeta] where a pattern is matched), so no text can act as an operator.
type Filter[F Field] struct {
	node map[string]any
	err  error
}

func field[F Field](f F, condition any) Filter[F] {
	if err := knownField(f); err != nil {
		return Filter[F]{err: err}
	}
	return Filter[F]{node: map[string]any{stored(f): condition}}
}

// Eq matches records whose field is exactly value.
func Eq[F Field](f F, value string) Filter[F] { return field(f, value) }

// Is matches records whose field is the given truth value.
func Is[F Field](f F, value bool) Filter[F] { return field(f, value) }

// In matches records whose field is one of the values. No values match nothing.
func In[F Field, V ~string](f F, values ...V) Filter[F] {
	texts := make([]string, 0, len(values)) // an empty list, not null
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return field(f, map[string]any{"$in": texts})
}

// EqualFold matches records whose field is value, without regard to letter case.
func EqualFold[F Field](f F, value string) Filter[F] {
	return pattern(f, "^"+regexp.QuoteMeta(value)+"$")
}

// HasPrefix matches records whose field starts with value, without regard to letter case.
func HasPrefix[F Field](f F, value string) Filter[F] { return pattern(f, "^"+regexp.QuoteMeta(value)) }

// Contains matches records whose field contains value, without regard to letter case.
func Contains[F Field](f F, value string) Filter[F] { return pattern(f, regexp.QuoteMeta(value)) }

// pattern takes an expression whose foreign parts are quoted. $regex alone heeds letter case, hence the flag.
func pattern[F Field](f F, expression string) Filter[F] {
	return field(f, map[string]any{"$regex": "(?i)" + expression})
}

// And matches records that match all filters.
func And[F Field](filters ...Filter[F]) Filter[F] { return join("$and", filters) }

// Or matches records that match at least one filter. Without filters it is an error.
func Or[F Field](filters ...Filter[F]) Filter[F] { return join("$or", filters) }

// Not matches records that do not match the filter.
func Not[F Field](filter Filter[F]) Filter[F] { return join("$nor", []Filter[F]{filter}) }

func join[F Field](operator string, filters []Filter[F]) Filter[F] {
	var nodes []map[string]any
	for _, f := range filters {
		switch {
		case f.err != nil:
			return f
		case f.node == nil && operator == "$and": // matches everything
		case f.node == nil:
			return Filter[F]{err: errors.New("an empty filter matches everything: it makes no sense here")}
		default:
			nodes = append(nodes, f.node)
		}
	}
	if len(nodes) == 0 {
		if operator == "$and" {
			return Filter[F]{}
		}
		return Filter[F]{err: errors.New("no filters given")}
	}
	return Filter[F]{node: map[string]any{operator: nodes}}
}

// encode answers the query text, "" for a filter that matches everything.
func (f Filter[F]) encode() (string, error) {
	if f.err != nil || f.node == nil {
		return "", f.err
	}
	data, err := json.Marshal(f.node)
	return string(data), err
}

// Order is one sort key of a v2 list.
type Order[F Field] struct {
	By         F
	Descending bool
}

// sortText answers the sort parameter. Oldest first is the default; the id always comes last, for without a complete
// order items repeat or go missing between pages.
func sortText[F Field](orders []Order[F]) (string, error) {
	if len(orders) == 0 {
		orders = []Order[F]{{By: "dateCreated"}}
	}
	var keys []string
	for _, o := range orders {
		if err := knownField(o.By); err != nil {
			return "", fmt.Errorf("sort: %w", err)
		}
		key := stored(o.By)
		if o.Descending {
			key = "-" + key
		}
		keys = append(keys, key)
	}
	if !slices.Contains(keys, "_id") && !slices.Contains(keys, "-_id") {
		keys = append(keys, "_id")
	}
	return strings.Join(keys, ","), nil
}

// fieldsText answers the fields parameter; the id is always part of it.
func fieldsText[F Field](fields []F) (string, error) {
	names := []string{"id"}
	for _, f := range fields {
		if err := knownField(f); err != nil {
			return "", fmt.Errorf("fields: %w", err)
		}
		if !slices.Contains(names, string(f)) {
			names = append(names, string(f))
		}
	}
	return strings.Join(names, ","), nil
}

// LuceneFilter is a condition for operation 1. The zero value matches everything. The documents show property:value for
// email, name and roles only; combining with LuceneAnd, LuceneOr and LuceneNot follows Lucene and is not documented.
type LuceneFilter struct {
	text     string
	compound bool // needs brackets when it is combined again
	err      error
}

// LuceneEmail matches users with this e-mail.
func LuceneEmail(value string) LuceneFilter { return luceneTerm("email", value, "") }

// LuceneName matches users with this name.
func LuceneName(value string) LuceneFilter { return luceneTerm("name", value, "") }

// LuceneNamePrefix matches users whose name starts with value, by the undocumented but usual trailing star.
func LuceneNamePrefix(value string) LuceneFilter { return luceneTerm("name", value, "*") }

// LuceneRoles matches users who hold at least one of the roles, in the form of the documents' sample.
func LuceneRoles(ids ...ID) LuceneFilter {
	if err := checkIDs(ids); err != nil {
		return LuceneFilter{err: err}
	}
	var terms []string
	for _, id := range ids {
		terms = append(terms, "roles:"+string(id))
	}
	return LuceneFilter{text: strings.Join(terms, ",")}
}

// LuceneAnd matches users who match all filters.
func LuceneAnd(filters ...LuceneFilter) LuceneFilter { return luceneJoin(" AND ", filters) }

// LuceneOr matches users who match at least one filter.
func LuceneOr(filters ...LuceneFilter) LuceneFilter { return luceneJoin(" OR ", filters) }

// LuceneNot matches users who do not match the filter.
func LuceneNot(filter LuceneFilter) LuceneFilter {
	if filter.err == nil && filter.text == "" {
		filter.err = errors.New("an empty filter cannot be turned round")
	}
	return LuceneFilter{text: "NOT " + filter.inBrackets(), compound: true, err: filter.err}
}

func luceneJoin(operator string, filters []LuceneFilter) LuceneFilter {
	var parts []string
	for _, f := range filters {
		if f.err != nil {
			return f
		}
		if f.text == "" {
			return LuceneFilter{err: errors.New("an empty filter cannot be combined")}
		}
		parts = append(parts, f.inBrackets())
	}
	if len(parts) == 0 {
		return LuceneFilter{err: errors.New("no filters given")}
	}
	return LuceneFilter{text: strings.Join(parts, operator), compound: len(parts) > 1}
}

func (f LuceneFilter) inBrackets() string {
	if f.compound {
		return "(" + f.text + ")"
	}
	return f.text
}

// luceneTerm leaves plain words as the documents write them and puts everything else into quotation marks, inside which
// only the mark itself and the backslash have a meaning. A prefix cannot be quoted, so its odd characters are escaped.
func luceneTerm(property, value, suffix string) LuceneFilter {
	if value == "" {
		return LuceneFilter{err: errors.New("empty value in a filter")}
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return LuceneFilter{err: errors.New("control character in a filter")}
	}
	switch {
	case suffix != "":
		value = escapeLucene(value) + suffix
	case escapeLucene(value) != value || isLuceneWord(value):
		value = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	return LuceneFilter{text: property + ":" + value}
}

// escapeLucene puts a backslash before everything that has a meaning outside quotation marks, spaces and commas too.
func escapeLucene(value string) string {
	var b strings.Builder
	for i, r := range value {
		if strings.ContainsRune(`\+!(){}[]^"~*?:/&|<>=,; `, r) || r == '-' && i == 0 || r > 0x7f && strings.TrimSpace(string(r)) == "" {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isLuceneWord(value string) bool {
	return slices.Contains([]string{"AND", "OR", "NOT", "TO"}, value)
}
