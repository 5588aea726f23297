//! The tokens that may be drawn, without sorting the vocabulary.

use std::cmp::Ordering;

use super::Sampling;

/// Likelier first; equally likely ones by number.
fn by_logit(logits: &[f32]) -> impl Fn(&u32, &u32) -> Ordering {
    |a: &u32, b: &u32| {
        let order = logits[*b as usize].total_cmp(&logits[*a as usize]);
        order.then(a.cmp(b))
    }
}

/// The `count` likeliest tokens, likeliest first.
pub(super) fn likeliest(logits: &[f32], count: usize) -> Vec<u32> {
    let mut tokens: Vec<u32> = (0u32..).zip(logits).map(|(token, _)| token).collect();
    keep_likeliest(&mut tokens, logits, count);
    tokens.sort_unstable_by(by_logit(logits));
    tokens
}

/// Keeps the `count` likeliest, in any order.
fn keep_likeliest(tokens: &mut Vec<u32>, logits: &[f32], count: usize) {
    if count == 0 {
        tokens.clear();
    } else if count < tokens.len() {
        tokens.select_nth_unstable_by(count - 1, by_logit(logits));
        tokens.truncate(count);
    }
}

/// The token with the largest logit, the smallest of equal ones; `None` when every logit is minus infinity.
pub(super) fn argmax(logits: &[f32]) -> Option<u32> {
    let mut best = None;
    let mut largest = f32::NEG_INFINITY;
    for (token, &logit) in (0u32..).zip(logits) {
        if logit > largest {
            largest = logit;
            best = Some(token);
        }
    }
    best
}

/// Draws a token from the distribution that temperature, top-k, top-p and min-p leave of the logits, with `chance` in [0, 1).
/// Candidates are walked in the order of their numbers, so that a change in the last digit of a logit seldom changes what is drawn.
pub(super) fn draw(logits: &[f32], sampling: &Sampling, chance: f64) -> Option<u32> {
    let largest = logits[argmax(logits)? as usize];
    let temperature = f64::from(sampling.temperature);
    let weight = |token: u32| (f64::from(logits[token as usize] - largest) / temperature).exp();
    // exp(-104) is 0 in single precision: what is this unlikely is never drawn. min-p compares with the likeliest, whose weight is 1.
    let least = f64::from(sampling.min_p).max((-104f64).exp());
    let mut tokens: Vec<u32> = (0u32..)
        .zip(logits)
        .filter(|&(token, _)| weight(token) >= least)
        .map(|(token, _)| token)
        .collect();
    if sampling.top_k > 0 {
        keep_likeliest(&mut tokens, logits, sampling.top_k);
    }
    if sampling.top_p < 1.0 {
        keep_nucleus(&mut tokens, logits, f64::from(sampling.top_p), &weight);
    }
    tokens.sort_unstable();
    let total: f64 = tokens.iter().map(|&token| weight(token)).sum();
    let mut rest = chance * total;
    for &token in &tokens {
        rest -= weight(token);
        if rest < 0.0 {
            return Some(token);
        }
    }
    // Rounding may leave a remainder at the very end.
    tokens.last().copied()
}

/// Keeps the smallest set of likeliest tokens that holds `share` of the probability. Nuclei are small: the likeliest few are sorted
/// first, and more only if they do not suffice.
fn keep_nucleus(tokens: &mut Vec<u32>, logits: &[f32], share: f64, weight: &impl Fn(u32) -> f64) {
    let wanted = share * tokens.iter().map(|&token| weight(token)).sum::<f64>();
    let mut size = 256;
    loop {
        let head = size.min(tokens.len());
        if head < tokens.len() {
            tokens.select_nth_unstable_by(head, by_logit(logits));
        }
        tokens[..head].sort_unstable_by(by_logit(logits));
        let mut sum = 0.0;
        let enough = tokens[..head].iter().position(|&token| {
            sum += weight(token);
            sum >= wanted
        });
        if let Some(last) = enough {
            return tokens.truncate(last + 1);
        }
        if head == tokens.len() {
            return;
        }
        size *= 8;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sampling(temperature: f32, top_k: usize, top_p: f32, min_p: f32) -> Sampling {
        Sampling {
            temperature,
            top_k,
            top_p,
            min_p,
            ..Sampling::default()
        }
    }

    /// How often each token is drawn over an even grid of chances: its probability, to one part in 10,000.
    fn shares(logits: &[f32], sampling: &Sampling) -> Vec<f64> {
        let mut shares = vec![0.0; logits.len()];
        for step in 0..10_000 {
            let token = draw(logits, sampling, (f64::from(step) + 0.5) / 10_000.0).unwrap();
            shares[token as usize] += 1e-4;
        }
        shares
    }

    #[test]
    fn shares_are_those_of_the_softmax_at_the_temperature() {
        let logits = [1.0f32, 3.0, 2.0, f32::NEG_INFINITY];
        for temperature in [0.5f32, 1.0, 2.0] {
            let weights: Vec<f64> = logits
                .iter()
                .map(|&logit| f64::from(logit / temperature).exp())
                .collect();
            let total: f64 = weights.iter().sum();
            let shares = shares(&logits, &sampling(temperature, 0, 1.0, 0.0));
            for (share, weight) in shares.iter().zip(&weights) {
                assert!((share - weight / total).abs() < 2e-4, "{shares:?}");
            }
        }
    }

    #[test]
    fn top_k_top_p_and_min_p_leave_the_likeliest_only() {
        // Probabilities 0.4, 0.3, 0.2, 0.1.
        let logits = [0.1f32, 0.3, 0.4, 0.2].map(f32::ln);
        let kept = |sampling: Sampling| {
            shares(&logits, &sampling)
                .iter()
                .map(|&share| share > 0.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(kept(sampling(1.0, 2, 1.0, 0.0)), [false, true, true, false]);
        assert_eq!(
            kept(sampling(1.0, 0, 0.65, 0.0)),
            [false, true, true, false]
        );
        assert_eq!(kept(sampling(1.0, 0, 0.75, 0.0)), [false, true, true, true]);
        assert_eq!(kept(sampling(1.0, 0, 1.0, 0.6)), [false, true, true, false]);
        // The likeliest is always left.
        assert_eq!(
            kept(sampling(1.0, 0, 0.01, 1.0)),
            [false, false, true, false]
        );
    }

    #[test]
    fn equal_logits_go_to_the_smallest_token() {
        assert_eq!(argmax(&[1.0, 5.0, 5.0]), Some(1));
        assert_eq!(argmax(&[f32::NEG_INFINITY; 3]), None);
        assert_eq!(likeliest(&[1.0, 5.0, 5.0], 2), [1, 2]);
    }

    proptest! {
        #[test]
        fn a_large_nucleus_is_that_of_a_full_sort(seed in 0u64..1000, share in 0.05f64..0.999) {
            let count = 3000u32;
            let logits: Vec<f32> = (0..count).map(|token| {
                let hash = (u64::from(token) + 1).wrapping_mul(seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15));
                f32::from(u16::try_from(hash >> 48).unwrap_or_default()) / 20_000.0
            }).collect();
            let weight = |token: u32| f64::from(logits[token as usize]).exp();
            let mut sorted: Vec<u32> = (0..count).collect();
            sorted.sort_by(by_logit(&logits));
            let total: f64 = sorted.iter().map(|&token| weight(token)).sum();
            let mut sum = 0.0;
            let size = 1 + sorted.iter().position(|&token| { sum += weight(token); sum >= share * total }).unwrap_or(sorted.len() - 1);
            let mut kept: Vec<u32> = (0..count).collect();
            keep_nucleus(&mut kept, &logits, share, &weight);
            prop_assert!(kept.len().abs_diff(size) <= 1, "{} {}", kept.len(), size);
            let common = kept.len().min(size);
            prop_assert_eq!(&kept[..common], &sorted[..common]);
        }
    }
}
