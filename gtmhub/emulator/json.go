package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// pair and doc are a JSON object whose fields keep their order.
type pair struct {
	name  string
	value any
}

type doc []pair

// jsonText is a fixed piece of JSON in an answer.
type jsonText string

const emptyObject jsonText = "{}"

// encode writes an answer as JSON. Lists of 100 users are the hot path, so the usual types are written directly.
func encode(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return encodeString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case jsonText:
		return append(b, v...)
	case json.RawMessage:
		return append(b, v...)
	case doc:
		b = append(b, '{')
		for i, p := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = encodeString(b, p.name)
			b = append(b, ':')
			b = encode(b, p.value)
		}
		return append(b, '}')
	case []doc:
		return encodeAll(b, v)
	case []string:
		return encodeAll(b, v)
	case []any:
		return encodeAll(b, v)
	default:
		panic(fmt.Sprintf("no JSON form for %T", v))
	}
}

func encodeAll[T any](b []byte, all []T) []byte {
	b = append(b, '[')
	for i, x := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = encode(b, x)
	}
	return append(b, ']')
}

func encodeString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			if !utf8.ValidString(s) || needsEscape(s) {
				return encodeOddString(b, s)
			}
			break
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func needsEscape(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

func encodeOddString(b []byte, s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a JSON form
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// decodeStrict reads a whole JSON body into v. Unknown fields and text after the value are errors.
func decodeStrict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	return nil
}

// ref is a reference to a record: an id, or an object with an id (clients do send back what they read).
type ref string

// UnmarshalJSON reads "id", {"id":"..."} or null.
func (r *ref) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err == nil { // null leaves s empty
		*r = ref(s)
		return nil
	}
	var o struct {
		ID *string `json:"id"`
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return errors.New("not an id and not an object with an id")
	}
	if o.ID == nil {
		return errors.New("an object without id")
	}
	*r = ref(*o.ID)
	return nil
}

// flag is a boolean that some documents print as {"IsActive":bool}.
type flag bool

// UnmarshalJSON reads a boolean, {"IsActive":bool} or null.
func (f *flag) UnmarshalJSON(text []byte) error {
	var b bool
	if err := json.Unmarshal(text, &b); err == nil {
		*f = flag(b)
		return nil
	}
	var o struct{ IsActive bool }
	if err := json.Unmarshal(text, &o); err != nil {
		return errors.New("not a boolean")
	}
	*f = flag(o.IsActive)
	return nil
}

func texts(refs []ref) []string {
	all := make([]string, len(refs))
	for i, r := range refs {
		all[i] = string(r)
	}
	return all
}
