//! The expert's way through a repair.

use std::sync::Arc;

use swemill_agent::expert::{Expert, Gold, GoldFile};
use swemill_agent::{Agent, Dialect, Exit, Policy, Trajectory, Unobserved};

use crate::support::{BROKEN, Repository, interface, scripted, task};

fn changed(before: Option<&str>, after: Option<&str>) -> GoldFile {
    GoldFile {
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

async fn attempt(dialect: Dialect, repository: &Repository, gold: &Gold) -> Trajectory {
    let place = repository.place().await;
    let agent = Agent {
        lm: Arc::new(Expert::new(&interface(dialect), gold)),
        ..scripted(dialect, Vec::new())
    };
    agent
        .attempt(&task(), &place, &mut Unobserved)
        .await
        .unwrap()
}

/// A repair of everything that makes it hard: two changes that look alike, tabs, marks of the notations, a file that is
/// missing, one that should not be there, one without a last newline.
fn gold() -> (Repository, Gold) {
    let tabs = "if True:\n\tx = 1  # ```\n\ty = '</parameter>'\n";
    let twice = "def a():\n    return 1\n\n\ndef b():\n    return 1\n";
    let repository = Repository::new()
        .file("shop/tabs.py", tabs)
        .file("shop/twice.py", twice)
        .file("shop/old.py", "gone = True\n")
        .file("shop/bare.py", "x = 1");
    let repaired = BROKEN.replace("price + count", "price * count");
    let files = [
        ("shop/price.py", changed(Some(BROKEN), Some(&repaired))),
        (
            "shop/tabs.py",
            changed(Some(tabs), Some(&tabs.replace("x = 1", "x = 2"))),
        ),
        (
            "shop/twice.py",
            changed(Some(twice), Some(&twice.replace("return 1", "return 2"))),
        ),
        ("shop/old.py", changed(Some("gone = True\n"), None)),
        ("shop/bare.py", changed(Some("x = 1"), Some("x = 2"))),
        (
            "shop/new/tax.py",
            changed(None, Some("RATE = '```</function>'\n")),
        ),
    ];
    let gold = Gold {
        reproduce: "python3 test_price.py".to_owned(),
        files: files.map(|(path, file)| (path.to_owned(), file)).into(),
    };
    (repository, gold)
}

#[tokio::test]
async fn an_expert_repairs_everything_in_every_notation_and_sees_it() {
    let mut patches = Vec::new();
    for dialect in Dialect::ALL {
        let (repository, gold) = gold();
        let trajectory = attempt(dialect, &repository, &gold).await;
        assert_eq!(
            trajectory.exit,
            Exit::Submitted,
            "{dialect:?}: {trajectory:#?}"
        );
        assert_eq!(trajectory.policy, Policy::Expert);
        let malformed = trajectory
            .steps
            .iter()
            .filter(|step| step.malformed.is_some());
        assert_eq!(malformed.count(), 0);
        let runs: Vec<i32> = trajectory
            .steps
            .iter()
            .flat_map(|step| &step.observations)
            .filter(|seen| seen.output.contains("well") || seen.output.contains("Assertion"))
            .map(|seen| seen.returncode)
            .collect();
        assert_eq!(runs, [1, 0], "{dialect:?}");
        let paths: Vec<String> = trajectory
            .patch
            .files
            .iter()
            .map(|file| file.path.clone())
            .collect();
        let wanted: Vec<&String> = gold.files.keys().collect();
        assert!(
            wanted.iter().all(|path| paths.contains(path)),
            "{dialect:?}: {paths:?}"
        );
        patches.push(trajectory.model_patch());
    }
    patches.dedup();
    assert_eq!(patches.len(), 1, "{patches:#?}");
    assert!(
        patches[0].contains("-\tx = 1  # ```\n+\tx = 2  # ```"),
        "{}",
        patches[0]
    );
}

#[tokio::test]
async fn an_expert_uses_the_editor_where_the_editor_keeps_the_file_as_it_is() {
    let (repository, gold) = gold();
    let trajectory = attempt(Dialect::SweAgentFunctionCalling, &repository, &gold).await;
    let mut edits = trajectory.steps.iter().flat_map(|step| &step.observations);
    assert!(edits.any(|seen| {
        seen.output
            .starts_with("The file /testbed/shop/price.py has been edited. ")
    }));
}
