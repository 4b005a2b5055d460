package pgtest_test

import (
	"database/sql"
	"testing"

	"github.com/gtmhub-portal/portal/internal/store/pgtest"
)

func TestURLGivesFreshDatabases(t *testing.T) {
	t.Parallel()
	for range 2 { // the second would fail if it were the same database
		db, err := sql.Open("pgx", pgtest.URL(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE once (n BIGINT)"); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
