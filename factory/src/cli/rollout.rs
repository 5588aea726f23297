//! `swemill rollout`: attempts of an agent at instances.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;
use swemill_agent::{AttemptLimits, Dialect, Interface};
use swemill_environment::TESTBED;
use swemill_store::instances::{self, InstanceFilter};
use swemill_store::rollouts::{RolloutPolicy, campaigns, summary};

use super::instances::FilterArguments;
use super::output::{Output, counted};
use super::{exit, rollouts, work};
use crate::rollouts::accounts;
use crate::rollouts::campaign::{Campaign, Options};
use crate::rollouts::queue;
use crate::service::Service;
use crate::settings::Settings;
use crate::worker::Stopped;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model: as its server calls it, or a model of the store, a folder or a GGUF
    #[arg(long, value_name = "M")]
    model: Option<String>,
    /// A server with the chat-completions interface, up to and including /v1; without one the model runs in workers
    #[arg(long, value_name = "URL", requires = "model")]
    endpoint: Option<String>,
    /// The environment variable that holds the server's key; the key itself is not kept
    #[arg(long, value_name = "NAME", default_value = "OPENAI_API_KEY")]
    key_variable: String,
    /// Who decides: a language model, the scripted expert that knows the repair, or a recording
    #[arg(long, value_enum, default_value_t = Policy::Lm)]
    policy: Policy,
    /// The campaign whose attempts are replayed
    #[arg(long, value_name = "CAMPAIGN")]
    replay: Option<i64>,
    /// Only these instances: ids, comma-separated; a * at the end stands for any rest
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    instances: Option<Vec<String>>,
    /// At most N instances, by id
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    filter: FilterArguments,
    /// Attempts at each instance
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
    /// Sampling temperature
    #[arg(long, value_name = "T", default_value_t = 0.0)]
    temperature: f64,
    /// Each attempt's own seed is drawn from this
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// The notation: mini, mini-tool-calls, mini-fenced, swe-agent, swe-agent-function-calling, swe-agent-xml,
    /// swe-agent-thought-action
    #[arg(long, value_name = "NAME", default_value = "mini", value_parser = dialect)]
    interface: Dialect,
    /// A folder of templates in place of built-in ones; workers need it, too
    #[arg(long, value_name = "DIR")]
    templates: Option<PathBuf>,
    /// Leave the tests that judge the repair in the repository
    #[arg(long)]
    keep_tests: bool,
    #[command(flatten)]
    limits: LimitArguments,
    /// Attempts that are in flight in this process (default: as memory and processors allow)
    #[arg(long, value_name = "N")]
    in_flight: Option<usize>,
    /// Work on rollouts until none is left, and sum up
    #[arg(long)]
    until_idle: bool,
    #[command(flatten)]
    workers: work::WorkerArguments,
}

/// What one attempt may use.
#[derive(Debug, Args)]
struct LimitArguments {
    /// Answers of the model in one attempt
    #[arg(long, value_name = "N", default_value_t = 250)]
    max_steps: usize,
    /// Tokens of all queries and answers of one attempt
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// US dollars of one attempt
    #[arg(long, value_name = "USD", default_value_t = 3.0)]
    max_cost: f64,
    /// Seconds of model and commands in one attempt
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    max_seconds: u64,
    /// Seconds of one command
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    command_seconds: u64,
    /// Tokens of one answer
    #[arg(long, value_name = "N")]
    answer_tokens: Option<u64>,
    /// Tokens of conversation at which old observations are left out
    #[arg(long, value_name = "N")]
    context_tokens: Option<u64>,
    /// US dollars for a million tokens: conversation, cached conversation, answer
    #[arg(long, value_name = "USD,USD,USD", value_delimiter = ',', num_args = 3)]
    prices: Option<Vec<f64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policy {
    Lm,
    Expert,
    Replay,
}

fn dialect(name: &str) -> Result<Dialect, String> {
    match name {
        "mini" => Ok(Dialect::MiniToolCalls),
        "swe-agent" => Ok(Dialect::SweAgentFunctionCalling),
        name => name
            .parse()
            .map_err(|error: swemill_agent::interface::UnknownDialect| error.to_string()),
    }
}

impl Arguments {
    pub(super) fn overrides(&self) -> Vec<String> {
        let in_flight = self.in_flight.iter().map(|n| format!("rollouts={n}"));
        self.workers
            .overrides()
            .into_iter()
            .chain(in_flight)
            .collect()
    }

    async fn campaign(&self, service: &Service) -> anyhow::Result<Campaign> {
        let (policy, model, dialect) = match (self.policy, &self.model, self.replay) {
            (Policy::Expert, None, None) => {
                (RolloutPolicy::Expert, "expert".to_owned(), self.interface)
            }
            (Policy::Expert, ..) => {
                bail!("the expert is no model and no recording; leave --model and --replay out")
            }
            (Policy::Replay, None, Some(id)) => {
                let Some(recorded) = campaigns::get(service.pool(), id).await? else {
                    bail!("there is no campaign {id}; `swemill rollouts` lists all");
                };
                let name = format!("replay:{}", recorded.asked.model);
                (
                    RolloutPolicy::Replay,
                    name,
                    recorded.asked.interface.parse()?,
                )
            }
            (Policy::Replay, ..) => bail!(
                "a replay needs --replay CAMPAIGN and no --model; `swemill rollouts` lists campaigns"
            ),
            (Policy::Lm, Some(model), None) => {
                (RolloutPolicy::Model, model.clone(), self.interface)
            }
            (Policy::Lm, ..) => bail!(
                "name a model with --model, and its server with --endpoint unless it runs here; or try --policy expert"
            ),
        };
        if !(0.0..=100.0).contains(&self.temperature) {
            bail!(
                "a temperature is a number from 0 to 100, not {}",
                self.temperature
            );
        }
        let is_model = policy == RolloutPolicy::Model;
        let templates = self
            .templates
            .as_ref()
            .map(std::path::absolute)
            .transpose()?;
        let interface = Interface::new(dialect, TESTBED, templates.as_deref())?;
        let limits = &self.limits;
        let options = Options {
            endpoint: self.endpoint.clone(),
            key_variable: self.endpoint.is_some().then(|| self.key_variable.clone()),
            replayed: self.replay,
            temperature: is_model.then_some(self.temperature),
            seed: self.seed,
            prices: match limits.prices.as_deref() {
                Some(&[prompt, cached, completion]) => [prompt, cached, completion],
                _ => [0.0; 3],
            },
            templates,
            templates_sha256: interface.templates_digest().to_owned(),
            hide_tests: !self.keep_tests,
            steps: limits.max_steps,
            wall_seconds: limits.max_seconds,
            command_seconds: limits.command_seconds,
            tokens: limits.max_tokens,
            cost: Some(limits.max_cost),
            answer_tokens: limits
                .answer_tokens
                .or(AttemptLimits::default().answer_tokens),
            context_tokens: limits.context_tokens,
        };
        Ok(Campaign {
            policy,
            model,
            dialect,
            options,
        })
    }

    async fn instances(&mut self, service: &Service) -> anyhow::Result<Vec<String>> {
        let filter: InstanceFilter = std::mem::take(&mut self.filter).into_filter()?;
        let mut ids = instances::ids(service.pool(), &filter).await?;
        if let Some(wanted) = &self.instances {
            let fits = |pattern: &String, id: &String| match pattern.strip_suffix('*') {
                Some(beginning) => id.starts_with(beginning),
                None => id == pattern,
            };
            if let Some(unknown) = wanted
                .iter()
                .find(|pattern| !ids.iter().any(|id| fits(pattern, id)))
            {
                bail!(
                    "there is no instance {unknown} among those that the filter admits; `swemill instances` lists all"
                );
            }
            ids.retain(|id| wanted.iter().any(|pattern| fits(pattern, id)));
        }
        ids.truncate(self.limit.unwrap_or(usize::MAX));
        if ids.is_empty() {
            bail!("there are no such instances; `swemill run SOURCE` makes some");
        }
        Ok(ids)
    }
}

pub(super) async fn run(
    mut arguments: Arguments,
    settings: Settings,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let service = Service::open(settings).await?;
    let campaign = arguments.campaign(&service).await?;
    let ids = arguments.instances(&service).await?;
    let alike = campaign.options.temperature == Some(0.0) && arguments.attempts > 1;
    if alike {
        output.note("at temperature 0 all attempts of a model at an instance are much alike; --temperature sets it");
    }
    let asked = queue(&service, &campaign, &ids, arguments.attempts).await?;
    output.note(format_args!(
        "campaign {}: {}, {} tried again, of {}",
        asked.campaign_id,
        counted(asked.new, "new rollout"),
        asked.retried,
        counted(ids.len(), "instance")
    ));
    if !arguments.until_idle {
        output.note("`swemill work` or --until-idle works on them");
        service.close().await?;
        if output.is_json() {
            output.document(&asked)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let stopped = work::until(&service, work::Jobs::Rollouts, true, output).await?;
    let rows = summary::by_instance(service.pool(), Some(asked.campaign_id), None).await?;
    service.close().await?;
    let accounts = accounts::by_campaign(&rows);
    if output.is_json() {
        output.document(&json!({ "asked": asked, "accounts": accounts, "instances": rows }))?;
    } else {
        rollouts::show_accounts(&accounts, output);
    }
    let failed = accounts.iter().any(|account| account.failed > 0);
    Ok(match stopped {
        Stopped::Interrupted => ExitCode::from(exit::INTERRUPTED),
        Stopped::Idle if failed => ExitCode::from(exit::DISAPPOINTED),
        Stopped::Idle => ExitCode::SUCCESS,
    })
}
