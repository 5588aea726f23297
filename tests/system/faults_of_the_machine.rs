//! What befalls the machine: kills, a Postgres that goes away, a full disk, two workers at once.
