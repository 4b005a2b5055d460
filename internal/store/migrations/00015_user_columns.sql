-- +goose Up
-- Which columns of the list of users a person has chosen (directory.Lists): a JSON list of keys. No row means the usual ones.
CREATE TABLE user_columns (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
