-- Which lines each test of an environment executes, packed (see factory/harness/src/reach.rs), or why that is not
-- known: candidates are then proven by whole runs of the suite. An environment without a row was built by a swemill
-- that did not look.
CREATE TABLE reaches (
    environment_id  bigint PRIMARY KEY REFERENCES environments,
    format          integer NOT NULL CHECK (format >= 1),
    content         bytea,
    reason          text CHECK (reason <> ''),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reaches_hold_something_or_say_why CHECK ((content IS NULL) = (reason IS NOT NULL))
);
