//! Choosing among all sites, by seed.
//!
//! Every site has a draw: the first eight bytes of the digest of the seed, the file's path and the change.
//! From the draws comes one order over all sites, in three steps:
//!
//! 1. within a strategy and an entity, sites are numbered by their draws;
//! 2. within a strategy and a file, they are ordered by that number, then by draw, and numbered again;
//! 3. within a strategy, they are ordered by the second number, then by draw, and numbered a third time.
//!
//! The order is by the third number, then by draw. Read from its start it takes the strategies in turn; a
//! strategy takes its files in turn; a file takes its entities in turn. A run walks the order, passes over
//! sites that are unfit or whose file or entity has had its share, and stops when it has enough. The order
//! depends on sources, options and seed, and on nothing else.

use sha2::{Digest as _, Sha256};

use crate::sites::Site;

/// A site, as small as it can be kept: a run holds one for every site of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) draw: u64,
    pub(crate) file: u32,
    pub(crate) entity: u32,
    /// The site's place among all of its file.
    pub(crate) site: u32,
    pub(crate) operator: u16,
}

/// The draw of a site.
pub(crate) fn draw(seed: u64, path: &str, site: &Site<'_>) -> u64 {
    let mut digest = Sha256::new();
    digest.update(seed.to_le_bytes());
    digest.update(path.as_bytes());
    digest.update(site.change.digest);
    let digest = digest.finalize();
    u64::from_le_bytes(
        digest[..8]
            .try_into()
            .expect("a digest has more than eight bytes"),
    )
}

/// Puts all sites in the order described above. Files must be numbered in order of their paths.
pub(crate) fn order(keys: Vec<Key>) -> Vec<Key> {
    let mut numbered: Vec<(u32, Key)> = keys.into_iter().map(|key| (0, key)).collect();
    number(&mut numbered, |key| (key.operator, key.file, key.entity));
    number(&mut numbered, |key| (key.operator, key.file, 0));
    number(&mut numbered, |key| (key.operator, 0, 0));
    numbered
        .sort_unstable_by_key(|(turn, key)| (*turn, key.draw, key.operator, key.file, key.site));
    numbered.into_iter().map(|(_, key)| key).collect()
}

/// Numbers the sites of each group by the number that they have, then by draw.
fn number(sites: &mut [(u32, Key)], group: impl Fn(&Key) -> (u16, u32, u32)) {
    sites.sort_unstable_by_key(|(turn, key)| (group(key), *turn, key.draw, key.site));
    for group in sites.chunk_by_mut(|(_, left), (_, right)| group(left) == group(right)) {
        for (turn, (number, _)) in (0..).zip(group) {
            *number = turn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(operator: u16, file: u32, entity: u32, site: u32) -> Key {
        // Some fixed draw that has nothing to do with the order of the sites.
        let draw = u64::from(site).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(file) << 7;
        Key {
            draw,
            file,
            entity,
            site,
            operator,
        }
    }

    fn many() -> Vec<Key> {
        (0..200)
            .map(|site| key(u16::from(site % 10 != 0), site / 50, site % 4, site))
            .collect()
    }

    #[test]
    fn the_order_of_the_input_does_not_show() {
        let mut backwards = many();
        backwards.reverse();
        assert_eq!(order(many()), order(backwards));
    }

    #[test]
    fn strategies_files_and_entities_take_turns() {
        let order = order(many());
        let rare = order
            .iter()
            .take(20)
            .filter(|key| key.operator == 0)
            .count();
        assert_eq!(
            rare, 10,
            "one site of the rare strategy for each of the common one"
        );
        let common: Vec<_> = order.iter().filter(|key| key.operator == 1).collect();
        for four in common.chunks(4).take(10) {
            let files: std::collections::BTreeSet<_> = four.iter().map(|key| key.file).collect();
            assert_eq!(files.len(), 4, "one site of every file in each turn");
        }
        let of_one_file: Vec<_> = common.iter().filter(|key| key.file == 0).collect();
        let entities: std::collections::BTreeSet<_> =
            of_one_file[..4].iter().map(|key| key.entity).collect();
        assert_eq!(entities.len(), 4, "one site of every entity in each turn");
    }
}
