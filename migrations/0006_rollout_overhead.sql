-- What an attempt took beside its model and its commands, of the worker that ended it. docs/ROLLOUTS.md has the words.
ALTER TABLE rollouts
    ADD COLUMN waiting_seconds    double precision NOT NULL DEFAULT 0,
    ADD COLUMN sealing_seconds    double precision NOT NULL DEFAULT 0,
    ADD COLUMN sandbox_seconds    double precision NOT NULL DEFAULT 0,
    ADD COLUMN harness_seconds    double precision NOT NULL DEFAULT 0,
    ADD COLUMN processor_seconds  double precision NOT NULL DEFAULT 0;
