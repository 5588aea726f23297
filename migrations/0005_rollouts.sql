-- Attempts of agents at instances: what was asked for, every attempt, every step of it. docs/ROLLOUTS.md has the words.

CREATE TYPE rollout_policy AS ENUM ('model', 'expert', 'replay');
-- `attempted`: the trajectory is stored, its grade is not. `failed`: the machinery failed; it counts for nobody.
CREATE TYPE rollout_state AS ENUM ('queued', 'running', 'attempted', 'graded', 'failed');
CREATE TYPE rollout_outcome AS ENUM ('resolved', 'unresolved', 'empty', 'not_applied', 'tampered');

-- A policy with everything that decides what it does. Asking for the same again is the same row.
CREATE TABLE campaigns (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest      text NOT NULL CONSTRAINT campaigns_are_unique UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
    policy      rollout_policy NOT NULL,
    model       text NOT NULL CHECK (model <> ''),
    interface   text NOT NULL CHECK (interface <> ''),
    options     jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object'),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- One attempt at an instance. The totals are those of its completed steps; what failed tries took is in none.
CREATE TABLE rollouts (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id        bigint NOT NULL REFERENCES campaigns,
    candidate_id       text COLLATE "C" NOT NULL REFERENCES instances,
    attempt            integer NOT NULL CHECK (attempt >= 1),
    seed               bigint NOT NULL,
    state              rollout_state NOT NULL DEFAULT 'queued',
    resumes            integer NOT NULL DEFAULT 0 CHECK (resumes >= 0),
    restarts           integer NOT NULL DEFAULT 0 CHECK (restarts >= 0),
    restart_reason     text CHECK (restart_reason <> ''),
    exit               text CHECK (exit <> ''),
    -- The trajectory as deflated JSON, without its steps.
    trajectory         bytea,
    patch              text,
    steps              integer NOT NULL DEFAULT 0 CHECK (steps >= 0),
    prompt_tokens      bigint NOT NULL DEFAULT 0 CHECK (prompt_tokens >= 0),
    completion_tokens  bigint NOT NULL DEFAULT 0 CHECK (completion_tokens >= 0),
    cached_tokens      bigint NOT NULL DEFAULT 0 CHECK (cached_tokens >= 0),
    cost               double precision NOT NULL DEFAULT 0,
    lm_seconds         double precision NOT NULL DEFAULT 0,
    execution_seconds  double precision NOT NULL DEFAULT 0,
    outcome            rollout_outcome,
    grade              jsonb CHECK (jsonb_typeof(grade) = 'object'),
    failure_class      failure_class,
    failure_reason     text CHECK (failure_reason <> ''),
    created_at         timestamptz NOT NULL DEFAULT now(),
    started_at         timestamptz,
    attempted_at       timestamptz,
    graded_at          timestamptz,
    CONSTRAINT rollouts_are_unique UNIQUE (campaign_id, candidate_id, attempt),
    CONSTRAINT attempted_rollouts_have_a_trajectory CHECK (
        state NOT IN ('attempted', 'graded')
        OR (trajectory IS NOT NULL AND patch IS NOT NULL AND exit IS NOT NULL AND attempted_at IS NOT NULL)
    ),
    CONSTRAINT graded_rollouts_have_an_outcome CHECK (
        (state = 'graded') = (outcome IS NOT NULL)
        AND (outcome IS NULL) = (grade IS NULL) AND (outcome IS NULL) = (graded_at IS NULL)
    ),
    CONSTRAINT failed_rollouts_say_why CHECK (
        (state = 'failed') = (failure_class IS NOT NULL) AND (failure_class IS NULL) = (failure_reason IS NULL)
    ),
    CONSTRAINT restarted_rollouts_say_why CHECK ((restarts > 0) = (restart_reason IS NOT NULL))
);
CREATE INDEX rollouts_by_instance ON rollouts (candidate_id);
CREATE INDEX rollouts_unfinished ON rollouts (campaign_id) WHERE state IN ('queued', 'running', 'attempted');

-- A completed step: written before the next begins, so that a killed worker's attempt goes on after it.
CREATE TABLE rollout_steps (
    rollout_id         bigint NOT NULL REFERENCES rollouts,
    index              integer NOT NULL CHECK (index >= 0),
    -- Answer, actions, observations and messages as deflated JSON.
    content            bytea NOT NULL,
    prompt_tokens      bigint NOT NULL CHECK (prompt_tokens >= 0),
    completion_tokens  bigint NOT NULL CHECK (completion_tokens >= 0),
    cached_tokens      bigint NOT NULL CHECK (cached_tokens >= 0),
    cost               double precision NOT NULL,
    lm_seconds         double precision NOT NULL,
    execution_seconds  double precision NOT NULL,
    malformed          boolean NOT NULL,
    -- The words of thoughts, actions and the beginnings of observations.
    words              tsvector NOT NULL,
    completed_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (rollout_id, index)
);
CREATE INDEX rollout_steps_by_words ON rollout_steps USING gin (words);

-- A grade is final, and so is what was graded.
CREATE FUNCTION rollouts_stay_graded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rollout % is graded and cannot change', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'rollouts_stay_graded';
END
$$;
CREATE TRIGGER rollouts_stay_graded BEFORE UPDATE ON rollouts
    FOR EACH ROW WHEN (OLD.state = 'graded') EXECUTE FUNCTION rollouts_stay_graded();
