-- +goose Up
-- undo_of is the change that this one takes back. planned is when a change may start at the earliest, 0 for at once.
-- went_on is when it last began or went on after a break: what its rate is measured from.
ALTER TABLE change ADD COLUMN undo_of TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN planned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN went_on BIGINT NOT NULL DEFAULT 0;
-- A change is undone once. An undo that came to nothing does not count.
CREATE UNIQUE INDEX change_undo ON change (undo_of) WHERE undo_of <> '' AND state NOT IN ('rejected', 'withdrawn', 'lapsed', 'cancelled');
DROP INDEX change_open;
CREATE INDEX change_open ON change (state, started) WHERE state IN ('waiting', 'approved', 'scheduled', 'running', 'paused');

-- now_text is the value that a held row met, in the words of before_text. released says that a person let the row go on
-- with that value.
ALTER TABLE change_row ADD COLUMN now_text TEXT NOT NULL DEFAULT '';
ALTER TABLE change_row ADD COLUMN released BOOLEAN NOT NULL DEFAULT FALSE;

-- One row: no call of a run before resumes, because Gtmhub asked us to slow down. waits counts such answers in a row.
CREATE TABLE pace (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    resumes BIGINT NOT NULL,
    waits   BIGINT NOT NULL
);
INSERT INTO pace (id, resumes, waits) VALUES (1, 0, 0);

-- What HR sets on pages, such as the number of licences.
CREATE TABLE setting (
    name    TEXT PRIMARY KEY,
    value   TEXT NOT NULL,
    updated BIGINT NOT NULL
);

-- Work that one instance does once a day: the last day that was begun, in the zone of the settings.
CREATE TABLE daily (
    name        TEXT PRIMARY KEY,
    day         TEXT NOT NULL,
    done        BOOLEAN NOT NULL,
    lease_until BIGINT NOT NULL
);
