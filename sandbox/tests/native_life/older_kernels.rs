//! Kernels before 6.6, where a memory file system cannot be an overlay's upper layer.

use std::fs;

use swemill_sandbox::native::Means;
use swemill_sandbox::{Backend, Error, NativeBackend};

use crate::conformance::{Host, bombs, processes, shell, succeed, trees};
use crate::launcher;

fn without_memory_layers() -> Box<dyn Backend> {
    let means = Means {
        memory_layers: false,
        ..Means::default()
    };
    Box::new(NativeBackend::with_means(launcher(), means))
}

/// The folders in the temporary folder that this process made for sandboxes.
fn scratch_folders() -> usize {
    let own = format!("-{}-", std::process::id());
    fs::read_dir(std::env::temp_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("swemill-") && name.contains(&own))
        .count()
}

#[tokio::test]
async fn trees_are_written_to_folders_that_go_with_the_sandbox() {
    let host = Host::new(without_memory_layers()).await;
    trees::files_stay_from_one_command_to_the_next(&host).await;
    trees::the_layers_below_never_change(&host).await;
    trees::sandboxes_of_one_environment_share_no_files(&host).await;
    trees::a_removed_folder_can_be_made_again_and_is_empty(&host).await;
    processes::nothing_that_a_command_started_outlives_it(&host).await;
    let sandbox = host.start().await;
    // What its user may not enter goes, too.
    succeed(&*sandbox, shell("mkdir -p a/b; touch a/b/c; chmod 0 a/b a")).await;
    assert!(scratch_folders() > 0);
    sandbox.stop().await.unwrap();
    no_scratch_folder_is_left().await;
    // What lies so deep that no path leads there goes, too.
    bombs::folders_of_any_depth_and_names_of_any_length_go_with_the_sandbox(&host).await;
    no_scratch_folder_is_left().await;
}

async fn no_scratch_folder_is_left() {
    for _ in 0..100 {
        if scratch_folders() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} folders are left", scratch_folders());
}

#[tokio::test]
async fn a_sibling_is_refused() {
    let host = Host::new(without_memory_layers()).await;
    let sandbox = host.start().await;
    let error = sandbox.fork().await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}
