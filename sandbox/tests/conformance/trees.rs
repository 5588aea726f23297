//! What a place is made of.

use std::fs;
use std::os::unix::fs::symlink;

use swemill_sandbox::{Error, Mount, Tree, Upper};

use super::{Host, shell, small, succeed, text};

pub(crate) async fn files_stay_from_one_command_to_the_next(host: &Host) {
    let sandbox = host.start().await;
    succeed(
        &*sandbox,
        shell("echo kept > new.txt; echo t > /tmp/t; echo h > ~/h"),
    )
    .await;
    let output = succeed(&*sandbox, shell("cat new.txt /tmp/t ~/h")).await;
    assert_eq!(output, "kept\nt\nh\n");
}

pub(crate) async fn the_layers_below_never_change(host: &Host) {
    let sandbox = host.start().await;
    succeed(
        &*sandbox,
        shell("echo changed > hello.txt; rm -r folder; echo new > new.txt; chmod 777 ."),
    )
    .await;
    drop(sandbox);
    assert_eq!(text(&host.layer().join("hello.txt")), "hello\n");
    assert_eq!(text(&host.layer().join("folder/inner.txt")), "inner\n");
    assert!(!host.layer().join("new.txt").exists());
}

pub(crate) async fn sandboxes_of_one_environment_share_no_files(host: &Host) {
    let (one, two) = (host.start().await, host.start().await);
    succeed(&*one, shell("echo one > hello.txt; echo one > /tmp/file")).await;
    let output = succeed(&*two, shell("cat hello.txt; ls /tmp")).await;
    assert_eq!(output, "hello\n");
}

pub(crate) async fn a_removed_folder_can_be_made_again_and_is_empty(host: &Host) {
    let sandbox = host.start().await;
    let script = "rm -r folder && mkdir folder && ls -A folder && echo fresh > folder/other.txt";
    assert_eq!(succeed(&*sandbox, shell(script)).await, "");
    let output = succeed(&*sandbox, shell("ls folder; mv folder moved; ls moved")).await;
    assert_eq!(output, "other.txt\nother.txt\n");
}

pub(crate) async fn the_upper_layer_hides_the_lower_ones(host: &Host) {
    let upper = host.path("upper-layer");
    fs::create_dir(&upper).unwrap();
    fs::write(upper.join("hello.txt"), "upper\n").unwrap();
    host.backend.adopt(&upper).await.unwrap();
    let mut spec = host.spec();
    spec.trees[0].lower.insert(0, upper);
    let sandbox = host.start_with(&spec, &small()).await;
    let output = succeed(&*sandbox, shell("cat hello.txt folder/inner.txt")).await;
    assert_eq!(output, "upper\ninner\n");
}

pub(crate) async fn writes_to_a_folder_outlive_the_sandbox_and_serve_as_a_layer(host: &Host) {
    let built = host.path("built");
    let mut spec = host.spec();
    spec.trees[0].upper = Upper::Folder(built.clone());
    let sandbox = host.start_with(&spec, &small()).await;
    succeed(
        &*sandbox,
        shell(
            "echo built > made.txt; rm hello.txt; rm -r folder; mkdir folder; touch folder/empty",
        ),
    )
    .await;
    sandbox.stop().await.unwrap();
    assert_eq!(text(&built.join("made.txt")), "built\n");
    let beside = fs::read_dir(host.folder.path()).unwrap().count();
    assert_eq!(beside, 2, "only the layer and the built folder are left");
    let mut spec = host.spec();
    spec.trees[0].lower.insert(0, built);
    let sandbox = host.start_with(&spec, &small()).await;
    let output = succeed(&*sandbox, shell("ls; ls folder; cat made.txt")).await;
    assert_eq!(output, "folder\nmade.txt\nempty\nbuilt\n");
}

pub(crate) async fn a_path_that_does_not_exist_is_refused_before_anything_starts(host: &Host) {
    let missing = host.path("missing");
    let mut in_tree = host.spec();
    in_tree.trees[0].lower.push(missing.clone());
    let mut in_mount = host.spec();
    in_mount.mounts.push(Mount {
        source: missing.clone(),
        target: "/missing".into(),
        writable: false,
    });
    for spec in [in_tree, in_mount] {
        let error = host.backend.prepare(&spec).await.unwrap_err();
        let Error::Path { path, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(path, missing);
    }
}

pub(crate) async fn a_tree_without_layers_is_refused(host: &Host) {
    let mut spec = host.spec();
    spec.trees[0].lower.clear();
    let error = host.backend.prepare(&spec).await.unwrap_err();
    assert!(matches!(error, Error::Path { .. }), "{error}");
}

pub(crate) async fn mounts_are_read_only_unless_they_are_said_to_be_writable(host: &Host) {
    let mut spec = host.spec();
    if host.backend.name() == "docker" {
        // A container shares no host folder at all.
        spec.mounts.push(Mount {
            source: host.folder.path().into(),
            target: "/data".into(),
            writable: true,
        });
        let error = host.backend.prepare(&spec).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        spec.mounts.clear();
    }
    for (name, writable) in [("frozen", false), ("open", true)] {
        if writable && host.backend.name() == "docker" {
            continue;
        }
        let source = host.path(name);
        fs::create_dir(&source).unwrap();
        host.backend.adopt(&source).await.unwrap();
        spec.mounts.push(Mount {
            source,
            target: format!("/data/{name}").into(),
            writable,
        });
    }
    let sandbox = host.start_with(&spec, &small()).await;
    let script =
        "echo x > /data/frozen/file && exit 1; test ! -e /data/open || echo x > /data/open/file";
    succeed(&*sandbox, shell(script)).await;
    assert!(!host.path("frozen/file").exists());
    if host.backend.name() != "docker" {
        assert_eq!(text(&host.path("open/file")), "x\n");
    }
}

pub(crate) async fn a_single_file_can_be_mounted(host: &Host) {
    let source = host.path("tool");
    fs::write(&source, "tool\n").unwrap();
    let mut spec = host.spec();
    for target in ["/opt/tool", "/testbed/tool"] {
        spec.mounts.push(Mount {
            source: source.clone(),
            target: target.into(),
            writable: false,
        });
    }
    let sandbox = host.start_with(&spec, &small()).await;
    let script = "cat /opt/tool /testbed/tool; echo x > /opt/tool || echo refused";
    let output = succeed(&*sandbox, shell(script)).await;
    assert_eq!(output, "tool\ntool\nrefused\n");
}

pub(crate) async fn a_folder_with_awkward_characters_can_be_a_layer_and_a_mount(host: &Host) {
    let awkward = host.path("a:b,c\\d e=é'\"");
    fs::create_dir(&awkward).unwrap();
    fs::write(awkward.join("awkward.txt"), "awkward\n").unwrap();
    host.backend.adopt(&awkward).await.unwrap();
    let mut spec = host.spec();
    spec.trees[0].lower.push(awkward.clone());
    spec.mounts.push(Mount {
        source: awkward.clone(),
        target: "/opt/a:b,c d".into(),
        writable: false,
    });
    spec.trees.push(Tree {
        target: "/second".into(),
        lower: vec![awkward],
        upper: Upper::Memory,
    });
    let sandbox = host.start_with(&spec, &small()).await;
    let script = "cat awkward.txt '/opt/a:b,c d/awkward.txt' /second/awkward.txt";
    let output = succeed(&*sandbox, shell(script)).await;
    assert_eq!(output, "awkward\nawkward\nawkward\n");
}

pub(crate) async fn a_link_in_a_tree_leads_no_mount_out_of_the_sandbox(host: &Host) {
    let outside = host.path("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, host.layer().join("way-out")).unwrap();
    let mut spec = host.spec();
    spec.mounts.push(Mount {
        source: host.layer().join("hello.txt"),
        target: "/testbed/way-out/planted/file".into(),
        writable: false,
    });
    let environment = host.backend.prepare(&spec).await.unwrap();
    let _ = host.backend.start(&environment, &small()).await;
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

pub(crate) async fn a_sibling_starts_with_the_same_files_and_goes_its_own_way(host: &Host) {
    let parent = host.start().await;
    let script = "
        rm hello.txt; rm -r folder; mkdir folder; echo new > folder/new.txt
        ln folder/new.txt hard; ln -s hard soft; chmod 750 hard; mkfifo pipe; echo t > /tmp/t";
    succeed(&*parent, shell(script)).await;
    let child = match parent.fork().await {
        // A container's memory cannot be shared with another.
        Err(Error::Unsupported {
            backend: "docker", ..
        }) => return,
        forked => forked.unwrap(),
    };
    let look = "ls; ls folder; cat soft /tmp/t; stat -c '%a %h %U' hard";
    let expected = "folder\nhard\npipe\nsoft\nnew.txt\nnew\nt\n750 2 sandbox\n";
    assert_eq!(succeed(&*child, shell(look)).await, expected);
    succeed(&*child, shell("echo child > folder/new.txt; rm soft")).await;
    assert_eq!(succeed(&*parent, shell(look)).await, expected);
    succeed(&*parent, shell("echo parent > folder/parent.txt")).await;
    assert_eq!(succeed(&*child, shell("ls folder")).await, "new.txt\n");
}
