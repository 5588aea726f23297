//! What a sandbox's container is created with: everything that the engine can deny or bound.

use std::collections::HashMap;
use std::path::Path;

use bollard::container::AttachContainerResults;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, ResourcesUlimits};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, StartContainerOptions,
};

use super::Options;
use super::engine::{Engine, Facts, Offer};
use super::image::agent;
use super::image::system::OWNED;
use super::prepared::{Content, Prepared};
use crate::native::init::objects::CEILINGS;
use crate::native::user::INNER_ID;
use crate::{EnvironmentSpec, Limits, Network, Result};

/// Memory for the first process itself, beside what commands may use.
const OVERHEAD: u64 = 32 << 20;

/// Billionths of a processor, in which the engine counts.
const NANOS: f64 = 1e9;

/// In how many parts the disk limit is divided among the places that can be written.
const PARTS: u64 = 16;
/// Parts of the tree that commands start in, if it can be written.
const WORK_PARTS: u64 = 6;
/// Parts of all other trees together.
const TREE_PARTS: u64 = 1;
/// Parts of `/tmp`.
const TEMPORARY_PARTS: u64 = 6;
/// Parts of the home folder.
const HOME_PARTS: u64 = 2;
/// Parts of `/dev/shm`.
const SHARED_PARTS: u64 = 1;

/// Parts of `/proc` that tell of or act on the machine, and all of `/sys` but the container's own control group,
/// where the kernel counts what it kills for memory.
const MASKED: &[&str] = &[
    "/proc/pressure",
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/block",
    "/sys/bus",
    "/sys/class",
    "/sys/dev",
    "/sys/devices",
    "/sys/firmware",
    "/sys/fs/bpf",
    "/sys/fs/btrfs",
    "/sys/fs/erofs",
    "/sys/fs/ext4",
    "/sys/fs/f2fs",
    "/sys/fs/fuse",
    "/sys/fs/pstore",
    "/sys/fs/selinux",
    "/sys/fs/xfs",
    "/sys/hypervisor",
    "/sys/kernel",
    "/sys/module",
    "/sys/power",
];

/// Parts of `/proc` that may be looked at.
const FROZEN: &[&str] = &["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"];

/// Makes a container; its id.
pub(crate) async fn create(
    engine: &Engine,
    name: &str,
    body: ContainerCreateBody,
) -> Result<String> {
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    let created = engine
        .call("making a container", |docker| {
            docker.create_container(Some(options), body)
        })
        .await?;
    for warning in created.warnings {
        tracing::warn!(%warning, "the container engine warns");
    }
    Ok(created.id)
}

/// Connects to a container's standard input and output, before it is started, so that nothing is missed.
pub(crate) async fn attach(engine: &Engine, id: &str) -> Result<AttachContainerResults> {
    let options = AttachContainerOptionsBuilder::new()
        .stream(true)
        .stdin(true)
        .stdout(true)
        .stderr(true)
        .build();
    engine
        .call("attaching to a container", |docker| {
            docker.attach_container(id, Some(options))
        })
        .await
}

/// Starts a container.
pub(crate) async fn start(engine: &Engine, id: &str) -> Result<()> {
    engine
        .call("starting a container", |docker| {
            docker.start_container(id, None::<StartContainerOptions>)
        })
        .await
}

/// Everything about a new container.
pub(crate) fn body(
    prepared: &Prepared,
    spec: &EnvironmentSpec,
    limits: &Limits,
    options: &Options,
    facts: &Facts,
    labels: HashMap<String, String>,
) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(prepared.image.clone()),
        entrypoint: Some(agent::command()),
        cmd: Some(Vec::new()),
        env: Some(Vec::new()),
        user: Some(format!("{INNER_ID}:{INNER_ID}")),
        hostname: (spec.network == Network::None).then(|| "sandbox".into()),
        working_dir: Some("/".into()),
        labels: Some(labels),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        open_stdin: Some(true),
        // The first process reads the end of its input when its caller is gone.
        stdin_once: Some(true),
        tty: Some(false),
        host_config: Some(host_config(prepared, spec, limits, options, facts)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(
    prepared: &Prepared,
    spec: &EnvironmentSpec,
    limits: &Limits,
    options: &Options,
    facts: &Facts,
) -> HostConfig {
    let memory = signed(limits.memory_bytes + prepared.copied_bytes() + OVERHEAD);
    let list = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let network = match spec.network {
        Network::None => "none",
        Network::Host => "host",
    };
    let processors = processors(options.processors, facts);
    HostConfig {
        auto_remove: Some(true),
        cap_drop: list(&["ALL"]),
        security_opt: Some(security(facts)),
        privileged: Some(false),
        readonly_rootfs: Some(true),
        network_mode: Some(network.into()),
        ipc_mode: Some("private".into()),
        shm_size: Some(signed(part(limits, SHARED_PARTS))),
        memory: Some(memory),
        // No more together with swap: none.
        memory_swap: facts.offers.contains(&Offer::Swap).then_some(memory),
        pids_limit: Some(signed(limits.processes + 1)),
        nano_cpus: processors,
        ulimits: Some(ulimits(limits, facts)),
        tmpfs: Some(memories(prepared, spec, limits, facts)),
        masked_paths: list(MASKED),
        readonly_paths: list(FROZEN),
        // Whatever fills the container's memory without belonging to a process would end its first process.
        sysctls: Some(
            CEILINGS
                .iter()
                .map(|(name, value)| (format!("kernel.{name}"), (*value).to_owned()))
                // In pages: half of the memory.
                .chain([(
                    "kernel.shmall".to_owned(),
                    (limits.memory_bytes / 2 / 4096).to_string(),
                )])
                .collect(),
        ),
        runtime: options.runtime.clone(),
        // What commands write goes over the attached streams and nowhere else.
        log_config: Some(HostConfigLogConfig {
            typ: Some("none".into()),
            config: None,
        }),
        ..HostConfig::default()
    }
}

/// What the engine is to deny beside what has fields of its own.
fn security(facts: &Facts) -> Vec<String> {
    let mut all = vec!["no-new-privileges".to_owned()];
    if facts.is_podman {
        // It does not look at the field for masked paths.
        all.push(format!("mask={}", MASKED.join(":")));
    }
    all
}

/// The processors a container may use, in billionths; never more than there are, which engines refuse.
fn processors(wanted: Option<f64>, facts: &Facts) -> Option<i64> {
    let wanted = wanted.filter(|_| facts.offers.contains(&Offer::Processors))?;
    #[expect(clippy::cast_precision_loss, reason = "machines have few processors")]
    let wanted = wanted.min(facts.processors.max(1) as f64);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "billionths of a small number"
    )]
    Some((wanted * NANOS) as i64)
}

fn ulimits(limits: &Limits, facts: &Facts) -> Vec<ResourcesUlimits> {
    let limit = |name: &str, value: u64| ResourcesUlimits {
        name: Some(name.into()),
        soft: Some(signed(value)),
        hard: Some(signed(value)),
    };
    let mut all = vec![
        limit("core", 0),
        limit("memlock", 64 << 10),
        limit("msgqueue", 0),
        // The first process holds a few of its own; commands are held to their number exactly.
        limit("nofile", limits.open_files.max(64)),
    ];
    if facts.is_podman {
        // It would raise this to the most that there is, which not every machine allows. The kernel counts it
        // over all containers of a user, so it is no bound for one: that is the control group's.
        all.push(limit("nproc", 1 << 15));
    }
    all
}

/// The places that can be written: memory of a fixed size each, together no more than the disk limit and what
/// is copied there to begin with.
fn memories(
    prepared: &Prepared,
    spec: &EnvironmentSpec,
    limits: &Limits,
    facts: &Facts,
) -> HashMap<String, String> {
    let mut all = HashMap::from([
        (
            "/tmp".to_owned(),
            memory(part(limits, TEMPORARY_PARTS), 0, Access::All, facts),
        ),
        (
            "/home/sandbox".to_owned(),
            memory(part(limits, HOME_PARTS), 0, Access::Own, facts),
        ),
    ]);
    let copied = || {
        prepared
            .trees
            .iter()
            .filter(|tree| tree.content != Content::InPlace)
    };
    let is_work = |target: &Path| spec.working_directory.starts_with(target);
    let others = copied().filter(|tree| !is_work(&tree.target)).count() as u64;
    for tree in copied() {
        let free = if !is_work(&tree.target) {
            part(limits, TREE_PARTS) / others.max(1)
        } else if others == 0 {
            part(limits, WORK_PARTS + TREE_PARTS)
        } else {
            part(limits, WORK_PARTS)
        };
        let options = memory(tree.pages() + free, tree.entries, Access::Own, facts);
        all.insert(tree.target.display().to_string(), options);
    }
    all
}

/// Mount options of a memory file system. A page a file on average, and never so many files that the kernel's own
/// memory for them matters.
fn memory(bytes: u64, entries: u64, access: Access, facts: &Facts) -> String {
    let bytes = bytes.max(1 << 16);
    if facts.is_podman {
        // It knows neither owners nor a number of files, and copies the image's content unless told not to.
        return format!("rw,exec,nosuid,nodev,notmpcopyup,size={bytes},mode=1777");
    }
    let files = (bytes / 4096).clamp(1024, 1 << 20) + entries;
    let access = match access {
        Access::All => "mode=1777".to_owned(),
        Access::Own => format!("mode=755,uid={INNER_ID},gid={INNER_ID}"),
    };
    format!("rw,exec,nosuid,nodev,size={bytes},nr_inodes={files},{access}")
}

/// The permissions of folders that memory is mounted over, which runtimes give to it: Podman gives it no owner.
pub(crate) fn access(facts: &Facts) -> u32 {
    if facts.is_podman { 0o1777 } else { OWNED }
}

/// Who may write to a memory file system.
#[derive(Clone, Copy)]
enum Access {
    /// Everybody, each to what is theirs: a folder for temporary files.
    All,
    /// The commands' user.
    Own,
}

fn part(limits: &Limits, parts: u64) -> u64 {
    limits.disk_bytes / PARTS * parts
}

/// A size as the engine's interface wants it.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_the_whole() {
        let all = WORK_PARTS + TREE_PARTS + TEMPORARY_PARTS + HOME_PARTS + SHARED_PARTS;
        assert_eq!(all, PARTS);
    }
}
