-- +goose Up
-- What a person keeps for the list of users (directory.Lists). selected is a JSON list of ids, at the time of the last tick.
CREATE TABLE user_selection (
    issuer   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    selected TEXT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

-- Saved views (directory.SavedView).
CREATE TABLE user_view (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    name    TEXT NOT NULL,
    query   TEXT NOT NULL,
    PRIMARY KEY (issuer, subject, name)
);
