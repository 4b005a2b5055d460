package directory_test

import (
	"testing"

	"github.com/gtmhub-portal/portal/internal/directory"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "Anna Weber", "anna weber"},
		{"spaces", "  Anna \t\u00a0 Weber\n", "anna weber"},
		{"accents", "José Ñandú Žižek", "jose nandu zizek"},
		{"combining accents", "Jose\u0301", "jose"},
		{"letters without parts", "Søren Łukasz Đorđević Straße Æsa", "soren lukasz dordevic strasse aesa"},
		{"capital sharp s", "STRAẞE", "strasse"},
		{"dotted I", "İpek", "ipek"},
		{"full width", "ＡＢＣ", "abc"},
		{"invisible", "An\u200bna\u00ad", "anna"},
		{"marks", "O’Brien–Smith", "o'brien-smith"},
		{"other scripts stay", "Анна 田中", "анна 田中"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := directory.Fold(c.in)
			if got != c.want {
				t.Errorf("Fold(%q) = %q, want %q", c.in, got, c.want)
			}
			if twice := directory.Fold(got); twice != got {
				t.Errorf("folding twice gives %q", twice)
			}
		})
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Straße İ ﬁ \u1e9b\u0323")
	f.Fuzz(func(t *testing.T, s string) {
		once := directory.Fold(s)
		if twice := directory.Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, and folded again %q", s, once, twice)
		}
	})
}
