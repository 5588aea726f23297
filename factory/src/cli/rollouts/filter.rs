//! Which rollouts are meant: flags shared by every verb that reads them.

use clap::{Args, ValueEnum};
use swemill_store::rollouts::{RolloutFilter, RolloutOutcome, RolloutPolicy};

/// Which rollouts are meant.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct FilterArguments {
    /// Only of this campaign
    #[arg(long, value_name = "N")]
    campaign: Option<i64>,
    /// Only of this model
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// Only of this policy
    #[arg(long, value_enum, value_name = "POLICY")]
    policy: Option<Policy>,
    /// Only at these instances, comma-separated
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    instances: Option<Vec<String>>,
    /// Only of this source, owner/name or name
    #[arg(long, value_name = "SOURCE")]
    repository: Option<String>,
    /// Only those that resolve their instance
    #[arg(long)]
    resolved: bool,
    /// Only those with a step that has these words ("a phrase", -without)
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
}

/// Where decisions came from.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// A language model
    Model,
    /// The script that knows the repair
    Expert,
    /// A recorded trajectory
    Replay,
}

impl From<Policy> for RolloutPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Model => Self::Model,
            Policy::Expert => Self::Expert,
            Policy::Replay => Self::Replay,
        }
    }
}

impl FilterArguments {
    pub(in crate::cli) fn into_filter(self) -> RolloutFilter {
        RolloutFilter {
            campaign_id: self.campaign,
            model: self.model,
            policy: self.policy.map(RolloutPolicy::from),
            instance_ids: self.instances,
            repository: self.repository,
            outcome: self.resolved.then_some(RolloutOutcome::Resolved),
            search: self.search,
            ..RolloutFilter::default()
        }
    }

    /// The flags that say the same again.
    pub(in crate::cli) fn as_flags(&self) -> Vec<(&'static str, String)> {
        let policy = self.policy.map(RolloutPolicy::from);
        let flags = [
            ("campaign", self.campaign.map(|number| number.to_string())),
            ("model", self.model.clone()),
            ("policy", policy.map(|policy| policy.as_str().to_owned())),
            (
                "instances",
                (self.instances.as_ref()).map(|list| list.join(",")),
            ),
            ("repository", self.repository.clone()),
            ("resolved", self.resolved.then(String::new)),
            ("search", self.search.clone()),
        ];
        let given = flags.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
