//! Python with packages of the index, for clients of what is tested.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that all runs share.
pub(crate) fn shared(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The Python of a virtual environment with what `requirements.txt` in this folder of `tests/system` names. Tests are
/// processes of their own: one makes it, the others wait.
pub(crate) fn python_for(folder: &str) -> PathBuf {
    let requirements = format!("../tests/system/{folder}/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).unwrap();
    let venv = shared("python").join(folder);
    let (program, complete) = (venv.join("bin/python"), venv.join("complete"));
    let lock = File::create(shared("python").join(format!("{folder}.lock"))).unwrap();
    lock.lock().unwrap();
    if std::fs::read_to_string(&complete).is_ok_and(|found| found == wanted) {
        return program;
    }
    let _ = std::fs::remove_dir_all(&venv);
    succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let install = ["-m", "pip", "install", "--quiet", "-r", &requirements];
    succeed(Command::new(&program).args(install));
    std::fs::write(&complete, wanted).unwrap();
    program
}

/// Runs a command and demands that it succeeds; returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}
