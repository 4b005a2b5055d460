-- +goose Up
-- Our copy of the account's users, teams and roles (directory.Record). doc is JSON of the package directory, empty for a
-- record that is gone; such rows stay so that other instances learn of it.
CREATE TABLE directory_record (
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version BIGINT NOT NULL,
    doc     BYTEA NOT NULL,
    deleted BOOLEAN NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX directory_record_version ON directory_record (version);

-- One row: the version of the newest record, and when the last complete reading began.
CREATE TABLE directory_state (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    version    BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL
);
INSERT INTO directory_state (id, version, fetched_at) VALUES (1, 0, 0);
