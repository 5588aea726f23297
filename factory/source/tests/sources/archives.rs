//! Hostile and odd sdists. Each is built byte by byte, as no honest tool would write most of them.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use swemill_source::tree::Written;
use swemill_source::{Error, Limits, Result, archive, tree_digest};
use tar::{Builder, EntryType, Header};

/// One member: its raw name, kind, mode, link target and content.
struct Member<'m>(&'m [u8], EntryType, u32, &'m [u8], &'m [u8]);

fn file<'m>(name: &'m str, content: &'m str) -> Member<'m> {
    Member(
        name.as_bytes(),
        EntryType::Regular,
        0o644,
        b"",
        content.as_bytes(),
    )
}

fn link<'m>(name: &'m str, kind: EntryType, target: &'m str) -> Member<'m> {
    Member(name.as_bytes(), kind, 0o777, target.as_bytes(), b"")
}

fn tarball(members: &[Member<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for Member(name, kind, mode, target, content) in members {
        let mut header = Header::new_gnu();
        // The library's own setters refuse the names that matter here.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target);
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

struct Unpacked {
    place: tempfile::TempDir,
    outcome: Result<Written>,
}

impl Unpacked {
    fn root(&self) -> PathBuf {
        self.place.path().join("outer/root")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// The error's words, after making sure that nothing was written outside the root.
    fn refusal(&self) -> String {
        let beside: Vec<_> = fs::read_dir(self.place.path())
            .unwrap()
            .map(|item| item.unwrap().file_name())
            .collect();
        assert_eq!(beside.len(), 2, "something was written outside: {beside:?}");
        assert_eq!(
            fs::read_dir(self.place.path().join("outer"))
                .unwrap()
                .count(),
            1
        );
        self.outcome.as_ref().unwrap_err().to_string()
    }
}

fn unpack_bytes(bytes: &[u8], limits: &Limits) -> Unpacked {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("x-1.0.tar.gz");
    fs::write(&archive, bytes).unwrap();
    let root = place.path().join("outer/root");
    fs::create_dir_all(&root).unwrap();
    let outcome = archive::unpack(&archive, &root, limits);
    Unpacked { place, outcome }
}

fn unpack(members: &[Member<'_>]) -> Unpacked {
    unpack_bytes(&tarball(members), &Limits::default())
}

#[test]
fn the_single_top_folder_is_taken_off() {
    let found = unpack(&[
        file("x-1.0/setup.py", "1"),
        file("x-1.0/x/__init__.py", "2"),
    ]);
    let written = found.outcome.as_ref().unwrap();
    assert_eq!(found.read("x/__init__.py"), "2");
    assert_eq!((written.entries, written.bytes), (2, 2));
    assert_eq!(written.digest, tree_digest(&found.root()).unwrap());
}

#[test]
fn without_a_single_top_folder_nothing_is_taken_off() {
    let found = unpack(&[file("a/x.py", "1"), file("b/y.py", "2")]);
    assert_eq!(found.read("b/y.py"), "2");
    let found = unpack(&[file("a/x.py", "1"), file("README", "2")]);
    assert_eq!(found.read("a/x.py"), "1");
}

#[test]
fn paths_that_climb_or_start_at_the_root_are_refused() {
    for (name, word) in [
        ("../evil", ".."),
        ("x/../../evil", ".."),
        ("/tmp/evil", "absolute"),
        ("x/..", ".."),
    ] {
        let words = unpack(&[file("x/a", ""), file(name, "")]).refusal();
        assert!(words.contains(word), "{name}: {words}");
    }
}

#[test]
fn a_member_below_a_link_is_refused() {
    for target in ["..", "/tmp", "real"] {
        let found = unpack(&[
            file("x/real/a", ""),
            link("x/door", EntryType::Symlink, target),
            file("x/door/evil", "written through"),
        ]);
        assert!(found.refusal().contains("through a link"), "{target}");
    }
}

#[test]
fn a_file_that_takes_a_links_place_is_written_to_the_tree_and_not_to_the_target() {
    let found = unpack(&[
        link("x/a", EntryType::Symlink, "../../../victim"),
        file("x/a", "content"),
        file("x/b", ""),
    ]);
    assert!(found.outcome.is_ok());
    assert_eq!(found.read("a"), "content");
    assert!(!found.place.path().join("victim").exists());
}

#[test]
fn links_that_leave_are_left_out_and_counted_and_those_that_stay_are_kept() {
    let found = unpack(&[
        file("x/a/b.py", "b"),
        link("x/out", EntryType::Symlink, "../sibling"),
        link("x/absolute", EntryType::Symlink, "/etc/passwd"),
        link("x/a/up", EntryType::Symlink, "../a/b.py"),
        link("x/two", EntryType::Symlink, "a/../.."),
        link("x/chain", EntryType::Symlink, "out/more"),
        link("x/loop", EntryType::Symlink, "loop"),
        link("x/nothing", EntryType::Symlink, "not/there"),
        link("x/empty", EntryType::Symlink, ""),
    ]);
    let written = found.outcome.as_ref().unwrap();
    assert_eq!(written.left.links, 6);
    assert_eq!(found.read("a/up"), "b");
    assert!(found.root().join("nothing").is_symlink());
    for name in ["out", "absolute", "two", "chain", "loop", "empty"] {
        assert!(!found.root().join(name).is_symlink(), "{name}");
    }
    assert_eq!(written.digest, tree_digest(&found.root()).unwrap());
}

#[test]
fn a_link_out_through_a_linked_folder_is_found() {
    // "deep" leads to a folder whose parent's parent is outside, though no link says so by itself.
    let found = unpack(&[
        file("x/a/b/c", ""),
        link("x/a/b/d/top", EntryType::Symlink, "../../.."),
        link("x/escape", EntryType::Symlink, "a/b/d/top/.."),
    ]);
    assert_eq!(found.outcome.as_ref().unwrap().left.links, 1);
    assert!(!found.root().join("escape").is_symlink());
}

#[test]
fn a_hard_link_becomes_a_copy_and_one_to_elsewhere_is_left_out() {
    let found = unpack(&[
        file("x/a", "content"),
        link("x/copy", EntryType::Link, "x/a"),
        link("x/passwd", EntryType::Link, "/etc/passwd"),
        link("x/climb", EntryType::Link, "x/../../a"),
    ]);
    assert_eq!(found.outcome.as_ref().unwrap().left.links, 2);
    assert_eq!(found.read("copy"), "content");
    fs::write(found.root().join("copy"), "changed").unwrap();
    assert_eq!(found.read("a"), "content");
}

#[test]
fn devices_and_pipes_are_refused() {
    for kind in [EntryType::Char, EntryType::Block, EntryType::Fifo] {
        let words = unpack(&[file("x/a", ""), link("x/node", kind, "")]).refusal();
        assert!(words.contains("x/node"), "{words}");
    }
}

#[test]
fn modes_are_plain_whatever_the_archive_says() {
    let found = unpack(&[
        Member(b"x/suid", EntryType::Regular, 0o6777, b"", b""),
        Member(b"x/closed", EntryType::Regular, 0o000, b"", b""),
        Member(b"x/dir/", EntryType::Directory, 0o000, b"", b""),
        Member(b"x/dir/f", EntryType::Regular, 0o644, b"", b""),
    ]);
    let mode = |name: &str| {
        fs::metadata(found.root().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(
        [mode("suid"), mode("closed"), mode("dir"), mode("dir/f")],
        [0o755, 0o644, 0o755, 0o644]
    );
}

#[test]
fn a_later_member_replaces_an_earlier_one_and_a_file_is_no_folder() {
    let found = unpack(&[
        file("x/a", "first, long"),
        file("x/./a", "second"),
        file("x/b", ""),
    ]);
    assert_eq!(found.read("a"), "second");
    assert!(
        unpack(&[file("x/a", ""), file("x/a/b", "")])
            .refusal()
            .contains("below a file")
    );
    assert!(
        unpack(&[file("x/a/b", ""), file("x/a", "")])
            .refusal()
            .contains("at once")
    );
}

#[test]
fn git_folders_in_an_archive_are_left_out() {
    let found = unpack(&[
        file("x/a.py", ""),
        file("x/.git/hooks/post-checkout", "evil"),
        file("x/sub/.GIT/config", "evil"),
    ]);
    assert_eq!(found.outcome.as_ref().unwrap().left.git, 2);
    assert!(!found.root().join(".git").exists() && !found.root().join("sub").exists());
}

#[test]
fn names_and_contents_that_are_not_utf8_are_kept() {
    use std::os::unix::ffi::OsStrExt;
    let found = unpack(&[
        Member(
            b"x/caf\xe9.py",
            EntryType::Regular,
            0o644,
            b"",
            b"# \xe9\r\n",
        ),
        file("x/b", ""),
    ]);
    found.outcome.as_ref().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.py");
    assert_eq!(fs::read(found.root().join(name)).unwrap(), b"# \xe9\r\n");
}

#[test]
fn a_bomb_is_stopped_by_ratio_size_and_number() {
    let zeros = "\0".repeat(4 << 20);
    let bytes = tarball(&[file("x/zeros", &zeros)]);
    let ratio = Limits {
        ratio: 10,
        ratio_floor: 1 << 20,
        ..Limits::default()
    };
    let size = Limits {
        file_bytes: 1 << 20,
        ..Limits::default()
    };
    let total = Limits {
        tree_bytes: 1 << 20,
        ..Limits::default()
    };
    for limits in [ratio, size, total] {
        let found = unpack_bytes(&bytes, &limits);
        assert!(
            matches!(found.outcome, Err(Error::TooLarge { .. })),
            "{:?}",
            found.outcome
        );
    }
    let names: Vec<String> = (0..50).map(|number| format!("x/{number}/")).collect();
    let members: Vec<Member<'_>> = names
        .iter()
        .map(|name| Member(name.as_bytes(), EntryType::Directory, 0o755, b"", b""))
        .collect();
    let few = Limits {
        members: 20,
        ..Limits::default()
    };
    assert!(matches!(
        unpack_bytes(&tarball(&members), &few).outcome,
        Err(Error::TooLarge { .. })
    ));
}

#[test]
fn a_header_that_hides_a_bomb_is_stopped() {
    let long = "n".repeat(8 << 20);
    let bytes = tarball(&[
        Member(
            b"././@LongLink",
            EntryType::GNULongName,
            0o644,
            b"",
            long.as_bytes(),
        ),
        file("x/a", ""),
    ]);
    let found = unpack_bytes(&bytes, &Limits::default());
    assert!(
        matches!(found.outcome, Err(Error::TooLarge { .. })),
        "{:?}",
        found.outcome
    );
}

#[test]
fn damaged_empty_and_foreign_files_are_refused() {
    let whole = tarball(&[file("x/a", &"content".repeat(1000)), file("x/b", "")]);
    for bytes in [
        &whole[..whole.len() / 2],
        b"",
        b"<html>not found</html>",
        b"PK\x03\x04rubbish",
        b"\x1f\x8brubbish",
    ] {
        let found = unpack_bytes(bytes, &Limits::default());
        assert!(
            matches!(found.outcome, Err(Error::Archive { .. })),
            "{:?}",
            found.outcome
        );
    }
}

#[test]
fn a_zip_is_read_like_a_tar() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("x-1/a.py", plain.unix_permissions(0o755))
        .unwrap();
    zip.write_all(b"a").unwrap();
    zip.add_symlink("x-1/in", "a.py", plain).unwrap();
    zip.add_symlink("x-1/out", "../../etc", plain).unwrap();
    let bytes = zip.finish().unwrap().into_inner();
    let found = unpack_bytes(&bytes, &Limits::default());
    assert_eq!(found.outcome.as_ref().unwrap().left.links, 1);
    assert_eq!(
        (found.read("a.py"), found.read("in")),
        ("a".to_owned(), "a".to_owned())
    );
}

#[test]
fn a_zip_that_climbs_is_refused() {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let plain = zip::write::SimpleFileOptions::default();
    zip.start_file("x/AA/evil", plain).unwrap();
    let mut bytes = zip.finish().unwrap().into_inner();
    // The writer would clean the name up, so it is changed afterwards.
    while let Some(at) = bytes.windows(4).position(|window| window == b"/AA/") {
        bytes[at..at + 4].copy_from_slice(b"/../");
    }
    assert!(
        unpack_bytes(&bytes, &Limits::default())
            .refusal()
            .contains("..")
    );
}

#[test]
fn one_archive_gives_one_digest_wherever_it_is_unpacked() {
    let bytes = tarball(&[file("x/a", "1"), link("x/l", EntryType::Symlink, "a")]);
    let digest = |root: &Path| tree_digest(root).unwrap();
    let (one, two) = (
        unpack_bytes(&bytes, &Limits::default()),
        unpack_bytes(&bytes, &Limits::default()),
    );
    assert_eq!(digest(&one.root()), digest(&two.root()));
}
