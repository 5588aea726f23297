//! The system calls that no command needs and that attackers want: refused by seccomp.
//!
//! Everything a test suite does works; what changes the machine, the namespaces or other processes, and the
//! large kernel interfaces with a history of holes, is refused. It is at least as strict as the default
//! profile of Docker for a container without capabilities.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter, sock_filter,
};

/// Refused whatever their arguments are.
const REFUSED: &[libc::c_long] = &[
    // mounts and roots
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // namespaces and other processes
    libc::SYS_setns,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // files behind the file system's back
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    // the kernel itself
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
    libc::SYS_lookup_dcookie,
    // large interfaces with a history
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_mbind,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];

#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] = &[
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
];

#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[libc::c_long] = &[];

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the native sandbox knows the system calls of x86_64 and aarch64 only");

/// Flags that ask for a namespace.
const NAMESPACES: &[i32] = &[
    libc::CLONE_NEWNS,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWCGROUP,
];

/// A time namespace; a bit that means something else to `clone`.
const CLONE_NEWTIME: u64 = 0x80;

/// Personalities that are harmless: Linux, 32 bits, an older version's number, both, and "which one?".
const PERSONALITIES: &[u64] = &[0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// The compiled filters.
#[derive(Debug)]
pub(crate) struct Filter {
    refuse: BpfProgram,
    pretend_missing: BpfProgram,
}

impl Filter {
    /// Compiles the filters for this machine. Where memory is only `watched`, files in memory that are not
    /// mapped anywhere would escape the watch, so they cannot be made.
    pub(crate) fn compile(watched: bool) -> Result<Self, seccompiler::BackendError> {
        Ok(Self {
            refuse: compile(refused()?, libc::EPERM)?,
            pretend_missing: without_foreign_calls(compile(missing(watched), libc::ENOSYS)?),
        })
    }

    /// Puts this process under them, for good, with everything it will start.
    pub(crate) fn apply(&self) -> Result<(), seccompiler::Error> {
        apply_filter(&self.pretend_missing)?;
        apply_filter(&self.refuse)
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Calls that libraries replace by older ones when the kernel lacks them: the flags of `clone3` are in
/// memory, where a filter cannot look.
fn missing(watched: bool) -> Rules {
    let mut rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    if watched {
        rules.insert(libc::SYS_memfd_create, Vec::new());
        rules.insert(libc::SYS_memfd_secret, Vec::new());
    }
    rules
}

fn refused() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = REFUSED
        .iter()
        .chain(REFUSED_HERE)
        .map(|call| (*call, Vec::new()))
        .collect();
    let namespace = |flag: u64| rule(&[(0, SeccompCmpOp::MaskedEq(flag), flag)]);
    let mut clone = Vec::new();
    for flag in NAMESPACES {
        clone.push(namespace(u64::from(flag.cast_unsigned()))?);
    }
    let mut unshare = clone.clone();
    unshare.push(namespace(CLONE_NEWTIME)?);
    rules.insert(libc::SYS_clone, clone);
    rules.insert(libc::SYS_unshare, unshare);
    rules.insert(libc::SYS_socket, sockets()?);
    rules.insert(
        libc::SYS_ioctl,
        vec![
            rule(&[(1, SeccompCmpOp::Eq, libc::TIOCSTI)])?,
            rule(&[(1, SeccompCmpOp::Eq, libc::TIOCLINUX)])?,
        ],
    );
    first_process(&mut rules)?;
    let odd: Vec<_> = PERSONALITIES
        .iter()
        .map(|persona| (0, SeccompCmpOp::Ne, *persona))
        .collect();
    rules.insert(libc::SYS_personality, vec![rule(&odd)?]);
    Ok(rules)
}

/// What may be done to another process of the same user. Where an ordinary user calls, the first process is one: a
/// command could take its files away, or its processor until no deadline is kept.
fn first_process(rules: &mut Rules) -> Result<(), seccompiler::BackendError> {
    const FIRST: u64 = 1;
    for call in [
        libc::SYS_prlimit64,
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setattr,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setscheduler,
    ] {
        rules.insert(call, vec![rule(&[(0, SeccompCmpOp::Eq, FIRST)])?]);
    }
    // These name a kind of target first: a process is 0 to the one, 1 to the other.
    for (call, process) in [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, 1)] {
        let conditions = [(0, SeccompCmpOp::Eq, process), (1, SeccompCmpOp::Eq, FIRST)];
        rules.insert(call, vec![rule(&conditions)?]);
    }
    Ok(())
}

/// Only local and internet sockets, and the netlink protocol that lists interfaces.
fn sockets() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let family = |family: i32| u64::from(family.cast_unsigned());
    let netlink = family(libc::AF_NETLINK);
    let allowed = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6].map(family);
    let mut other: Vec<_> = allowed.map(|f| (0, SeccompCmpOp::Ne, f)).to_vec();
    other.push((0, SeccompCmpOp::Ne, netlink));
    let routes = family(libc::NETLINK_ROUTE);
    Ok(vec![
        rule(&other)?,
        rule(&[
            (0, SeccompCmpOp::Eq, netlink),
            (2, SeccompCmpOp::Ne, routes),
        ])?,
    ])
}

/// Matches calls for which every condition on an argument holds.
fn rule(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, seccompiler::BackendError> {
    let conditions = conditions
        .iter()
        .map(|(index, operator, value)| {
            SeccompCondition::new(*index, SeccompCmpArgLen::Dword, operator.clone(), *value)
        })
        .collect::<Result<_, _>>()?;
    SeccompRule::new(conditions)
}

fn compile(rules: Rules, error: i32) -> Result<BpfProgram, seccompiler::BackendError> {
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(error.cast_unsigned()),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?
    .try_into()
}

/// The parts of a filter program, from `linux/bpf_common.h` and `linux/seccomp.h`.
const LOAD_WORD: u16 = 0x20;
const JUMP_IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const RETURN_ERRNO: u32 = 0x0005_0000;

/// What marks the number of a call of the x32 kind.
const X32_BIT: u32 = 0x4000_0000;

/// On `x86_64` puts in front of a filter: calls of the x32 kind, whose numbers have a high bit set and would
/// pass a list of ordinary numbers, do not exist.
fn without_foreign_calls(filter: BpfProgram) -> BpfProgram {
    if cfg!(not(target_arch = "x86_64")) {
        return filter;
    }
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let mut program = vec![
        // The call's number is the first word of what a filter sees.
        step(LOAD_WORD, 0, 0, 0),
        step(JUMP_IF_AT_LEAST, 0, 1, X32_BIT),
        step(RETURN, 0, 0, RETURN_ERRNO | libc::ENOSYS.cast_unsigned()),
    ];
    program.extend(filter);
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile_and_stay_short_enough_for_the_kernel() {
        let filter = Filter::compile(true).unwrap();
        assert!(filter.refuse.len() > REFUSED.len());
        assert!(filter.refuse.len() + filter.pretend_missing.len() < 4096);
    }
}
