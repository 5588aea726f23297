//! What only the native backend promises.

mod another_system;
mod missing_means;
mod older_kernels;
mod ordinary_user;
mod remains;
mod speed;
mod templates;
