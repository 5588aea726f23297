//! What only the native backend promises.

mod ordinary_user;
mod remains;
mod speed;
