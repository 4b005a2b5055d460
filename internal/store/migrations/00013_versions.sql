-- +goose Up
-- version is the version of the change in which the row was planned.
ALTER TABLE change_row ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
-- asked is when the present version began to wait; reminded and escalated when its deciders and their alternates were told.
ALTER TABLE change ADD COLUMN asked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN escalated BIGINT NOT NULL DEFAULT 0;
UPDATE change SET asked = created;
DROP INDEX change_open;
CREATE INDEX change_open ON change (state, started) WHERE state IN ('waiting', 'returned', 'approved', 'scheduled', 'running', 'paused');

-- Who made which version of a list (change.Version).
CREATE TABLE change_version (
    change_id TEXT NOT NULL REFERENCES change (id),
    version   BIGINT NOT NULL,
    by_person TEXT NOT NULL,
    people    BIGINT NOT NULL,
    note      TEXT NOT NULL,
    deciders  BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (change_id, version)
);
INSERT INTO change_version (change_id, version, by_person, people, note, deciders, at)
    SELECT c.id, c.version, c.requester, (SELECT COUNT(*) FROM change_row r WHERE r.change_id = c.id AND r.step = 0), '', c.deciders, c.created FROM change c;

-- Questions and answers about a change (change.Remark), pos from 1.
CREATE TABLE change_remark (
    change_id TEXT NOT NULL REFERENCES change (id),
    pos       BIGINT NOT NULL,
    version   BIGINT NOT NULL,
    by_key    TEXT NOT NULL,
    by_user   TEXT NOT NULL,
    by_person TEXT NOT NULL,
    question  BOOLEAN NOT NULL,
    text      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (change_id, pos)
);
CREATE INDEX change_remark_by ON change_remark (by_key) WHERE question;
