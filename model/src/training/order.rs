//! In which order documents are seen, and how far that has gone.

use serde::{Deserialize, Serialize};

use super::random::Random;

/// A position in an endless series of epochs, each in a random order of its own. It is all that a checkpoint keeps of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    seed: u64,
    count: usize,
    epoch: u64,
    position: usize,
    /// The order of the current epoch, made when it is needed.
    #[serde(skip)]
    permutation: Vec<usize>,
}

impl Order {
    /// The order of `count` documents under a seed.
    pub fn new(seed: u64, count: usize) -> Self {
        Self {
            seed,
            count,
            epoch: 0,
            position: 0,
            permutation: Vec::new(),
        }
    }

    /// How many whole epochs are done.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many documents there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The index of the next document; `None` if there are none.
    pub fn next_index(&mut self) -> Option<usize> {
        if self.count == 0 {
            return None;
        }
        if self.position >= self.count {
            self.epoch += 1;
            self.position = 0;
            self.permutation.clear();
        }
        if self.permutation.is_empty() {
            self.permutation = (0..self.count).collect();
            Random::new(self.seed ^ self.epoch.wrapping_mul(0xA076_1D64_78BD_642F))
                .shuffle(&mut self.permutation);
        }
        let index = self.permutation[self.position];
        self.position += 1;
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(order: &mut Order, count: usize) -> Vec<usize> {
        (0..count).filter_map(|_| order.next_index()).collect()
    }

    #[test]
    fn every_epoch_has_every_document_once_in_another_order() {
        let mut order = Order::new(3, 20);
        let (first, second) = (take(&mut order, 20), take(&mut order, 20));
        assert_ne!(first, second);
        for mut epoch in [first, second] {
            epoch.sort_unstable();
            assert_eq!(epoch, (0..20).collect::<Vec<_>>());
        }
        assert_eq!(order.epoch(), 1);
    }

    #[test]
    fn an_order_that_was_saved_goes_on_where_it_was() {
        let mut order = Order::new(3, 20);
        take(&mut order, 27);
        let mut restored: Order =
            serde_json::from_str(&serde_json::to_string(&order).unwrap()).unwrap();
        assert_eq!(take(&mut restored, 30), take(&mut order, 30));
    }

    #[test]
    fn no_documents_are_no_endless_loop() {
        assert_eq!(Order::new(1, 0).next_index(), None);
    }
}
