//! What a patch has of all that an agent can do to a repository.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use swemill_agent::patch::{self, Reason, Untouched};
use swemill_agent::{Patch, Place, SandboxPlace};
use swemill_sandbox::{Command, Sandbox};

use crate::support::{ROOT, Repository};

/// A place that knows its repository for all attempts, and counts the sandboxes that it starts.
#[derive(Debug)]
struct Knowing {
    place: SandboxPlace,
    started: AtomicUsize,
    untouched: Untouched,
}

#[async_trait]
impl Place for Knowing {
    async fn start(&self) -> swemill_sandbox::Result<Box<dyn Sandbox>> {
        self.started.fetch_add(1, Ordering::Relaxed);
        self.place.start().await
    }

    fn untouched(&self) -> Option<&Untouched> {
        Some(&self.untouched)
    }
}

async fn after(repository: &Repository, script: &str) -> Patch {
    let place = repository.place().await;
    let sandbox = place.start().await.unwrap();
    let command = Command::new(["bash", "-ec", script]);
    let output = sandbox.exec(command).await.unwrap();
    assert!(output.success(), "{output:?}");
    let compared = patch::of(sandbox.as_ref(), &place, ROOT).await;
    compared.unwrap().patch
}

fn reasons(patch: &Patch) -> Vec<(&str, Reason)> {
    let left_out = patch.left_out.iter();
    left_out
        .map(|left| (left.path.as_str(), left.reason))
        .collect()
}

#[tokio::test]
async fn new_deleted_renamed_and_executable_files_are_in_it_and_git_applies_it() {
    let repository = Repository::new()
        .file("run.sh", "echo hello\n")
        .file("bare.txt", "no newline");
    let script = "echo new > 'shop/new file.py'; rm test_price.py; mv shop/price.py shop/cost.py; chmod +x run.sh; printf more >> bare.txt; git add -A; git -c user.name=a -c user.email=a@b commit -q -m mine";
    let patch = after(&repository, script).await;
    assert_eq!(reasons(&patch), []);
    let check = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let output = std::process::Command::new("git")
            .args(words)
            .current_dir(check.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let from = repository.path().join(".");
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(from)
        .arg(check.path())
        .status();
    assert!(copied.unwrap().success());
    std::fs::write(check.path().join("its.patch"), &patch.text).unwrap();
    run(&["update-index", "-q", "--refresh"]);
    run(&["apply", "--index", "its.patch"]);
    let status = run(&["status", "--porcelain", "--no-renames", "-uno"]);
    let status: Vec<&str> = status.lines().collect();
    let wanted = [
        "M  bare.txt",
        "M  run.sh",
        "A  shop/cost.py",
        "A  \"shop/new file.py\"",
        "D  shop/price.py",
        "D  test_price.py",
    ];
    assert_eq!(status, wanted, "{}", patch.text);
    assert!(patch.text.contains("old mode 100644\nnew mode 100755\n"));
    assert_eq!(
        std::fs::read(check.path().join("bare.txt")).unwrap(),
        b"no newlinemore"
    );
}

#[tokio::test]
async fn binary_huge_and_special_files_are_left_out_and_said_so() {
    let script = r"printf 'a\0b' > binary; printf '\xff' > latin; head -c 3000000 /dev/zero | tr '\0' a > huge; ln -s /etc/passwd link; mkfifo pipe; printf 'x' > $'line\nbreak'; rm shop/price.py; ln -s ../test_price.py shop/price.py";
    let patch = after(&Repository::new(), script).await;
    assert_eq!(patch.text, "");
    let wanted = [
        ("binary", Reason::Binary),
        ("huge", Reason::Huge),
        ("latin", Reason::Binary),
        ("line\nbreak", Reason::Name),
        ("link", Reason::Special),
        ("pipe", Reason::Special),
        ("shop/price.py", Reason::Special),
    ];
    assert_eq!(reasons(&patch), wanted);
}

#[tokio::test]
async fn what_git_ignores_is_no_change_but_what_it_tracks_is() {
    let repository = Repository::new().file("kept.log", "one\n");
    let place = repository.place().await;
    // Tracked although ignored.
    for words in [
        "add -f kept.log",
        "-c user.name=a -c user.email=a@b commit -q -m two",
    ] {
        let mut git = std::process::Command::new("git");
        git.args(["-c", "safe.directory=*"])
            .args(words.split(' '))
            .current_dir(repository.path());
        assert!(git.status().unwrap().success());
    }
    drop(place);
    let script = "mkdir -p build shop/__pycache__ .pytest_cache; touch build/x shop/__pycache__/y.pyc .pytest_cache/z new.log; echo two >> kept.log; echo '*' > .git/info/exclude; echo fresh > fresh.txt";
    let patch = after(&repository, script).await;
    let paths: Vec<&str> = patch.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["fresh.txt", "kept.log"]);
}

#[tokio::test]
async fn nothing_that_an_agent_does_to_git_or_its_shell_hides_a_change() {
    let script = r"
        sed -i s/count/x/ shop/price.py
        git update-index --assume-unchanged shop/price.py
        git config diff.external /bin/true; git config core.fsmonitor 'echo forged'
        echo '* -diff' > .git/info/attributes; rm .git/index
        mkdir -p ~/bin; printf '#!/bin/sh\nexit 0' | tee ~/bin/find ~/bin/sha256sum ~/bin/git >/dev/null; chmod +x ~/bin/*
        echo 'PATH=~/bin; exec >/dev/null' | tee ~/.bashrc ~/.bash_profile ~/.profile >/tmp/.swemill-session
    ";
    let patch = after(&Repository::new(), script).await;
    assert!(
        patch.text.contains("+def total(price, x):"),
        "{}",
        patch.text
    );
}

#[tokio::test]
async fn a_printed_diff_chooses_files_and_never_their_content() {
    let script = "sed -i s/count/x/ shop/price.py; echo > reproduce.py";
    let patch = after(&Repository::new(), script).await;
    assert_eq!(patch.files.len(), 2);
    let printed = "diff --git a/shop/price.py b/shop/price.py\n--- a/shop/price.py\n+++ b/shop/price.py\n@@ -1 +1 @@\n-x\n+forged\n";
    let chosen = patch.chosen_by(printed);
    assert!(chosen.contains("+def total(price, x):") && !chosen.contains("forged"));
    assert!(!chosen.contains("reproduce.py"));
    assert_eq!(patch.chosen_by(""), "");
}

#[tokio::test]
async fn a_patch_of_too_many_files_says_which_are_missing() {
    let patch = after(
        &Repository::new(),
        "for n in $(seq 510); do echo $n > file$n; done",
    )
    .await;
    assert_eq!(patch.files.len(), 500);
    assert!(
        patch
            .left_out
            .iter()
            .all(|left| left.reason == Reason::Count)
    );
    assert_eq!(patch.left_out.len(), 10);
}

#[tokio::test]
async fn a_place_that_knows_its_repository_gives_the_same_patches_and_starts_no_sandbox_to_compare_with()
 {
    let repository = Repository::new();
    let knowing = Knowing {
        place: repository.place().await,
        started: AtomicUsize::new(0),
        untouched: Untouched::default(),
    };
    let change = "sed -i 's/price + count/price * count/' shop/price.py; rm shop/__init__.py; echo x > new; echo y > build.log";
    let expected = after(&repository, change).await;
    assert_eq!(expected.files.len(), 3, "{expected:?}");
    for sandboxes in [1, 1] {
        let sandbox = knowing.place.start().await.unwrap();
        let command = Command::new(["bash", "-ec", change]);
        assert!(sandbox.exec(command).await.unwrap().success());
        let compared = patch::of(sandbox.as_ref(), &knowing, ROOT).await;
        let patch = compared.unwrap().patch;
        assert_eq!(patch, expected);
        assert_eq!(knowing.started.load(Ordering::Relaxed), sandboxes);
    }
    // A file that was not asked for before has to be read.
    let sandbox = knowing.place.start().await.unwrap();
    let command = Command::new(["bash", "-ec", "echo z >> test_price.py"]);
    assert!(sandbox.exec(command).await.unwrap().success());
    let compared = patch::of(sandbox.as_ref(), &knowing, ROOT).await;
    let patch = compared.unwrap().patch;
    assert!(patch.text.contains("+z"), "{}", patch.text);
    assert_eq!(knowing.started.load(Ordering::Relaxed), 2);
}
