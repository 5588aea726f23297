//! What every backend promises: one function a fact, run against each backend by `conformance_suite!`.

pub(crate) mod bombs;
pub(crate) mod channel;
pub(crate) mod commands;
pub(crate) mod escape;
pub(crate) mod files;
pub(crate) mod isolation;
pub(crate) mod lingering;
pub(crate) mod processes;
pub(crate) mod resources;
pub(crate) mod trees;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use swemill_sandbox::{
    Backend, Command, EnvironmentSpec, Limits, Network, Output, Sandbox, Tree, Upper,
};
use tempfile::TempDir;

/// A folder on the host with one layer in it, and what a test needs to make sandboxes of that.
pub(crate) struct Host {
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) folder: TempDir,
}

impl Host {
    /// A host whose layer holds `hello.txt` and `folder/inner.txt`.
    pub(crate) async fn new(backend: Box<dyn Backend>) -> Self {
        let folder = TempDir::new().unwrap();
        let host = Self { backend, folder };
        let layer = host.layer();
        fs::create_dir_all(layer.join("folder")).unwrap();
        for (name, content) in [("hello.txt", "hello\n"), ("folder/inner.txt", "inner\n")] {
            fs::write(layer.join(name), content).unwrap();
            // Always the same: a backend that makes images makes one for all.
            let file = fs::File::options()
                .write(true)
                .open(layer.join(name))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_hours(438_288))
                .unwrap();
        }
        host.backend.adopt(&layer).await.unwrap();
        host
    }

    /// The layer.
    pub(crate) fn layer(&self) -> PathBuf {
        self.path("layer")
    }

    /// A path on the host.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The layer as a tree at `/testbed`, written to in memory.
    pub(crate) fn spec(&self) -> EnvironmentSpec {
        EnvironmentSpec {
            digest: "test".into(),
            trees: vec![Tree {
                target: "/testbed".into(),
                lower: vec![self.layer()],
                upper: Upper::Memory,
            }],
            mounts: Vec::new(),
            variables: BTreeMap::new(),
            network: Network::None,
            working_directory: "/testbed".into(),
            labels: BTreeMap::new(),
        }
    }

    /// A sandbox of that, with small limits.
    pub(crate) async fn start(&self) -> Box<dyn Sandbox> {
        self.start_with(&self.spec(), &small()).await
    }

    /// A sandbox.
    pub(crate) async fn start_with(
        &self,
        spec: &EnvironmentSpec,
        limits: &Limits,
    ) -> Box<dyn Sandbox> {
        let environment = self.backend.prepare(spec).await.unwrap();
        self.backend.start(&environment, limits).await.unwrap()
    }
}

/// Limits that attacks reach soon.
pub(crate) fn small() -> Limits {
    Limits {
        wall: Duration::from_mins(1),
        memory_bytes: 256 << 20,
        processes: 64,
        open_files: 256,
        disk_bytes: 32 << 20,
        output_bytes: 10_000,
        channel_bytes: 1 << 20,
    }
}

/// A shell script as a command.
pub(crate) fn shell(script: &str) -> Command {
    Command::new(["sh", "-c", script])
}

/// A Python program as a command.
pub(crate) fn python(program: &str) -> Command {
    Command::new(["python3", "-c", program])
}

/// Runs a shell script that has to succeed; its output.
pub(crate) async fn succeed(sandbox: &dyn Sandbox, command: Command) -> String {
    let output = sandbox.exec(command).await.unwrap();
    assert!(output.success(), "{}", describe(&output));
    output.stdout.to_text()
}

/// An output in words, for failed assertions.
pub(crate) fn describe(output: &Output) -> String {
    format!(
        "{:?} after {:?}\nstdout: {}\nstderr: {}",
        output.ending,
        output.wall,
        output.stdout.to_text(),
        output.stderr.to_text()
    )
}

/// How many processes a sandbox holds, beside its first and the one that counts.
pub(crate) async fn others(sandbox: &dyn Sandbox) -> usize {
    let program = "
import os
print(len([p for p in os.listdir('/proc') if p.isdigit() and int(p) not in (1, os.getpid())]))";
    let count = succeed(sandbox, python(program)).await;
    count.trim().parse().unwrap()
}

/// The content of a host file.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Runs every fact against the backend that the function `$make` makes.
#[macro_export]
macro_rules! conformance_suite {
    ($make:path) => {
        $crate::conformance_suite!(@modules $make;
            commands: a_command_reports_its_exit_status,
                a_command_killed_by_a_signal_reports_it,
                a_program_that_does_not_exist_is_an_error_that_names_it,
                a_file_that_is_no_program_is_an_error,
                a_command_without_words_is_an_error,
                a_missing_working_directory_is_an_error_that_names_it,
                an_error_at_the_start_leaves_the_sandbox_usable,
                a_command_starts_in_the_environments_working_directory_or_its_own,
                nothing_of_the_callers_environment_is_inherited,
                a_commands_variables_go_before_the_environments,
                arguments_arrive_byte_for_byte,
                a_reader_of_standard_input_sees_its_end,
                standard_input_of_many_megabytes_arrives_whole,
                output_of_any_bytes_is_kept_as_it_is,
                a_gigabyte_of_output_keeps_its_beginning_and_end,
                an_endless_line_ends_at_the_deadline_and_is_bounded,
                an_operation_that_is_given_up_ends_the_sandbox,
                commands_of_two_sandboxes_run_at_the_same_time;
            trees: files_stay_from_one_command_to_the_next,
                the_layers_below_never_change,
                sandboxes_of_one_environment_share_no_files,
                a_removed_folder_can_be_made_again_and_is_empty,
                the_upper_layer_hides_the_lower_ones,
                writes_to_a_folder_outlive_the_sandbox_and_serve_as_a_layer,
                a_path_that_does_not_exist_is_refused_before_anything_starts,
                a_tree_without_layers_is_refused,
                mounts_are_read_only_unless_they_are_said_to_be_writable,
                a_single_file_can_be_mounted,
                a_folder_with_awkward_characters_can_be_a_layer_and_a_mount,
                a_link_in_a_tree_leads_no_mount_out_of_the_sandbox,
                a_sibling_starts_with_the_same_files_and_goes_its_own_way;
            files: a_written_file_is_read_back_byte_for_byte,
                writing_makes_the_folders_above,
                a_written_file_belongs_to_the_commands_user,
                a_file_can_be_written_executable,
                a_link_in_the_place_of_a_file_is_replaced_not_followed,
                a_link_to_a_host_file_leads_to_nothing,
                a_pipe_a_folder_and_a_device_cannot_be_read,
                a_file_larger_than_the_limit_is_an_error,
                a_path_that_is_relative_or_climbs_is_an_error,
                a_read_only_place_cannot_be_written,
                a_full_disk_is_an_error_and_leaves_no_half_file;
            processes: the_deadline_kills_the_whole_tree,
                nothing_that_a_command_started_outlives_it,
                a_held_pipe_does_not_delay_the_end,
                a_fork_bomb_is_contained_and_does_not_poison_later_commands,
                orphans_are_reaped_while_a_command_runs,
                there_is_no_terminal,
                a_command_cannot_end_the_sandbox,
                stopping_is_quick_while_nothing_listens;
            resources: a_memory_bomb_is_killed_and_does_not_poison_later_commands,
                a_memory_bomb_in_a_child_is_found_too,
                many_small_processes_are_added_up,
                memory_without_a_process_is_bounded,
                a_full_disk_is_an_error_of_the_program_and_can_be_cleared,
                files_without_content_are_bounded,
                shared_memory_is_part_of_the_disk_limit,
                open_files_are_bounded,
                no_core_is_dumped,
                the_time_of_children_is_counted;
            isolation: there_is_no_network_but_loopback,
                a_service_on_the_hosts_loopback_cannot_be_reached,
                the_hosts_network_is_there_when_asked_for,
                no_home_no_secrets_and_no_sockets_of_the_host_are_seen,
                processes_of_the_host_are_not_seen,
                the_system_cannot_be_written,
                what_a_command_mounts_or_traces_is_refused,
                no_rights_are_left_and_none_can_be_won,
                no_mount_lets_a_program_gain_rights,
                only_harmless_devices_are_there,
                the_kernels_switches_cannot_be_turned,
                host_paths_are_not_told,
                the_first_process_cannot_be_looked_into;
            channel: records_come_back_and_the_greeting_is_there,
                a_command_without_a_channel_has_none,
                what_is_printed_is_no_record,
                a_greeting_of_many_megabytes_arrives_whole,
                a_program_that_never_reads_its_greeting_ends_well,
                a_child_program_cannot_open_its_parents_channel,
                a_flooded_channel_ends_the_command;
            bombs: memory_of_queues_and_semaphores_is_bounded,
                threads_are_processes_to_the_limit,
                a_sparse_file_is_no_larger_than_the_disk,
                folders_of_any_depth_and_names_of_any_length_go_with_the_sandbox,
                words_that_are_too_long_are_an_error_and_harm_nothing,
                a_file_larger_than_a_command_line_arrives,
                full_pipes_and_sockets_end_with_the_command,
                a_spinning_crowd_ends_at_the_deadline;
            lingering: a_storm_of_sessions_under_other_names_is_gone_after_the_deadline,
                whoever_asks_gets_no_answer_and_ends,
                a_daemon_that_keeps_writing_ends_with_its_command,
                shared_memory_and_queues_end_with_their_command;
            escape: calls_of_another_kind_are_refused,
                no_file_of_the_kernel_opens_for_writing,
                no_packet_is_made_by_hand_and_no_interface_added,
                no_more_than_the_share_can_be_asked_for,
                the_addresses_of_clouds_and_proxies_lead_nowhere,
                sockets_of_the_host_cannot_be_reached_by_name_or_by_file,
                shared_memory_and_queues_of_the_host_are_not_seen,
                a_program_that_names_the_first_process_as_its_interpreter_gains_nothing,
                marks_of_the_overlay_cannot_be_forged,
                above_the_root_there_is_nothing_else;
        );
    };
    (@modules $make:path; $($module:ident: $($fact:ident),+;)+) => {
        $(
            mod $module {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $fact() {
                        // What makes the backend has said why there is none.
                        let Some(backend) = $make().await else { return };
                        let host = $crate::conformance::Host::new(backend).await;
                        $crate::conformance::$module::$fact(&host).await;
                    }
                )+
            }
        )+
    };
}
