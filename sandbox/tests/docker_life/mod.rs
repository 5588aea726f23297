//! What only the Docker backend promises.

mod faults;
mod images;
mod life;
mod protection;
mod speed;
