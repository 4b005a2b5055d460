-- +goose Up
-- What a person keeps about teams (directory.Lists): which are ticked, and which branches of the tree they opened or
-- closed. teams is a JSON list of ids, at the time of the last alteration.
CREATE TABLE team_list (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    list    TEXT NOT NULL,
    teams   TEXT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject, list)
);
