//! What only the Docker backend promises.

mod images;
mod life;
mod protection;
mod speed;
