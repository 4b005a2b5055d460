package auth

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that is never shown: every way of printing, logging or encoding it gives "[redacted]".
type Secret string

const redacted = "[redacted]"

func (Secret) String() string { return redacted }

// Format hides the secret from every verb, %d and %x too.
func (Secret) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the secret from encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the text itself, for the one place that sends it.
func (s Secret) Reveal() string { return string(s) }
