-- What grading remembers. Both tables are caches: a row can be deleted at any time and is measured again.

-- A grade by the digest of all that decides it: environment, break, lists of tests, submission, harness, rules.
CREATE TABLE grades (
    key           text PRIMARY KEY CHECK (key ~ '^[0-9a-f]{64}$'),
    candidate_id  text COLLATE "C" NOT NULL REFERENCES instances,
    grade         jsonb NOT NULL CHECK (jsonb_typeof(grade) = 'object'),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX grades_by_candidate ON grades (candidate_id);

-- Where tests that must fail can be put among an environment's own, or why they cannot.
CREATE TABLE tripwire_sites (
    environment_id  bigint NOT NULL REFERENCES environments,
    harness         text NOT NULL CHECK (harness <> ''),
    site            jsonb CHECK (jsonb_typeof(site) = 'object'),
    reason          text CHECK (reason <> ''),
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (environment_id, harness),
    CONSTRAINT missing_sites_say_why CHECK ((site IS NULL) = (reason IS NOT NULL))
);
