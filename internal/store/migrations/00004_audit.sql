-- +goose Up
-- The trail (audit.Entry), chained by hash. Migration 6 makes it append-only.
CREATE TABLE audit_entry (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    who_kind    TEXT NOT NULL,
    who_issuer  TEXT NOT NULL,
    who_subject TEXT NOT NULL,
    who_user    TEXT NOT NULL,
    event       TEXT NOT NULL,
    change_id   TEXT NOT NULL,
    row_id      TEXT NOT NULL,
    act         TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    team_id     TEXT NOT NULL,
    operation   BIGINT NOT NULL,
    before_text TEXT NOT NULL,
    after_text  TEXT NOT NULL,
    result      TEXT NOT NULL,
    version     BIGINT NOT NULL,
    plan_hash   TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    hash        TEXT NOT NULL
);
CREATE INDEX audit_entry_change ON audit_entry (change_id, seq);
CREATE INDEX audit_entry_team ON audit_entry (team_id, seq);
CREATE INDEX audit_entry_who ON audit_entry (who_user, seq);
CREATE INDEX audit_entry_event ON audit_entry (event, seq);

-- Names as they were, outside the chain, so that one person's can be erased. role is actor or target.
CREATE TABLE audit_name (
    seq    BIGINT NOT NULL REFERENCES audit_entry (seq),
    role   TEXT NOT NULL,
    name   TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (seq, role)
);

-- The end of the chain. One row: whoever appends updates it, so appends happen one after the other.
CREATE TABLE audit_head (
    seq  BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (seq, hash) VALUES (0, '');
