//! Laying the settings over each other, and checking each where it is given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Error, KEYS, Origin, Settings};

/// The resolved settings with the origin of each key.
#[derive(Debug)]
pub struct Resolved {
    /// The values.
    pub settings: Settings,
    /// Where each comes from.
    pub origins: BTreeMap<&'static str, Origin>,
}
/// Resolves the settings from the process's environment, the file, and `KEY=VALUE` flags.
pub fn resolve(
    file: Option<&Path>,
    flags: &[String],
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Resolved, Error> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut values = defaults(&default_home(variables), cores);
    let mut origins: BTreeMap<_, _> = KEYS.iter().map(|key| (key.name, Origin::Default)).collect();
    let mut set = |name: &str, value: Value, origin: Origin| -> Result<(), Error> {
        let key = KEYS.iter().find(|key| key.name == name);
        let key = key.ok_or_else(|| Error::UnknownKey {
            name: name.to_owned(),
            origin: origin.clone(),
        })?;
        let mut trial = values.clone();
        trial.insert(name.to_owned(), value.clone());
        check(trial).map_err(|reason| Error::Value {
            name: name.to_owned(),
            value: value.to_string(),
            origin: origin.clone(),
            reason,
        })?;
        values.insert(name.to_owned(), value);
        origins.insert(key.name, origin);
        Ok(())
    };

    if let Some(path) = settings_file(file, variables) {
        for (name, value) in read(&path)? {
            set(&name, value, Origin::File(path.clone()))?;
        }
    }
    for key in KEYS {
        if let Some(text) = variables(key.variable).filter(|text| !text.is_empty()) {
            let origin = Origin::Variable(key.variable.to_owned());
            set(key.name, scalar(key.name, &text), origin)?;
        }
    }
    for flag in flags {
        let (name, text) = flag
            .split_once('=')
            .ok_or_else(|| Error::Assignment(flag.clone()))?;
        set(name.trim(), scalar(name.trim(), text.trim()), Origin::Flag)?;
    }
    let mut settings: Settings = Value::Table(values)
        .try_into()
        .expect("every value was checked when it was set");
    settings.home = std::path::absolute(&settings.home).unwrap_or(settings.home);
    Ok(Resolved { settings, origins })
}

/// The words of a variable or flag as a value: keys that hold text take them as they are.
fn scalar(name: &str, text: &str) -> Value {
    let is_text = matches!(
        name,
        "home"
            | "database_url"
            | "licenses"
            | "backend"
            | "system_root"
            | "docker_host"
            | "docker_base_image"
            | "docker_runtime"
            | "device"
    );
    let parsed = || {
        format!("value = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
    };
    match (is_text, parsed()) {
        (false, Some(value)) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Why a table of values cannot be the settings.
fn check(values: Table) -> Result<(), String> {
    let settings: Settings = Value::Table(values)
        .try_into()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let shares = [settings.baseline_min_share, settings.max_broken_share];
    if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
        return Err("a share lies between 0 and 1".to_owned());
    }
    let positive = [
        settings.workers,
        settings.baseline_runs,
        settings.confirmations,
    ];
    if positive.contains(&0) {
        return Err("it must be at least 1".to_owned());
    }
    let bounded = [
        settings.sandbox_memory_mib,
        settings.sandbox_processes,
        settings.sandbox_disk_mib,
        settings.build_timeout_seconds,
        settings.test_timeout_seconds,
        settings.lease_seconds,
    ];
    if bounded.iter().any(|&value| value == 0 || value > 1 << 32) {
        return Err("it must be at least 1 and at most 4294967296".to_owned());
    }
    if !(0.0..=4096.0).contains(&settings.docker_processors) {
        return Err("it must be at least 0 and at most 4096".to_owned());
    }
    if settings.home.as_os_str().is_empty() {
        return Err("the data folder needs a path".to_owned());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Table, Error> {
    let failed = |reason: String| Error::File {
        path: path.to_owned(),
        reason,
    };
    std::fs::read_to_string(path)
        .map_err(|error| failed(error.to_string()))?
        .parse()
        .map_err(|error: toml::de::Error| failed(error.to_string()))
}

/// The named file, or the user's own where there is one.
fn settings_file(
    named: Option<&Path>,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Option<PathBuf> {
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    let folder = base_folder(variables, "XDG_CONFIG_HOME", ".config")?;
    Some(folder.join("swemill/config.toml")).filter(|path| path.is_file())
}

/// The XDG data folder.
fn default_home(variables: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    base_folder(variables, "XDG_DATA_HOME", ".local/share").map_or_else(
        || std::env::temp_dir().join("swemill"),
        |folder| folder.join("swemill"),
    )
}

/// An XDG base folder: the variable when it is absolute (as the specification asks), else below the home.
fn base_folder(
    variables: &dyn Fn(&str) -> Option<String>,
    variable: &str,
    below_home: &str,
) -> Option<PathBuf> {
    variables(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(variables("HOME")?).join(below_home)))
}

fn defaults(home: &Path, cores: usize) -> Table {
    let text = format!(
        "home = {home:?}\ndatabase_url = \"\"\nworkers = {cores}\nrollouts = 0\nlicenses = \"any\"\nbaseline_runs = 3\n\
         baseline_min_passing = 5\nbaseline_min_share = 0.5\nconfirmations = 1\nmax_broken_share = 0.9\n\
         backend = \"auto\"\nsystem_root = \"\"\ndocker_host = \"\"\ndocker_base_image = {base:?}\ndocker_runtime = \"\"\n\
         docker_processors = 2.0\nsandbox_memory_mib = 4096\nsandbox_processes = 512\nsandbox_disk_mib = 2048\n\
         build_timeout_seconds = 900\ntest_timeout_seconds = 900\ndevice = \"auto\"\nlease_seconds = 60\n",
        home = home.to_string_lossy(),
        base = swemill_sandbox::docker::DEFAULT_BASE,
    );
    text.parse()
        .expect("the defaults are TOML: checked by the test below")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], flags: &[&str]) -> Result<Resolved, Error> {
        let owned: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        resolve(None, &owned, &lookup)
    }

    #[test]
    fn flags_override_variables_and_variables_override_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        std::fs::write(
            &file,
            "workers = 3\nconfirmations = 4\nlicenses = \"MIT\"\n",
        )
        .unwrap();
        let variables = |name: &str| match name {
            "SWEMILL_WORKERS" | "SWEMILL_CONFIRMATIONS" => Some("5".to_owned()),
            _ => None,
        };
        let resolved = resolve(Some(&file), &["confirmations=6".to_owned()], &variables).unwrap();
        assert_eq!(resolved.settings.licenses, "MIT");
        assert_eq!(resolved.settings.workers, 5);
        assert_eq!(resolved.settings.confirmations, 6);
        assert_eq!(resolved.origins["licenses"], Origin::File(file));
        assert_eq!(resolved.origins["confirmations"], Origin::Flag);
        assert_eq!(resolved.origins["home"], Origin::Default);
    }

    #[test]
    fn the_data_folder_follows_the_xdg_variables() {
        let home = |variables| with(variables, &[]).unwrap().settings.home;
        assert_eq!(
            home(&[("HOME", "/h")]),
            Path::new("/h/.local/share/swemill")
        );
        assert_eq!(
            home(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]),
            Path::new("/d/swemill")
        );
        assert_eq!(
            home(&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")]),
            Path::new("/h/.local/share/swemill")
        );
        assert_eq!(home(&[("SWEMILL_HOME", "/123")]), Path::new("/123"));
    }

    #[test]
    fn wrong_values_name_the_key_and_where_they_were_given() {
        for (variables, flags, expected) in [
            (
                &[("SWEMILL_WORKERS", "many")][..],
                &[][..],
                "`workers` from $SWEMILL_WORKERS cannot be \"many\"",
            ),
            (&[], &["workers=0"], "at least 1"),
            (&[], &["max_broken_share=1.5"], "between 0 and 1"),
            (
                &[],
                &["colour=blue"],
                "there is no setting `colour` (from flag)",
            ),
            (&[], &["workers"], "is not KEY=VALUE"),
        ] {
            let message = with(variables, flags).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        assert!(with(&[], &["max_broken_share=1"]).is_ok());
    }
}
