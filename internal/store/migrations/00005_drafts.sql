-- +goose Up
-- Lists of people on their way through the wizard (joiners.Draft). format and edits are JSON.
CREATE TABLE draft (
    id      TEXT PRIMARY KEY,
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    name    TEXT NOT NULL,
    data    BYTEA NOT NULL,
    format  TEXT NOT NULL,
    edits   TEXT NOT NULL,
    reason  TEXT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX draft_updated ON draft (updated);
