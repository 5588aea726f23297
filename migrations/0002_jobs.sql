-- The queue. A worker owns a job while its lease lasts; the fence tells this claim from every other one.

CREATE TYPE job_state AS ENUM ('queued', 'running', 'done', 'dead');

CREATE TABLE jobs (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind              text NOT NULL CHECK (kind <> ''),
    key               text NOT NULL CHECK (key <> ''),
    payload           jsonb NOT NULL,
    priority          integer NOT NULL DEFAULT 0,
    state             job_state NOT NULL DEFAULT 'queued',
    attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_attempts      integer NOT NULL CHECK (max_attempts >= 1),
    run_at            timestamptz NOT NULL DEFAULT now(),
    fence             bigint NOT NULL DEFAULT 0,
    lease_owner       text,
    lease_expires_at  timestamptz,
    failure_class     failure_class,
    last_error        text,
    created_at        timestamptz NOT NULL DEFAULT now(),
    finished_at       timestamptz,
    CONSTRAINT running_jobs_are_leased CHECK (
        (state = 'running') = (lease_owner IS NOT NULL)
        AND (lease_owner IS NULL) = (lease_expires_at IS NULL)
    ),
    CONSTRAINT finished_jobs_have_a_time CHECK ((state IN ('done', 'dead')) = (finished_at IS NOT NULL)),
    CONSTRAINT dead_jobs_say_why CHECK (state <> 'dead' OR (failure_class IS NOT NULL AND last_error IS NOT NULL))
);

-- A kind has no two unfinished jobs of one key.
CREATE UNIQUE INDEX jobs_are_unique_while_unfinished ON jobs (kind, key) WHERE state IN ('queued', 'running');
-- In the order in which they are claimed.
CREATE INDEX jobs_to_claim ON jobs (priority DESC, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_expires_at) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (id) WHERE state = 'dead';

-- Wakes sleeping workers when the transaction commits; the payload is the kind. Equal notifications of one
-- transaction are folded into one by Postgres.
CREATE FUNCTION jobs_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('swemill_jobs', kind) FROM (SELECT DISTINCT kind FROM added) AS kinds;
    RETURN NULL;
END
$$;
CREATE TRIGGER jobs_notify AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_notify();
