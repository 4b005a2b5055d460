-- +goose Up
-- What metrics count at every scrape, without the history.
CREATE INDEX change_not_ended ON change (state) WHERE ended = 0;
