//! Adding up the memory of a sandbox where no control group does.

use std::fs;
use std::path::Path;

use nix::unistd::{SysconfVar, sysconf};

use super::objects;

/// Whether all processes together use more than `limit` bytes.
pub(crate) fn exceeds(limit: u64) -> bool {
    // Resident pages are quickly had but count shared ones many times; only when they alarm is the fair
    // share of each process worth its price.
    let objects = objects::bytes();
    total(resident) + objects > limit && total(fair_share) + objects > limit
}

/// The sum over every process but this one.
fn total(of: fn(&Path) -> Option<u64>) -> u64 {
    let own = std::process::id().to_string();
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name != own.as_str() && name.to_string_lossy().parse::<u32>().is_ok()
        })
        .filter_map(|entry| of(&entry.path()))
        .sum()
}

/// Resident memory in bytes.
fn resident(process: &Path) -> Option<u64> {
    let sizes = fs::read_to_string(process.join("statm")).ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    let page = sysconf(SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * u64::try_from(page).ok()?)
}

/// Resident memory in bytes, shared pages divided by their users; the resident size where the kernel does
/// not tell.
fn fair_share(process: &Path) -> Option<u64> {
    let Ok(sizes) = fs::read_to_string(process.join("smaps_rollup")) else {
        return resident(process);
    };
    let line = sizes.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes << 10)
}
