//! `GET /metrics`: counters in Prometheus' text format, version 0.0.4.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Service;
use crate::{
    Host,
    engine::{BINS, Histogram},
};

/// Responses by path and status.
#[derive(Debug, Default)]
pub(super) struct HttpMetrics {
    responses: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// Counts the responses of everything behind it.
pub(super) async fn count(
    State(service): State<Service>,
    request: Request,
    next: Next,
) -> Response {
    let path = known(request.uri().path());
    let response = next.run(request).await;
    let responses = service.http().responses.lock();
    let mut responses = responses.unwrap_or_else(PoisonError::into_inner);
    *responses
        .entry((path, response.status().as_u16()))
        .or_default() += 1;
    drop(responses);
    response
}

/// Labels are few: whatever else a client asks for is one path.
fn known(path: &str) -> &'static str {
    const PATHS: [&str; 6] = [
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/models",
        "/health",
        "/metrics",
    ];
    PATHS
        .into_iter()
        .find(|known| path == *known)
        .unwrap_or("other")
}

/// Shows all counters.
pub(super) async fn show(State(service): State<Service>) -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "text/plain; version=0.0.4")],
        text(&service),
    )
}

fn text(service: &Service) -> String {
    let mut page = Page::default();
    page.family(
        "swemill_http_responses_total",
        "counter",
        "Responses by path and status",
    );
    let responses = service.http().responses.lock();
    let responses = responses.unwrap_or_else(PoisonError::into_inner);
    for ((path, status), count) in responses.iter() {
        page.line(
            "swemill_http_responses_total",
            &format!("path=\"{path}\",status=\"{status}\""),
            count,
        );
    }
    drop(responses);
    for (name, kind, help, read) in FAMILIES {
        page.family(name, kind, help);
        for host in service.hosts() {
            page.line(name, &label(host), read(host));
        }
    }
    for (name, help, read) in HISTOGRAMS {
        page.family(name, "histogram", help);
        for host in service.hosts() {
            page.histogram(name, &label(host), read(host));
        }
    }
    page.0
}

type Read = fn(&Host) -> u64;
type ReadHistogram = fn(&Host) -> &Histogram;

const FAMILIES: [(&str, &str, &str, Read); 17] = [
    (
        "swemill_requests_waiting",
        "gauge",
        "Requests that wait for their turn",
        |host| host.engine().metrics().waiting() as u64,
    ),
    (
        "swemill_requests_running",
        "gauge",
        "Sequences that are being answered",
        |host| host.engine().metrics().running() as u64,
    ),
    (
        "swemill_requests_completed_total",
        "counter",
        "Answers that came to their end",
        |host| host.engine().metrics().completed.get(),
    ),
    (
        "swemill_requests_failed_total",
        "counter",
        "Requests that failed",
        |host| host.engine().metrics().failed.get(),
    ),
    (
        "swemill_requests_cancelled_total",
        "counter",
        "Requests whose client left",
        |host| host.engine().metrics().cancelled.get(),
    ),
    (
        "swemill_requests_refused_total",
        "counter",
        "Requests refused because too many waited",
        |host| host.engine().metrics().refused.get(),
    ),
    (
        "swemill_preemptions_total",
        "counter",
        "Sequences that gave their blocks to another one",
        |host| host.engine().metrics().preemptions.get(),
    ),
    (
        "swemill_steps_total",
        "counter",
        "Steps of the model",
        |host| host.engine().metrics().steps.get(),
    ),
    (
        "swemill_step_rows_total",
        "counter",
        "Rows of all steps",
        |host| host.engine().metrics().rows.get(),
    ),
    (
        "swemill_prompt_tokens_total",
        "counter",
        "Tokens of prompts",
        |host| host.engine().metrics().prompt_tokens.get(),
    ),
    (
        "swemill_cached_tokens_total",
        "counter",
        "Tokens of prompts that were found in the prefix cache",
        |host| host.engine().metrics().cached_tokens.get(),
    ),
    (
        "swemill_answer_tokens_total",
        "counter",
        "Tokens of answers",
        |host| host.engine().metrics().answer_tokens.get(),
    ),
    (
        "swemill_guessed_tokens_total",
        "counter",
        "Tokens guessed ahead",
        |host| host.engine().metrics().guessed_tokens.get(),
    ),
    (
        "swemill_accepted_tokens_total",
        "counter",
        "Guessed tokens that were right",
        |host| host.engine().metrics().accepted_tokens.get(),
    ),
    (
        "swemill_cache_blocks",
        "gauge",
        "Blocks of keys and values",
        |host| host.engine().metrics().occupancy().total as u64,
    ),
    (
        "swemill_cache_blocks_used",
        "gauge",
        "Blocks that sequences use",
        |host| host.engine().metrics().occupancy().used as u64,
    ),
    (
        "swemill_cache_evictions_total",
        "counter",
        "Kept blocks that were given away",
        |host| host.engine().metrics().occupancy().evictions,
    ),
];

const HISTOGRAMS: [(&str, &str, ReadHistogram); 2] = [
    (
        "swemill_first_token_seconds",
        "From a request to its first token",
        |host| &host.engine().metrics().first_token,
    ),
    (
        "swemill_answer_seconds",
        "From a request to the end of its answer",
        |host| &host.engine().metrics().duration,
    ),
];

fn label(host: &Host) -> String {
    let name = host
        .name()
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!("model=\"{name}\"")
}

/// The page; writing to a `String` does not fail.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    fn histogram(&mut self, name: &str, labels: &str, histogram: &Histogram) {
        let counts = histogram.cumulative();
        let bucket = format!("{name}_bucket");
        for (end, count) in BINS.iter().zip(counts) {
            self.line(&bucket, &format!("{labels},le=\"{end}\""), count);
        }
        let all = counts[BINS.len()];
        self.line(&bucket, &format!("{labels},le=\"+Inf\""), all);
        self.line(
            &format!("{name}_sum"),
            labels,
            histogram.sum().as_secs_f64(),
        );
        self.line(&format!("{name}_count"), labels, all);
    }
}
