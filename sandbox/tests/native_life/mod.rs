//! What only the native backend promises.

mod missing_means;
mod older_kernels;
mod ordinary_user;
mod remains;
mod speed;
mod templates;
