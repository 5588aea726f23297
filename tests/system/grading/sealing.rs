//! Nothing that an agent can read tells of the original.

use std::process::Stdio;

use serde_json::Value;

use super::{CANARY, PROJECT, canary_instance};
use crate::support::{Home, Said, finish};

/// Looks for a text in every file that can be read, in what is packed in them, and in what `/proc` tells of the
/// own process; prints where it is found. The machine's own programs in `/usr` are the same for everybody and left
/// out, but not its Python packages. `FOUND` when anything, and the number of files last.
const SCAN: &str = r#"
import os, sys, zlib
needles = [bytes.fromhex(word) for word in sys.argv[1:]]
skip = ("/usr/bin", "/usr/sbin", "/usr/include", "/usr/share", "/usr/local/bin", "/usr/libexec", "/sys", "/bin", "/sbin",
        "/lib", "/lib64", "/dev", "/usr/games", "/usr/src")
files = 0
def look(path, data, how=""):
    for needle in needles:
        if needle in data:
            print("FOUND", path, how)
def packed(path, data):
    at = -1
    while (at := data.find(b"\x78", at + 1)) >= 0:
        try:
            look(path, zlib.decompressobj().decompress(data[at:]), "packed")
        except zlib.error:
            pass
for top, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if not os.path.join(top, name).startswith(skip)
                  and not (top == "/usr/lib" and not name.startswith("python"))
                  and not (top == "/proc" and name != "self")]
    for name in names:
        path = os.path.join(top, name)
        if name in ("kcore", "kmsg", "pagemap", "kpagecount") or path == "/proc/self/cmdline" or "/task/" in path:
            continue
        look(path, os.fsencode(path), "name")
        try:
            with open(path, "rb") as file:
                data = file.read(64 << 20)
        except OSError:
            continue
        files += 1
        look(path, data)
        if "/.git/" in path:
            packed(path, data)
print("files", files)
"#;

/// Runs a Python program in the sealed place.
fn python(home: &Home, instance: &Value, flags: &[&str], program: &str, words: &[&str]) -> Said {
    let id = instance["id"].as_str().unwrap();
    let mut arguments = vec!["enter", id];
    arguments.extend(flags);
    arguments.extend(["--", "python", "-"]);
    arguments.extend(words);
    let mut child = home
        .command(&arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, program.as_bytes()).unwrap();
    drop(stdin);
    finish(child)
}

fn as_hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[test]
fn a_canary_of_the_original_is_in_no_byte_that_an_agent_can_read() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    // Also the names of the original's objects: git's, and the plain digest that package records use.
    let original = PROJECT
        .iter()
        .find(|(name, _)| *name == "labels/core.py")
        .unwrap()
        .1;
    let blob = git_blob(original);
    let words = [
        as_hex(CANARY.as_bytes()),
        as_hex(&blob),
        as_hex(as_hex(&blob).as_bytes()),
    ];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = python(&home, &instance, &[], SCAN, &words);
    assert_eq!(said.code, Some(0), "{}", said.text());
    assert!(!said.stdout.contains("FOUND"), "{}", said.text());
    let files: usize = said
        .stdout
        .trim()
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(files > 1000, "only {files} files were looked at");
    // The scan can find things: what the break left is there, in a file and in git's pack.
    let left = as_hex(b"def attach(value, ending=");
    let said = python(&home, &instance, &[], SCAN, &[&left]);
    assert!(
        said.stdout.contains("FOUND /testbed/labels/core.py"),
        "{}",
        said.text()
    );
    assert!(said.stdout.contains(".pack packed"), "{}", said.text());
    home.leaves_nothing();
}

#[test]
fn the_agents_repository_is_one_commit_and_clean() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    let program = r##"
import os, subprocess, sys
def git(*words):
    return subprocess.run(("git",) + words, stdout=subprocess.PIPE, check=True).stdout.decode().strip()
assert git("rev-list", "--all", "--count") == "1", git("log")
assert git("status", "--porcelain", "--ignored") == "", git("status", "--porcelain", "--ignored")
assert git("remote") == "" and git("stash", "list") == "" and git("tag") == ""
assert git("reflog") == "", git("reflog")
reachable = set(line.split()[0] for line in git("rev-list", "--objects", "--all").splitlines())
everything = set(line.split()[0] for line in git("cat-file", "--batch-all-objects", "--batch-check").splitlines())
assert everything == reachable, everything ^ reachable
for name in ("ORIG_HEAD", "FETCH_HEAD", "logs", "objects/info/alternates", "packed-refs", "hooks"):
    assert not os.path.exists("/testbed/.git/" + name), name
dates = set()
for top, folders, names in os.walk("/testbed"):
    if ".git" in folders:
        folders.remove(".git")
    assert "__pycache__" not in folders and "build" not in folders, folders
    for name in names:
        about = os.stat(os.path.join(top, name))
        dates.add((about.st_mtime, about.st_nlink))
assert len(dates) == 1, dates
import labels
assert labels.__file__ == "/testbed/labels/__init__.py", labels.__file__
try:
    import urllib.request; urllib.request.urlopen("http://127.0.0.1:9", timeout=2)
except OSError:
    pass
assert not [name for name in os.listdir("/opt") if "harness" in name], os.listdir("/opt")
open("/testbed/labels/core.py", "a").write("# changed\n")
assert "+# changed" in git("diff")
print("well")
"##;
    let said = python(&home, &instance, &[], program, &[]);
    assert_eq!(said.stdout.trim(), "well", "{}", said.text());
}

#[test]
fn a_copy_in_the_installed_packages_is_broken_alike() {
    let (home, folder) = (Home::new(), tempfile::tempdir().unwrap());
    let instance = canary_instance(&home, folder.path());
    // As if a dependency brought the project along.
    let environments = home.path().join("environments");
    let built = std::fs::read_dir(&environments)
        .unwrap()
        .flatten()
        .map(|entry| entry.path().join("built"))
        .find(|path| path.is_dir())
        .unwrap();
    let library = std::fs::read_dir(built.join("lib"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let copy = library.path().join("site-packages/vendor/core.py");
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    let original = PROJECT
        .iter()
        .find(|(name, _)| *name == "labels/core.py")
        .unwrap()
        .1;
    std::fs::write(&copy, original).unwrap();
    finish_again(built.parent().unwrap());
    let id = instance["id"].as_str().unwrap();
    let report = home.succeed(&["enter", id, "--json"]).json();
    let shadowed = report["shadowed"].as_array().unwrap();
    assert!(
        shadowed
            .iter()
            .any(|path| path.as_str().unwrap().ends_with("vendor/core.py")),
        "{report}"
    );
    let said = python(&home, &instance, &[], SCAN, &[&as_hex(CANARY.as_bytes())]);
    assert!(
        said.stdout.contains("files") && !said.stdout.contains("FOUND"),
        "{}",
        said.text()
    );
}

/// Writes down what lies in an environment's folder as its builder did, who would not know it again otherwise.
fn finish_again(folder: &std::path::Path) {
    let program = r#"
import hashlib, json, os, stat, struct, sys
folder, outline = os.fsencode(sys.argv[1]), hashlib.sha256()
def look(place):
    for name in sorted(os.listdir(place)):
        path = os.path.join(place, name)
        inside, about = os.path.relpath(path, folder), os.lstat(path)
        if inside == b"environment.json":
            continue
        outline.update(struct.pack("<Q", len(inside)) + inside + struct.pack("<I", about.st_mode))
        if stat.S_ISDIR(about.st_mode):
            look(path)
        else:
            outline.update(struct.pack("<Qq", about.st_size, int(about.st_mtime // 1)))
look(folder)
manifest = os.path.join(folder, b"environment.json")
known = json.load(open(manifest))
known["outline"] = outline.hexdigest()
json.dump(known, open(manifest, "w"))
"#;
    let mut command = std::process::Command::new("python3");
    let done = command.args(["-c", program]).arg(folder).status().unwrap();
    assert!(done.success());
}

/// The name that git gives to a file's content.
fn git_blob(text: &str) -> Vec<u8> {
    let mut command = std::process::Command::new("git");
    command
        .args(["hash-object", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, text.as_bytes()).unwrap();
    drop(stdin);
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let digits = said.trim().as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
