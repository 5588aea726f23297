//! scratch
use swemill_research::envelope::{family::*, parameters::*, count::*};
fn main() {
    let m = Multiplier::new(-3, 2).unwrap();
    let c = float_counts(&Family::new(m, 0.0, 0.0, 0.9985));
    println!("{:?}\n{:?}", &c.nodes.undecided[..6], c.cusps.simple);
    println!("{:?}", c.infinity.simple);
}
