//! What only the native backend promises.

mod older_kernels;
mod ordinary_user;
mod remains;
mod speed;
