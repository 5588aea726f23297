//! `swemill config`: the settings in force and where each comes from.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;

use super::output::Output;
use crate::settings::{KEYS, Origin, Settings};

pub(super) fn run(
    settings: &Settings,
    origins: &BTreeMap<&'static str, Origin>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut values = serde_json::to_value(settings)?;
    if let Some(url) = values["database_url"].as_str() {
        values["database_url"] = without_password(url).into();
    }
    if output.is_json() {
        let entries: BTreeMap<_, _> = KEYS
            .iter()
            .map(|key| {
                let entry = json!({
                    "value": values[key.name],
                    "origin": origins[key.name].to_string(),
                    "variable": key.variable,
                    "about": key.about,
                });
                (key.name, entry)
            })
            .collect();
        output.document(&entries)?;
        return Ok(ExitCode::SUCCESS);
    }
    for key in KEYS {
        output.line(format_args!("# {} (${})", key.about, key.variable));
        output.line(format_args!(
            "{} = {}  # {}",
            key.name, values[key.name], origins[key.name]
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// A connection URL that may be shown.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority_ends = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_ends);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}{path}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(
            without_password("postgres://u:p@h/d"),
            "postgres://u:***@h/d"
        );
        assert_eq!(
            without_password("postgres://u:p@ss@h/d"),
            "postgres://u:***@h/d"
        );
        assert_eq!(
            without_password("postgres:///d?host=/s"),
            "postgres:///d?host=/s"
        );
    }
}
