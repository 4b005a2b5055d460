-- +goose Up
-- Who decides on a change (access.By), and what it met in the table of the policy, as JSON (access.Ground): without
-- names, so that another table can be tried on it.
ALTER TABLE change ADD COLUMN decided_by TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN ground TEXT NOT NULL DEFAULT '';
CREATE INDEX change_created ON change (created);

-- Versions of the policy (change.PolicyVersion). rules is its table as JSON.
CREATE TABLE policy_version (
    number    BIGINT PRIMARY KEY,
    rules     TEXT NOT NULL,
    note      TEXT NOT NULL,
    by_person TEXT NOT NULL,
    at        BIGINT NOT NULL
);
-- The number of the version that holds; 0 is the policy that came with the portal. Whoever makes a change reads this row, so
-- that a new version waits for changes that are being made under the old one, and they see it afterwards.
CREATE TABLE policy_now (
    number BIGINT NOT NULL
);
INSERT INTO policy_now (number) VALUES (0);
