-- +goose Up
-- The last look at the account (drift.Last), one row. picture is the account as it was: gob, gzip; empty before the first.
CREATE TABLE drift_look (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    number  BIGINT NOT NULL,
    began   BIGINT NOT NULL,
    picture BYTEA NOT NULL
);
INSERT INTO drift_look (id, number, began, picture) VALUES (1, 0, 0, '');
-- What was changed without the portal (drift.Finding, as JSON in doc), each once: place says what it is about. ranking is
-- the place of the kind on pages.
CREATE TABLE drift_finding (
    id        TEXT PRIMARY KEY,
    look      BIGINT NOT NULL,
    place     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    ranking   BIGINT NOT NULL,
    doc       TEXT NOT NULL,
    state     TEXT NOT NULL,
    found     BIGINT NOT NULL,
    closed    BIGINT NOT NULL,
    by_person TEXT NOT NULL,
    change_id TEXT NOT NULL,
    UNIQUE (look, place)
);
CREATE INDEX drift_finding_waits ON drift_finding (ranking, found) WHERE state IN ('open', 'put back');
-- What the portal did since a look.
CREATE INDEX change_row_did ON change_row (updated) WHERE intent_at > 0 AND state IN ('done', 'attention', 'nothing', 'cancelled');
