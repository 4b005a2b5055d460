-- +goose Up
-- What people have done of the checklist of an offboarding (change.Ticked). What the portal does itself stands in the rows.
CREATE TABLE checklist (
    change_id TEXT NOT NULL REFERENCES change (id),
    item      TEXT NOT NULL,
    done_by   TEXT NOT NULL,
    done_at   BIGINT NOT NULL,
    PRIMARY KEY (change_id, item)
);
