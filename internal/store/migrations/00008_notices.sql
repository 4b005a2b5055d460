-- +goose Up
-- People who have signed in (notify.Person): who is told by mail although the settings name only their group.
CREATE TABLE person (
    issuer      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    name        TEXT NOT NULL,
    email       TEXT NOT NULL,
    groups_json TEXT NOT NULL,
    seen        BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
-- An address that no provider vouches for gives nobody a role and gets no mail.
INSERT INTO person (issuer, subject, user_id, name, email, groups_json, seen)
SELECT issuer, subject, user_id, name, CASE WHEN email_verified THEN email ELSE '' END, groups_json, last_seen
FROM session WHERE subject <> '' ORDER BY last_seen DESC
ON CONFLICT DO NOTHING;

-- What a person chose, by topic; without a row the defaults count.
CREATE TABLE notice_choice (
    recipient TEXT NOT NULL,
    topic     TEXT NOT NULL,
    portal    BOOLEAN NOT NULL,
    mail      BOOLEAN NOT NULL,
    PRIMARY KEY (recipient, topic)
);

-- Notices (notify.Notice): lines of people's lists, and the outbox of mail and webhook. entry is the audit entry behind
-- it, below 0 for tests. No name and no free text is in here.
CREATE TABLE notice (
    id          TEXT PRIMARY KEY,
    entry       BIGINT NOT NULL,
    channel     TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    address     TEXT NOT NULL,
    language    TEXT NOT NULL,
    event       TEXT NOT NULL,
    change_id   TEXT NOT NULL,
    number      BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    size        BIGINT NOT NULL,
    bad         BIGINT NOT NULL,
    lapses      BIGINT NOT NULL,
    state       TEXT NOT NULL,
    problem     TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    owner       TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    not_before  BIGINT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
-- Nobody is told one thing twice over one channel.
CREATE UNIQUE INDEX notice_once ON notice (entry, channel, recipient);
CREATE INDEX notice_list ON notice (recipient, entry) WHERE channel = 'portal';
CREATE INDEX notice_unread ON notice (recipient) WHERE channel = 'portal' AND state = 'unread';
CREATE INDEX notice_outbox ON notice (channel, not_before) WHERE state IN ('queued', 'claimed', 'sending');
CREATE INDEX notice_trouble ON notice (updated) WHERE state IN ('uncertain', 'given up');

-- One row: the audit entry up to which notices were made. What happened before this release is nobody's news.
CREATE TABLE notice_cursor (
    seq BIGINT NOT NULL
);
INSERT INTO notice_cursor (seq) SELECT seq FROM audit_head;
