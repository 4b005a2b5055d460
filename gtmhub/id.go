package gtmhub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ID names a user, team, role, objective, key result or announcement. Live ids are 24 hexadecimal digits, but the
// documents show others, so an ID is 1 to 64 ASCII letters and digits. Use [ParseID] for text from outside. Every
// method checks its ids again and answers [ErrInvalid] and [ErrNotSent] for one that does not fit.
type ID string

// maxIDBytes is the longest id.
const maxIDBytes = 64

// errID says what an id looks like. It does not repeat the text, which may be anything.
var errID = errors.New("an id is 1 to 64 letters and digits")

// ParseID checks that s is an id.
func ParseID(s string) (ID, error) {
	if len(s) == 0 || len(s) > maxIDBytes {
		return "", errID
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "", errID
		}
	}
	return ID(s), nil
}

// UnmarshalJSON reads an id from a string, or from an object that holds it as "id" or "_id"; null is no id. References
// in answers come in both forms (docs/gtmhub-readings.md U6).
func (id *ID) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '{' {
		var object struct {
			ID       *string `json:"id"`
			ObjectID *string `json:"_id"`
		}
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		*id = ""
		switch {
		case object.ID != nil:
			*id = ID(*object.ID)
		case object.ObjectID != nil:
			*id = ID(*object.ObjectID)
		}
		return nil
	}
	var s *string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*id = ""
	if s != nil {
		*id = ID(*s)
	}
	return nil
}

// checkIDs answers an error unless there is at least one id and all of them are ids.
func checkIDs(ids []ID) error {
	if len(ids) == 0 {
		return errors.New("no ids given")
	}
	for i, id := range ids {
		if _, err := ParseID(string(id)); err != nil {
			return fmt.Errorf("id %d: %w", i+1, err)
		}
	}
	return nil
}

// uniqueIDs keeps the first of equal ids, in order.
func uniqueIDs(ids []ID) []ID {
	var out []ID
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
