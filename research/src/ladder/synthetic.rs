//! Ladders made of known curves, to see whether a fit finds them again.

use std::collections::BTreeMap;

use super::curve::{Curve, PowerLaw, Sigmoid};
use super::random::Random;
use super::runs::{Observation, Role};
use super::scale::Scale;

/// A task whose curves are known.
#[derive(Debug, Clone)]
pub struct SyntheticTask {
    /// Its name.
    pub name: String,
    /// a, b, α, β, E of the loss by size and tokens.
    pub law: [f64; 5],
    /// a, L0, k, b of the accuracy by loss.
    pub link: [f64; 4],
}

/// What to make.
#[derive(Debug, Clone)]
pub struct Synthetic {
    /// The tasks.
    pub tasks: Vec<SyntheticTask>,
    /// Parameters of each rung.
    pub sizes: Vec<f64>,
    /// Tokens for each parameter in each run of a rung.
    pub ratios: Vec<f64>,
    /// Runs that are marked as targets.
    pub targets: Vec<Scale>,
    /// Checkpoints a run.
    pub checkpoints: u32,
    /// Standard deviation of ln loss, and a third of it in accuracy, from checkpoint to checkpoint.
    pub noise: f64,
    /// Names the noise.
    pub seed: u64,
}

impl Synthetic {
    /// Four rungs of four runs each, as in the paper, with two tasks like MMLU and `HellaSwag` and a 7B target.
    pub fn example() -> Self {
        let task = |name: &str, law, link| SyntheticTask {
            name: name.to_owned(),
            law,
            link,
        };
        Self {
            tasks: vec![
                task(
                    "knowledge",
                    [3.6, 4.6, 0.22, 0.24, 0.45],
                    [-0.74, 0.62, 4.8, 1.0],
                ),
                task(
                    "completion",
                    [2.4, 4.1, 0.2, 0.26, 0.5],
                    [-0.73, 0.77, 12.7, 0.99],
                ),
            ],
            sizes: vec![1.9e8, 3.7e8, 7.6e8, 1.3e9],
            ratios: vec![20.0, 40.0, 100.0, 200.0],
            targets: vec![Scale::new(7e9, 4e12)],
            checkpoints: 20,
            noise: 0.0,
            seed: 0,
        }
    }

    /// The rows of the long table.
    ///
    /// A checkpoint's loss is what its tokens give, as if each were the end of its own run.
    pub fn observations(&self) -> Vec<Observation> {
        let run = |size: f64, ratio: f64| (Scale::new(size, size * ratio), Role::Fit);
        let runs = self
            .sizes
            .iter()
            .flat_map(|&size| self.ratios.iter().map(move |&r| run(size, r)));
        let targets = self.targets.iter().map(|&scale| (scale, Role::Target));
        let mut rows = Vec::new();
        for (index, (scale, role)) in runs.chain(targets).enumerate() {
            let mut random = Random::new(self.seed, index as u64);
            for step in 1..=self.checkpoints {
                for task in &self.tasks {
                    rows.push(self.row(task, scale, role, step, &mut random));
                }
            }
        }
        rows
    }

    fn row(
        &self,
        task: &SyntheticTask,
        scale: Scale,
        role: Role,
        step: u32,
        random: &mut Random,
    ) -> Observation {
        let rung = crate::chart::magnitude(scale.parameters);
        let run = format!("{rung}-{}", crate::chart::magnitude(scale.tokens));
        // The last checkpoints crowd at the end, so that their mean is the end's value.
        let part =
            (f64::from(step) / f64::from(self.checkpoints.saturating_sub(4).max(1))).min(1.0);
        let tokens = scale.tokens * part;
        let clean = PowerLaw::value(&task.law, Scale::new(scale.parameters, tokens).log());
        let loss = clean * (self.noise * random.normal()).exp();
        let accuracy = Sigmoid::value(&task.link, loss) + self.noise / 3.0 * random.normal();
        Observation {
            run,
            rung: Some(rung),
            role,
            parameters: scale.parameters,
            tokens,
            step: Some(f64::from(step)),
            task: task.name.clone(),
            loss: Some(loss),
            accuracy: Some(accuracy.clamp(0.0, 1.0)),
            features: BTreeMap::new(),
            place: "a synthetic ladder".to_owned(),
        }
    }
}
