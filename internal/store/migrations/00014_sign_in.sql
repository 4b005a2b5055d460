-- +goose Up
-- What a session keeps of its provider: the provider's own session id, its tokens (encrypted with the value of the
-- cookie, which is not here), and when it last told the groups.
ALTER TABLE session ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN tokens BYTEA;
ALTER TABLE session ADD COLUMN checked BIGINT NOT NULL DEFAULT 0;
CREATE INDEX session_of_user ON session (user_id);

-- Logout tokens that were used, until they run out.
CREATE TABLE logout_token (
    issuer   TEXT NOT NULL,
    token_id TEXT NOT NULL,
    expires  BIGINT NOT NULL,
    PRIMARY KEY (issuer, token_id)
);
