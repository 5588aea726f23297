//! Repositories that can be built.

use swemill_environment::Install;
use swemill_harness::Status;

use crate::support::Situation;

const PYPROJECT: &str = "[project]\nname = 'example'\nversion = '1'\ndescription = 'An example'\n[build-system]\nrequires = ['flit_core>=3.4']\nbuild-backend = 'flit_core.buildapi'\n";

#[tokio::test]
async fn a_package_in_src_is_imported_from_the_repository_and_its_changes_count() {
    let situation = Situation::new(&[
        ("pyproject.toml", PYPROJECT),
        (
            "src/example/__init__.py",
            "\"\"\"Doc.\"\"\"\ndef double(x):\n    return 2 * x\n",
        ),
        (
            "tests/test_double.py",
            "from example import double\ndef test_double():\n    assert double(2) == 4\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    assert_eq!(built.tests, 1);
    assert_eq!(
        built.recipe.install,
        Install::Editable,
        "{:#?}",
        built.recipe.notes
    );
    assert_eq!(built.recipe.test_command.arguments, ["tests"]);
    assert_eq!(situation.test(&built, &[]).await.count(Status::Passed), 1);
    let broken = [(
        "src/example/__init__.py",
        "def double(x):\n    return 3 * x\n",
    )];
    assert_eq!(
        situation.test(&built, &broken).await.count(Status::Failed),
        1
    );
}

#[tokio::test]
async fn an_environment_is_made_again_from_its_recipe_with_the_same_digest() {
    let situation = Situation::new(&[
        (
            "setup.py",
            "from setuptools import setup\nsetup(name='example', py_modules=['example_module'])\n",
        ),
        ("example_module.py", "X = 'again'\n"),
        (
            "test_again.py",
            "import example_module\ndef test_again():\n    assert example_module.X\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    std::fs::remove_dir_all(&built.folder).unwrap();
    let builder = situation.builder().await;
    let again = builder
        .restore(&built.recipe, &situation.project())
        .await
        .unwrap();
    assert_eq!(again.digest, built.digest);
    assert_eq!(again.recipe, built.recipe);
    assert_eq!(situation.test(&again, &[]).await.count(Status::Passed), 1);
    // A second restoration finds the folder.
    assert_eq!(
        builder
            .restore(&built.recipe, &situation.project())
            .await
            .unwrap(),
        again
    );
}

#[tokio::test]
async fn modules_fixtures_and_options_that_are_missing_are_worked_out() {
    let situation = Situation::new(&[
        ("pytest.ini", "[pytest]\naddopts = --timeout=60\n"),
        ("conftest.py", "import yaml\n"),
        ("tests/helper/tool.py", "Y = 1\n"),
        (
            "tests/test_a.py",
            "import tool\ndef test_a(mocker):\n    assert mocker.Mock() and tool.Y\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    let names: Vec<String> = built
        .recipe
        .locked()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for name in ["pyyaml", "pytest-mock", "pytest-timeout"] {
        assert!(
            names.iter().any(|locked| locked == name),
            "{name} is not in {names:?}"
        );
    }
    assert!(
        built
            .recipe
            .notes
            .iter()
            .any(|note| note.contains("PyYAML is added")),
        "{:#?}",
        built.recipe.notes
    );
    assert_eq!(situation.test(&built, &[]).await.count(Status::Passed), 1);
}

#[tokio::test]
async fn one_file_that_cannot_be_imported_does_not_sink_the_others() {
    let situation = Situation::new(&[
        ("tests/test_bad.py", "def test_(:\n"),
        ("tests/test_good.py", "def test_good():\n    pass\n"),
    ]);
    let built = situation.build().await.unwrap();
    assert_eq!(built.tests, 1);
    assert!(
        built
            .recipe
            .test_command
            .arguments
            .contains(&"--ignore=tests/test_bad.py".to_owned())
    );
    assert!(
        built
            .recipe
            .notes
            .iter()
            .any(|note| note.contains("test_bad.py is left out")),
        "{:#?}",
        built.recipe.notes
    );
}

#[tokio::test]
async fn a_repository_without_tests_is_told_so() {
    let situation = Situation::new(&[
        ("pyproject.toml", PYPROJECT),
        ("example/__init__.py", "\"\"\"Doc.\"\"\"\n"),
    ]);
    let failure = situation.build().await.unwrap_err();
    assert_eq!(failure.step, swemill_environment::Step::Collect);
    assert!(failure.reason.contains("no tests"), "{failure}");
    assert!(failure.remedy.contains("git repository"), "{failure}");
}

#[tokio::test]
async fn a_backend_that_fails_leaves_the_folder_on_the_search_path() {
    let situation = Situation::new(&[
        ("setup.py", "raise SystemExit('this never worked')\n"),
        ("lib/example/__init__.py", "Z = 1\n"),
        (
            "tests/test_z.py",
            "import example\ndef test_z():\n    assert example.Z\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    assert_eq!(built.recipe.install, Install::Path);
    assert_eq!(built.recipe.variables["PYTHONPATH"], "/testbed/lib");
    assert_eq!(situation.test(&built, &[]).await.count(Status::Passed), 1);
}

#[tokio::test]
async fn a_dependency_of_the_projects_name_does_not_hide_the_repository() {
    // `six` comes with python-dateutil; the repository has a module of that name.
    let situation = Situation::new(&[
        ("requirements.txt", "six\n"),
        ("six.py", "MARK = 'mine'\n"),
        (
            "tests/test_six.py",
            "import six\ndef test_mine():\n    assert six.MARK == 'mine'\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    assert_eq!(built.recipe.variables["PYTHONPATH"], "/testbed");
    assert_eq!(situation.test(&built, &[]).await.count(Status::Passed), 1);
}

#[tokio::test]
async fn tests_find_themselves_in_a_git_repository_of_one_commit() {
    let situation = Situation::new(&[
        ("pyproject.toml", PYPROJECT),
        ("example.py", "\"\"\"Doc.\"\"\"\n"),
        (
            "test_git.py",
            "import subprocess, example\n\
             def git(*words):\n    return subprocess.run(('git',) + words, capture_output=True, text=True, check=True).stdout\n\
             def test_one_commit():\n    assert len(git('log', '--oneline', '--all').splitlines()) == 1\n\
             def test_clean():\n    assert git('status', '--porcelain', '-uno') == ''\n\
             def test_no_reflog():\n    assert git('reflog') == ''\n\
             def test_writable():\n    open('new', 'w').close()\n    git('add', 'new')\n    \
             git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'new')\n",
        ),
    ]);
    let built = situation.build().await.unwrap();
    let run = situation.test(&built, &[]).await;
    assert_eq!(run.count(Status::Passed), 4, "{run:#?}");
}
