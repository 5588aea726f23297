//! `swemill doctor`: what works on this machine, and how to mend what does not.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;
use swemill_environment::interpreter::Interpreter;
use swemill_sandbox::Error;
use swemill_sandbox::docker::Probe;

use super::exit;
use super::output::Output;
use crate::backends::{self, Wanted};
use crate::service::Service;
use crate::settings::Settings;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    name: String,
    works: bool,
    /// Whether swemill can do its main job without it.
    required: bool,
    found: String,
    remedy: Option<String>,
}

pub(super) async fn run(settings: Settings, output: &Output) -> anyhow::Result<ExitCode> {
    let mut findings = vec![chosen(&settings).await];
    findings.extend(sandbox().await);
    findings.push(docker(&settings).await);
    findings.push(postgres(&settings).await);
    findings.extend(tools(&settings).await);
    findings.push(gpu());
    let healthy = findings
        .iter()
        .all(|finding| finding.works || !finding.required);
    if output.is_json() {
        output.document(&findings)?;
    }
    for finding in &findings {
        let mark = match (finding.works, finding.required) {
            (true, _) => output.good("ok      "),
            (false, true) => output.bad("missing "),
            (false, false) => "no      ".to_owned(),
        };
        output.line(format_args!("{mark} {}: {}", finding.name, finding.found));
        if let Some(remedy) = &finding.remedy {
            output.line(format_args!("           to mend it: {remedy}"));
        }
    }
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::DISAPPOINTED)
    })
}

/// What native sandboxes build on. Environments are built in them whatever tests run in.
async fn sandbox() -> Vec<Finding> {
    let report = backends::native().probe().await;
    let capabilities = report.capabilities.into_iter().map(|capability| Finding {
        name: capability.name.to_owned(),
        works: capability.works,
        required: capability.required,
        found: capability.finding,
        remedy: capability.remedy,
    });
    capabilities.collect()
}

async fn postgres(settings: &Settings) -> Finding {
    let name = "Postgres".to_owned();
    let private = settings.database_url.is_empty();
    let opened = Service::open(settings.clone()).await;
    let finding = match opened {
        Ok(service) => {
            let version: Result<String, _> = sqlx::query_scalar("SHOW server_version")
                .fetch_one(service.pool())
                .await;
            let closed = service.close().await;
            let whose = if private {
                "a private cluster in the data folder"
            } else {
                "the server of DATABASE_URL"
            };
            closed.and_then(|()| Ok(format!("{whose}, version {}", version?)))
        }
        Err(error) => Err(error),
    };
    match finding {
        Ok(finding) => Finding {
            name,
            works: true,
            required: true,
            found: finding,
            remedy: None,
        },
        Err(error) => Finding {
            name,
            works: false,
            required: true,
            found: format!("{error:#}"),
            remedy: Some(if private {
                "install the system's PostgreSQL (`apt-get install postgresql`), or set DATABASE_URL".to_owned()
            } else {
                "check that the server runs and that DATABASE_URL is right".to_owned()
            }),
        },
    }
}

async fn tools(settings: &Settings) -> Vec<Finding> {
    let uv = swemill_environment::find_tool(&settings.home).await;
    let interpreters = swemill_environment::interpreter::find().await;
    let releases: Vec<String> = interpreters.iter().map(Interpreter::release).collect();
    vec![
        Finding {
            name: "uv".to_owned(),
            works: uv.is_some(),
            required: false,
            found: uv.map_or_else(
                || "not here; fetched from the package index when it is needed".to_owned(),
                |uv| format!("{} ({})", uv.version, uv.program.display()),
            ),
            remedy: None,
        },
        Finding {
            name: "Python".to_owned(),
            works: !releases.is_empty(),
            required: true,
            found: if releases.is_empty() {
                "no interpreter was found".to_owned()
            } else {
                releases.join(", ")
            },
            remedy: releases
                .is_empty()
                .then(|| "install one (`apt-get install python3`)".to_owned()),
        },
    ]
}

/// The container engine, and what it lacks for sandboxes.
async fn docker(settings: &Settings) -> Finding {
    let (works, found, remedy) = match look_at_engine(settings).await {
        Ok(found) => (true, found, None),
        Err(Error::Unavailable { reason, remedy, .. }) => (false, reason, Some(remedy)),
        Err(error) => (false, error.to_string(), None),
    };
    Finding {
        name: "Docker".to_owned(),
        works,
        required: settings.backend == Wanted::Docker,
        found,
        remedy,
    }
}

async fn look_at_engine(settings: &Settings) -> swemill_sandbox::Result<String> {
    let options = backends::docker_options(settings);
    let probe = Probe::look(&options).await?;
    probe.usable(&options)?;
    let lacks = if probe.lacks.is_empty() {
        String::new()
    } else {
        format!(", without {}", probe.lacks.join(", "))
    };
    Ok(format!(
        "{} at {}, base image {}{lacks}",
        probe.engine, probe.address, options.base_image
    ))
}

/// Which kind of sandbox is used, and why.
async fn chosen(settings: &Settings) -> Finding {
    let name = "backend".to_owned();
    match backends::choose(settings).await {
        Ok(choice) => Finding {
            name,
            works: true,
            required: true,
            found: format!("{}: {}", choice.backend.name(), choice.reason),
            remedy: None,
        },
        Err(error) => Finding {
            name,
            works: false,
            required: true,
            found: error.to_string(),
            remedy: None,
        },
    }
}

fn gpu() -> Finding {
    let there = Path::new("/dev/nvidiactl").exists();
    Finding {
        name: "GPU".to_owned(),
        works: there,
        required: false,
        found: if there {
            "an NVIDIA device is there; nothing needs it"
        } else {
            "none; nothing needs one"
        }
        .to_owned(),
        remedy: None,
    }
}
