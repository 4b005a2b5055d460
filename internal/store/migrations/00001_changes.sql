-- +goose Up
-- Times are Unix milliseconds, 0 for none. Texts that are absent are ''. Lists are JSON.

-- The last number that was given to a change. One row: updating it makes the numbers unique under any concurrency.
CREATE TABLE change_number (
    last BIGINT NOT NULL
);
INSERT INTO change_number (last) VALUES (0);

-- Heads (change.Change). requester is change.Person as JSON; the requester_ columns are the part to search by.
CREATE TABLE change (
    id                TEXT PRIMARY KEY,
    number            BIGINT NOT NULL UNIQUE,
    kind              TEXT NOT NULL,
    title             TEXT NOT NULL,
    requester         TEXT NOT NULL,
    requester_key     TEXT NOT NULL,
    requester_user    TEXT NOT NULL,
    reason            TEXT NOT NULL,
    state             TEXT NOT NULL,
    note              TEXT NOT NULL,
    version           BIGINT NOT NULL,
    hash              TEXT NOT NULL,
    deciders          BIGINT NOT NULL,
    rule              TEXT NOT NULL,
    rule_sentence     TEXT NOT NULL,
    source_name       TEXT NOT NULL,
    created           BIGINT NOT NULL,
    lapses            BIGINT NOT NULL,
    started           BIGINT NOT NULL,
    ended             BIGINT NOT NULL,
    resumes           BIGINT NOT NULL
);
-- What the runner and the inbox ask for again and again; ended changes, which only grow in number, are not in it.
CREATE INDEX change_open ON change (state, started) WHERE state IN ('waiting', 'approved', 'running', 'paused');
CREATE INDEX change_requester ON change (requester_key, number);
CREATE INDEX change_requester_user ON change (requester_user, number) WHERE requester_user <> '';

-- Uploaded files (change.Source). format is how the file is read, as JSON.
CREATE TABLE change_source (
    change_id TEXT PRIMARY KEY REFERENCES change (id),
    data      BYTEA NOT NULL,
    format    TEXT NOT NULL
);

-- One person's word on one version. by_key identifies the person at the provider, by_user the linked Gtmhub user:
-- neither may decide twice.
CREATE TABLE decision (
    change_id TEXT NOT NULL REFERENCES change (id),
    version   BIGINT NOT NULL,
    by_key    TEXT NOT NULL,
    by_user   TEXT NOT NULL,
    by_person TEXT NOT NULL,
    approve   BOOLEAN NOT NULL,
    reason    TEXT NOT NULL,
    rejected  TEXT NOT NULL,
    hash      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (change_id, version, by_key)
);
CREATE UNIQUE INDEX decision_user ON decision (change_id, version, by_user) WHERE by_user <> '';
CREATE INDEX decision_by ON decision (by_key);

-- Rows (change.Row): the durable queue. folded is subject and detail in lower case, for the search. cause is the row
-- because of which this one was cancelled, so that a retry brings back both.
CREATE TABLE change_row (
    id          TEXT PRIMARY KEY,
    change_id   TEXT NOT NULL REFERENCES change (id),
    step        BIGINT NOT NULL,
    pos         BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    parent      TEXT NOT NULL,
    line        BIGINT NOT NULL,
    subject     TEXT NOT NULL,
    detail      TEXT NOT NULL,
    folded      TEXT NOT NULL,
    payload     TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    team_id     TEXT NOT NULL,
    grp         TEXT NOT NULL,
    lock_key    TEXT NOT NULL,
    action      TEXT NOT NULL,
    before_text TEXT NOT NULL,
    after_text  TEXT NOT NULL,
    note        TEXT NOT NULL,
    flags       TEXT NOT NULL,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    result      TEXT NOT NULL,
    cause       TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    epoch       BIGINT NOT NULL,
    owner       TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    intent_at   BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
-- Pages of rows, and, with state and kind, the counts without touching the table.
CREATE UNIQUE INDEX change_row_place ON change_row (change_id, step, pos);
CREATE INDEX change_row_count ON change_row (change_id, step, state, kind);
-- The queue in the order of claiming, and what is in flight: small however long the history is.
CREATE INDEX change_row_queued ON change_row (change_id, step, grp, pos) WHERE state = 'queued';
CREATE INDEX change_row_flight ON change_row (lease_until) WHERE state IN ('checking', 'intent');
CREATE INDEX change_row_unknown ON change_row (not_before) WHERE state = 'unknown';
CREATE INDEX change_row_locked ON change_row (lock_key) WHERE lock_key <> '' AND state IN ('checking', 'intent', 'unknown');
CREATE INDEX change_row_parent ON change_row (parent) WHERE parent <> '';
-- What happened to one user or team.
CREATE INDEX change_row_user ON change_row (user_id, change_id) WHERE user_id <> '';
CREATE INDEX change_row_team ON change_row (team_id, change_id) WHERE team_id <> '';
CREATE INDEX change_row_result ON change_row (result, change_id) WHERE result <> '';

-- What a row (or the rows of one group) is working on. A key that is here is taken.
CREATE TABLE row_lock (
    lock_key TEXT PRIMARY KEY,
    holder   TEXT NOT NULL
);
