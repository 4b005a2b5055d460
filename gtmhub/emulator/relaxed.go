package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// relaxed is a reader of relaxed JSON.
type relaxed struct {
	text string
	at   int
}

// parseRelaxed reads one value and demands that nothing follows it.
func parseRelaxed(text string) (any, error) {
	if len(text) > maxFilterBytes {
		return nil, errors.New("it is too long")
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not UTF-8")
	}
	p := &relaxed{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, fmt.Errorf("at character %d: %w", p.at+1, err)
	}
	if p.space(); p.at < len(p.text) {
		return nil, fmt.Errorf("at character %d: text after the end", p.at+1)
	}
	return v, nil
}

func (p *relaxed) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// next gives the next byte that is no space, 0 at the end.
func (p *relaxed) next() byte {
	if p.space(); p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// eat takes the next byte if it is c.
func (p *relaxed) eat(c byte) bool {
	if p.next() == c {
		p.at++
		return true
	}
	return false
}

func (p *relaxed) value(depth int) (any, error) {
	if depth > maxFilterDepth {
		return nil, errors.New("nested too deep")
	}
	switch c := p.next(); c {
	case 0:
		return nil, errors.New("it ends too early")
	case '{':
		return p.object(depth)
	case '[':
		return p.list(depth)
	case '"', '\'':
		return p.quoted()
	default:
		return p.bare()
	}
}

func (p *relaxed) object(depth int) (any, error) {
	p.at++
	object := []member{}
	for !p.eat('}') {
		if len(object) > 0 && !p.eat(',') {
			return nil, errors.New("a comma or } is missing")
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		if !p.eat(':') {
			return nil, errors.New("a colon is missing")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		object = append(object, member{key, v})
	}
	return object, nil
}

func (p *relaxed) list(depth int) (any, error) {
	p.at++
	list := []any{}
	for !p.eat(']') {
		if len(list) > 0 && !p.eat(',') {
			return nil, errors.New("a comma or ] is missing")
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (p *relaxed) key() (string, error) {
	if c := p.next(); c == '"' || c == '\'' {
		return p.quoted()
	}
	w := p.word()
	if w == "" {
		return "", errors.New("a key is missing")
	}
	return w, nil
}

// word takes letters, digits and $ _ . - + .
func (p *relaxed) word() string {
	from := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("$_.-+", c) >= 0 {
			p.at++
			continue
		}
		break
	}
	return p.text[from:p.at]
}

func (p *relaxed) bare() (any, error) {
	switch w := p.word(); w {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	case "":
		return nil, errors.New("a value is missing")
	default:
		// Only plain decimal numbers: ParseFloat alone would also take "Inf", "NaN" and hexadecimal ones.
		if strings.Trim(w, "0123456789.eE+-") != "" {
			return nil, errors.New("a text without quotes")
		}
		n, err := strconv.ParseFloat(w, 64)
		if err != nil {
			return nil, errors.New("a malformed number")
		}
		return n, nil
	}
}

// quoted reads a text in double or single quotes with the escapes of JSON and \'.
func (p *relaxed) quoted() (string, error) {
	quote := p.text[p.at]
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == quote:
			p.at++
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
			p.at++
		case p.at+1 >= len(p.text):
			return "", errors.New("a text is not closed")
		default:
			if err := p.escape(&b); err != nil {
				return "", err
			}
		}
	}
	return "", errors.New("a text is not closed")
}

var escapes = map[byte]byte{'"': '"', '\'': '\'', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func (p *relaxed) escape(b *strings.Builder) error {
	c := p.text[p.at+1]
	if plain, ok := escapes[c]; ok {
		b.WriteByte(plain)
		p.at += 2
		return nil
	}
	if c != 'u' {
		return errors.New("an unknown escape")
	}
	// Hand \uXXXX, or a pair of them, to encoding/json, which knows about surrogates.
	end := p.at + 6
	if end > len(p.text) {
		return errors.New("a short escape")
	}
	if pair := p.at + 12; pair <= len(p.text) && p.text[end:end+2] == `\u` {
		end = pair
	}
	var s string
	if err := json.Unmarshal([]byte(`"`+p.text[p.at:end]+`"`), &s); err != nil {
		return errors.New("a malformed escape")
	}
	b.WriteString(s)
	p.at = end
	return nil
}
