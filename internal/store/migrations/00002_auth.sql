-- +goose Up
-- Sessions (auth.Session): hash is the SHA-256 of the cookie. groups and flashes are JSON lists.
CREATE TABLE session (
    hash           TEXT PRIMARY KEY,
    provider       TEXT NOT NULL,
    issuer         TEXT NOT NULL,
    subject        TEXT NOT NULL,
    email          TEXT NOT NULL,
    email_verified BOOLEAN NOT NULL,
    name           TEXT NOT NULL,
    groups_json    TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    created        BIGINT NOT NULL,
    last_seen      BIGINT NOT NULL,
    expires        BIGINT NOT NULL,
    auth_time      BIGINT NOT NULL,
    user_agent     TEXT NOT NULL,
    upstream_token BYTEA,
    flashes        TEXT NOT NULL
);
CREATE INDEX session_person ON session (issuer, subject);
CREATE INDEX session_created ON session (created);

-- Sign-ins under way (auth.PreLogin).
CREATE TABLE pre_login (
    state       TEXT PRIMARY KEY,
    browser     TEXT NOT NULL,
    provider    TEXT NOT NULL,
    nonce       TEXT NOT NULL,
    verifier    TEXT NOT NULL,
    return_path TEXT NOT NULL,
    fresh       BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    expires     BIGINT NOT NULL
);
CREATE INDEX pre_login_expires ON pre_login (expires);

-- Links between people at a provider and Gtmhub users (auth.Identity). Each side is linked once.
CREATE TABLE identity (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id TEXT NOT NULL UNIQUE,
    email   TEXT NOT NULL UNIQUE,
    linked  BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
