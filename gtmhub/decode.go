package gtmhub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"time"
)

// maxDepth is how deep JSON answers may nest.
const maxDepth = 64

// checkDepth counts brackets outside strings, so that a hostile answer is refused before the decoder recurses into it.
func checkDepth(data []byte) error {
	depth, inString, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case inString:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return errors.New("JSON nests too deep")
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return nil
}

// isHTML tells a web page from an answer of the API: a wrong base URL serves the web app, even with status 200.
func isHTML(contentType string, body []byte) bool {
	if media, _, err := mime.ParseMediaType(contentType); err == nil && (media == "text/html" || media == "application/xhtml+xml") {
		return true
	}
	return bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n\ufeff"), []byte("<"))
}

// decodeJSON reads a JSON answer. Unknown fields are ignored and null is like missing.
func decodeJSON(body []byte, into any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("empty body")
	}
	if err := checkDepth(body); err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// acceptAny reads the answer of an operation whose body means nothing: empty, text or whole JSON (U12).
func acceptAny(body []byte) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 || !strings.ContainsRune("{[\"", rune(body[0])) {
		return nil
	}
	var v json.RawMessage
	return decodeJSON(body, &v)
}

// recordID checks the id that an answer gives to its record.
func recordID(what string, id ID) error {
	if _, err := ParseID(string(id)); err != nil {
		return fmt.Errorf("%s without a usable id", what)
	}
	return nil
}

// isZeroJSON says whether the value is missing, null or the empty object that the documents print for cut-off types.
func isZeroJSON(data []byte) bool {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return true
	}
	return data[0] == '{' && bytes.Equal(bytes.Join(bytes.Fields(data), nil), []byte("{}"))
}

// list decodes an array, the items/totalCount envelope, or nothing.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(data []byte) error {
	*l = nil
	if isZeroJSON(data) {
		return nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var envelope struct {
			Items *[]T     `json:"items"`
			Count *float64 `json:"totalCount"`
		}
		if err := json.Unmarshal(data, &envelope); err != nil {
			return err
		}
		if envelope.Items == nil && envelope.Count == nil {
			return errors.New("object where a list should be")
		}
		if envelope.Items != nil {
			*l = *envelope.Items
		}
		return nil
	}
	return json.Unmarshal(data, (*[]T)(l))
}

// idList decodes ids as an array of strings or objects, an envelope, a comma separated string, or nothing. Empty ids
// are dropped.
type idList []ID

func (l *idList) UnmarshalJSON(data []byte) error {
	var ids list[ID]
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		for part := range strings.SplitSeq(s, ",") {
			ids = append(ids, ID(strings.TrimSpace(part)))
		}
	} else if err := json.Unmarshal(data, &ids); err != nil {
		return err
	}
	*l = nil
	for _, id := range ids {
		if id != "" {
			*l = append(*l, id)
		}
	}
	return nil
}

// date decodes RFC 3339, a bare day, or "not set": null, "", and Go's zero time. Text of another form counts as not
// set too, because no decision hangs on it and one odd date must not hide a whole list.
type date time.Time

func (d *date) UnmarshalJSON(data []byte) error {
	*d = date{}
	var s string
	if json.Unmarshal(data, &s) != nil {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			*d = date(t.UTC())
			return nil
		}
	}
	return nil
}

// flag decodes a bool, or an object {"IsActive": bool} as the raw storage model has it (U19). null leaves it alone.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var object struct {
			IsActive *bool
		}
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		if object.IsActive != nil {
			*f = flag(*object.IsActive)
		}
		return nil
	}
	return json.Unmarshal(data, (*bool)(f))
}

// overlay writes fields over the JSON object raw and keeps what else it holds, so that fields which this package does
// not know survive a read and a write-back. An empty raw is an empty object.
func overlay(raw json.RawMessage, fields map[string]any) (json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	if !isZeroJSON(raw) {
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, err
		}
	}
	for name, value := range fields {
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		object[name] = data
	}
	return json.Marshal(object)
}
