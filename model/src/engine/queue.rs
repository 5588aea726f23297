//! Requests that wait for their turn.
//!
//! Higher priorities go first. Among the same priority, the tenant that was served least goes next: a virtual counter of tokens a
//! tenant, lifted to the least of the active ones when a tenant comes back, so that nobody saves up while idle (Sheng et al.,
//! "Fairness in Serving Large Language Models", OSDI 2024). A tenant's own requests keep their order.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

/// What the queue needs to know of its entries.
pub(super) trait Queued {
    /// Larger goes first.
    fn priority(&self) -> i32;
    /// Whose it is.
    fn tenant(&self) -> &str;
    /// Smaller came earlier.
    fn arrival(&self) -> u64;
}

/// Waiting requests and what each tenant was served.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// By arrival.
    waiting: BTreeMap<u64, T>,
    served: HashMap<String, u64>,
}

impl<T: Queued> Queue<T> {
    pub(super) fn new() -> Self {
        Self {
            waiting: BTreeMap::new(),
            served: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Adds a request. `active` are the tenants that are being served, besides those that wait.
    pub(super) fn push<'a>(&mut self, entry: T, active: impl Iterator<Item = &'a str>) {
        let mut is_active = false;
        let mut least = None;
        let mut see = |tenant: &str| {
            let served = self.served.get(tenant).copied().unwrap_or_default();
            is_active |= tenant == entry.tenant();
            least = Some(least.map_or(served, |least: u64| least.min(served)));
        };
        self.waiting.values().map(Queued::tenant).for_each(&mut see);
        active.for_each(&mut see);
        match least {
            // Nobody is active: old debts are forgotten, and the map does not grow with every tenant that ever was.
            None => self.served.clear(),
            Some(least) if !is_active => {
                let served = self.served.entry(entry.tenant().to_owned()).or_default();
                *served = least.max(*served);
            }
            Some(_) => {}
        }
        self.waiting.insert(entry.arrival(), entry);
    }

    /// Counts tokens that a tenant was served.
    pub(super) fn charge(&mut self, tenant: &str, tokens: usize) {
        match self.served.get_mut(tenant) {
            Some(served) => *served += tokens as u64,
            None => {
                self.served.insert(tenant.to_owned(), tokens as u64);
            }
        }
    }

    /// The arrivals of the waiting requests, next first.
    pub(super) fn order(&self) -> Vec<u64> {
        let mut order: Vec<(_, u64)> = self
            .waiting
            .values()
            .map(|entry| {
                let served = self.served.get(entry.tenant()).copied().unwrap_or_default();
                ((Reverse(entry.priority()), served), entry.arrival())
            })
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(_, arrival)| arrival).collect()
    }

    /// A waiting request.
    pub(super) fn get(&self, arrival: u64) -> Option<&T> {
        self.waiting.get(&arrival)
    }

    /// Takes out a request.
    pub(super) fn remove(&mut self, arrival: u64) -> Option<T> {
        self.waiting.remove(&arrival)
    }

    /// Takes out all that satisfy a condition.
    pub(super) fn take_if(&mut self, condition: impl Fn(&T) -> bool) -> Vec<T> {
        self.waiting
            .extract_if(.., |_, entry| condition(entry))
            .map(|(_, entry)| entry)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Entry(i32, &'static str, u64);

    impl Queued for Entry {
        fn priority(&self) -> i32 {
            self.0
        }
        fn tenant(&self) -> &str {
            self.1
        }
        fn arrival(&self) -> u64 {
            self.2
        }
    }

    fn next(queue: &mut Queue<Entry>) -> (&'static str, u64) {
        let entry = queue.remove(queue.order()[0]).unwrap();
        queue.charge(entry.1, 100);
        (entry.1, entry.2)
    }

    #[test]
    fn a_tenant_with_many_requests_does_not_hold_up_one_with_few() {
        let mut queue = Queue::new();
        for arrival in 0..4 {
            queue.push(Entry(0, "many", arrival), std::iter::empty());
        }
        queue.push(Entry(0, "few", 4), std::iter::empty());
        queue.push(Entry(0, "few", 5), std::iter::empty());
        let order: Vec<_> = (0..6).map(|_| next(&mut queue)).collect();
        assert_eq!(
            order,
            [
                ("many", 0),
                ("few", 4),
                ("many", 1),
                ("few", 5),
                ("many", 2),
                ("many", 3)
            ]
        );
    }

    #[test]
    fn priority_goes_before_fairness_and_idle_time_saves_nothing_up() {
        let mut queue = Queue::new();
        queue.push(Entry(0, "busy", 0), std::iter::empty());
        assert_eq!(next(&mut queue), ("busy", 0));
        queue.push(Entry(0, "busy", 1), ["busy"].into_iter());
        queue.charge("busy", 1000);
        // It was idle while the other was served 1,100 tokens: it starts level, and the earlier request goes first.
        queue.push(Entry(0, "late", 2), ["busy"].into_iter());
        queue.push(Entry(1, "busy", 3), ["busy"].into_iter());
        assert_eq!(next(&mut queue), ("busy", 3));
        assert_eq!(next(&mut queue), ("late", 2));
    }
}
