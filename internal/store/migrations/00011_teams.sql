-- +goose Up
-- lead_team is the team whose lead may decide on the change beside HR; empty for none.
ALTER TABLE change ADD COLUMN lead_team TEXT NOT NULL DEFAULT '';
CREATE INDEX change_lead ON change (lead_team, number) WHERE lead_team <> '';

-- Acts of a lead that were given to somebody else until a date (deputy.Deputy). teams and acts are JSON lists. by_user is
-- empty when by_hr is set. ended is when somebody ended it before its time, 0 for not.
CREATE TABLE deputy (
    id          TEXT PRIMARY KEY,
    holder_user TEXT NOT NULL,
    holder_name TEXT NOT NULL,
    teams       TEXT NOT NULL,
    acts        TEXT NOT NULL,
    by_user     TEXT NOT NULL,
    by_name     TEXT NOT NULL,
    by_hr       BOOLEAN NOT NULL,
    created     BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    ended       BIGINT NOT NULL
);
CREATE INDEX deputy_holder ON deputy (holder_user, until);
CREATE INDEX deputy_giver ON deputy (by_user, until);
