-- What swemill knows: what was asked for, the repositories, their environments and tests, the candidates,
-- and the instances among them. See docs/STORE.md for the words; the names here are the names in the code.

CREATE TYPE failure_class AS ENUM ('agent', 'candidate', 'environment', 'infra', 'grader');
CREATE TYPE source_state AS ENUM ('queued', 'running', 'done', 'failed');
CREATE TYPE environment_state AS ENUM ('built', 'rejected');
CREATE TYPE test_status AS ENUM ('passed', 'failed', 'error', 'skipped', 'xfailed', 'xpassed', 'missing');
CREATE TYPE candidate_outcome AS ENUM ('accepted', 'survived', 'unviable', 'timeout', 'flaky', 'infra');

-- The digest by which long texts are compared in an index: a btree entry cannot hold them. Immutable, since a
-- database's encoding never changes.
CREATE FUNCTION text_digest(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT sha256(convert_to(value, 'UTF8')) $$;

-- A source pinned to one commit.
CREATE TABLE repositories (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner       text NOT NULL CHECK (owner <> ''),
    name        text NOT NULL CHECK (name <> ''),
    commit      text NOT NULL CHECK (commit ~ '^[0-9a-f]{40}$'),
    tree        text NOT NULL CHECK (tree <> ''),
    spec        text NOT NULL CHECK (spec <> ''),
    version     text,
    released    text CHECK (released ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    licence     text CHECK (licence <> ''),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT repositories_are_unique UNIQUE (owner, name, commit)
);

-- A repository with its dependencies installed, and what its untouched tests did there.
CREATE TABLE environments (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id   bigint NOT NULL REFERENCES repositories,
    digest          text NOT NULL CONSTRAINT environments_have_unique_digests UNIQUE CHECK (digest <> ''),
    recipe          jsonb NOT NULL CHECK (jsonb_typeof(recipe) = 'object'),
    state           environment_state NOT NULL,
    failure_class   failure_class,
    failure_reason  text CHECK (failure_reason <> ''),
    baseline        jsonb CHECK (jsonb_typeof(baseline) = 'object'),
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT rejected_environments_say_why CHECK (
        CASE state
            WHEN 'built' THEN failure_class IS NULL AND failure_reason IS NULL AND baseline IS NOT NULL
            WHEN 'rejected' THEN failure_class IS NOT NULL AND failure_reason IS NOT NULL
        END
    ),
    CONSTRAINT environments_of_repositories UNIQUE (id, repository_id)
);
CREATE INDEX environments_by_repository ON environments (repository_id);

-- What a user queued: a source and how to treat it. Asking the same twice is one row.
CREATE TABLE sources (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    spec            text NOT NULL CHECK (spec <> ''),
    rev             text CHECK (rev <> ''),
    options         jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object'),
    digest          text NOT NULL CONSTRAINT sources_are_unique UNIQUE CHECK (digest ~ '^[0-9a-f]{64}$'),
    state           source_state NOT NULL DEFAULT 'queued',
    failure_class   failure_class,
    failure_reason  text CHECK (failure_reason <> ''),
    repository_id   bigint REFERENCES repositories,
    environment_id  bigint,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sources_have_an_environment_of_their_repository
        FOREIGN KEY (environment_id, repository_id) REFERENCES environments (id, repository_id) MATCH SIMPLE,
    CONSTRAINT sources_with_an_environment_have_a_repository
        CHECK (environment_id IS NULL OR repository_id IS NOT NULL),
    CONSTRAINT failed_sources_say_why CHECK (
        (state = 'failed') = (failure_class IS NOT NULL)
        AND (failure_class IS NULL) = (failure_reason IS NULL)
    )
);
CREATE INDEX sources_by_repository ON sources (repository_id);
CREATE INDEX sources_by_environment ON sources (environment_id);

-- The baseline of every test of an environment. Lists of tests elsewhere are lists of these ordinals.
CREATE TABLE tests (
    environment_id  bigint NOT NULL REFERENCES environments,
    ordinal         integer NOT NULL CHECK (ordinal >= 0),
    node_id         text NOT NULL CHECK (node_id <> ''),
    status          test_status NOT NULL CHECK (status <> 'missing'),
    duration_ms     double precision NOT NULL CHECK (duration_ms >= 0),
    flaky           boolean NOT NULL,
    evidence        jsonb,
    PRIMARY KEY (environment_id, ordinal)
);
-- Node ids can be longer than what a btree entry may hold (parameters are part of them), so their digest is unique.
CREATE UNIQUE INDEX tests_have_unique_node_ids ON tests (environment_id, text_digest(node_id));

-- One proposed break of an environment's repository. The id is a function of its content, and sorts alike on
-- every server (COLLATE "C"), since exports are in this order.
CREATE TABLE candidates (
    id              text COLLATE "C" PRIMARY KEY CHECK (id <> ''),
    environment_id  bigint NOT NULL REFERENCES environments,
    strategy        text NOT NULL CHECK (strategy <> ''),
    file            text NOT NULL CHECK (file <> ''),
    entity          text NOT NULL,
    line            integer NOT NULL CHECK (line >= 1),
    patch           text NOT NULL CHECK (patch <> ''),
    seed            bigint NOT NULL,
    outcome         candidate_outcome,
    failure_class   failure_class,
    detail          text,
    evidence        jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    decided_at      timestamptz,
    CONSTRAINT decided_candidates_have_a_time CHECK ((outcome IS NULL) = (decided_at IS NULL)),
    CONSTRAINT undecided_candidates_have_no_failure CHECK (outcome IS NOT NULL OR failure_class IS NULL),
    CONSTRAINT accepted_candidates_have_no_failure CHECK (outcome IS DISTINCT FROM 'accepted' OR failure_class IS NULL),
    CONSTRAINT unusable_candidates_say_why CHECK (
        outcome NOT IN ('unviable', 'timeout', 'flaky', 'infra') OR (failure_class IS NOT NULL AND detail IS NOT NULL)
    )
);
CREATE UNIQUE INDEX candidates_are_unique_by_content ON candidates (environment_id, text_digest(patch));
CREATE INDEX candidates_by_outcome ON candidates (environment_id, outcome);

-- Which sources asked for a candidate: two sources may share an environment and draw the same candidate.
CREATE TABLE source_candidates (
    source_id     bigint NOT NULL REFERENCES sources,
    candidate_id  text COLLATE "C" NOT NULL REFERENCES candidates,
    PRIMARY KEY (source_id, candidate_id)
);
CREATE INDEX source_candidates_by_candidate ON source_candidates (candidate_id);

-- A candidate that validation accepted.
CREATE TABLE instances (
    candidate_id       text COLLATE "C" PRIMARY KEY REFERENCES candidates,
    fail_to_pass       integer[] NOT NULL CONSTRAINT instances_break_a_test
                       CHECK (cardinality(fail_to_pass) >= 1 AND array_ndims(fail_to_pass) = 1),
    pass_to_pass       integer[] NOT NULL CONSTRAINT instances_keep_a_test
                       CHECK (cardinality(pass_to_pass) >= 1 AND array_ndims(pass_to_pass) = 1),
    problem_statement  text NOT NULL CHECK (problem_statement <> ''),
    statement_style    text NOT NULL CHECK (statement_style <> ''),
    confirmations      integer NOT NULL CONSTRAINT instances_are_confirmed CHECK (confirmations >= 1),
    provenance         jsonb NOT NULL CHECK (jsonb_typeof(provenance) = 'object'),
    created_at         timestamptz NOT NULL DEFAULT now()
);

-- Every listed test exists in the candidate's environment, passes there, is not flaky, and is listed once.
CREATE FUNCTION instances_check_tests() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    listed integer[] := NEW.fail_to_pass || NEW.pass_to_pass;
    repeated integer;
    unknown integer;
    unfit record;
    home bigint;
BEGIN
    SELECT list.ordinal INTO repeated FROM unnest(listed) AS list (ordinal)
        GROUP BY list.ordinal HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'instance % lists test % more than once', NEW.candidate_id, repeated
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instances_list_a_test_once';
    END IF;

    SELECT environment_id INTO home FROM candidates WHERE id = NEW.candidate_id;
    SELECT list.ordinal INTO unknown
        FROM unnest(listed) AS list (ordinal)
        LEFT JOIN tests ON tests.environment_id = home AND tests.ordinal = list.ordinal
        WHERE tests.ordinal IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'instance % lists test %, which its environment does not have', NEW.candidate_id, unknown
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instances_list_known_tests';
    END IF;

    SELECT ordinal, status, flaky INTO unfit
        FROM tests JOIN unnest(listed) AS list (ordinal) USING (ordinal)
        WHERE environment_id = home AND (flaky OR status <> 'passed') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'instance % lists test %, which is no stable passing test (%, flaky %)',
            NEW.candidate_id, unfit.ordinal, unfit.status, unfit.flaky
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instances_list_stable_passing_tests';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER instances_check_tests BEFORE INSERT OR UPDATE ON instances
    FOR EACH ROW EXECUTE FUNCTION instances_check_tests();

-- A candidate is accepted if and only if it has an instance; looked at when the transaction commits, so that
-- both sides can be written in either order.
CREATE FUNCTION candidates_check_acceptance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    candidate text;
    accepted boolean;
BEGIN
    IF TG_TABLE_NAME = 'candidates' THEN
        candidate := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        candidate := OLD.candidate_id;
    ELSE
        candidate := NEW.candidate_id;
    END IF;
    SELECT outcome IS NOT DISTINCT FROM 'accepted' INTO accepted FROM candidates WHERE id = candidate;
    IF FOUND AND accepted <> EXISTS (SELECT FROM instances WHERE candidate_id = candidate) THEN
        RAISE EXCEPTION 'candidate % must have an instance exactly when it is accepted', candidate
            USING ERRCODE = 'check_violation', CONSTRAINT = 'accepted_candidates_are_instances';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER accepted_candidates_are_instances AFTER INSERT OR UPDATE OF outcome ON candidates
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION candidates_check_acceptance();
CREATE CONSTRAINT TRIGGER instances_are_accepted_candidates AFTER INSERT OR UPDATE OR DELETE ON instances
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION candidates_check_acceptance();

-- A built environment stays built and its baseline stays as it was measured, so what an instance lists cannot
-- change under it. (A rejected one may be measured again, and be built then.)
CREATE FUNCTION environments_stay_built() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.repository_id, NEW.digest, NEW.recipe, NEW.state, NEW.baseline)
       IS DISTINCT FROM
       (OLD.id, OLD.repository_id, OLD.digest, OLD.recipe, OLD.state, OLD.baseline) THEN
        RAISE EXCEPTION 'environment % is built and cannot change', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'environments_stay_built';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER environments_stay_built BEFORE UPDATE ON environments
    FOR EACH ROW WHEN (OLD.state = 'built') EXECUTE FUNCTION environments_stay_built();

CREATE FUNCTION tests_of_built_environments_stay() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    home environment_state;
BEGIN
    SELECT state INTO home FROM environments WHERE id = OLD.environment_id FOR UPDATE;
    IF home = 'built' THEN
        RAISE EXCEPTION 'the tests of environment % cannot change: it is built', OLD.environment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tests_of_built_environments_stay';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER tests_of_built_environments_stay BEFORE UPDATE OR DELETE ON tests
    FOR EACH ROW EXECUTE FUNCTION tests_of_built_environments_stay();

-- Only a built environment has candidates.
CREATE FUNCTION candidates_need_a_built_environment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    home bigint;
BEGIN
    SELECT id INTO home FROM environments
        WHERE state <> 'built' AND id IN (SELECT environment_id FROM added) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'environment % is not built and can have no candidates', home
            USING ERRCODE = 'check_violation', CONSTRAINT = 'candidates_need_a_built_environment';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER candidates_need_a_built_environment AFTER INSERT ON candidates REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION candidates_need_a_built_environment();

-- A candidate's content never changes: its id is made from it.
CREATE FUNCTION candidates_stay_as_they_are() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.environment_id, NEW.strategy, NEW.file, NEW.entity, NEW.line, NEW.patch, NEW.seed)
       IS DISTINCT FROM
       (OLD.id, OLD.environment_id, OLD.strategy, OLD.file, OLD.entity, OLD.line, OLD.patch, OLD.seed) THEN
        RAISE EXCEPTION 'the content of candidate % cannot change: its id is made from it', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'candidates_keep_their_content';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER candidates_stay_as_they_are BEFORE UPDATE ON candidates
    FOR EACH ROW EXECUTE FUNCTION candidates_stay_as_they_are();
