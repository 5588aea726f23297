//! `swemill research envelope`: what its verbs say and draw, and how they refuse.

use insta::assert_snapshot;

use crate::support::Home;

/// The swallowtail of docs/research/envelopes.md.
const SWALLOWTAIL: [&str; 8] = ["-m", "3/2", "-a", "1/3", "-b", "1/4", "-r", "1/4"];

fn envelope(home: &Home, verb: &str, more: &[&str]) -> crate::support::Said {
    let mut arguments = vec!["research", "envelope", verb];
    arguments.extend(more);
    home.run(&arguments)
}

#[test]
fn the_methods_read_like_one_family() {
    let home = Home::new();
    for words in [
        &["research"][..],
        &["research", "envelope"],
        &["research", "envelope", "count"],
        &["research", "envelope", "draw"],
        &["research", "envelope", "classify"],
        &["research", "envelope", "walls"],
        &["research", "envelope", "slice"],
        &["research", "envelope", "atlas"],
        &["research", "ladder"],
        &["research", "ladder", "fit"],
        &["research", "ladder", "predict"],
        &["research", "ladder", "variance"],
        &["research", "ladder", "plan"],
    ] {
        let help = home.succeed(&[words, &["--help"]].concat()).stdout;
        assert_snapshot!(format!("help_{}", words.join("_")), help);
    }
}

#[test]
fn counts_types_walls_and_lists_read_well() {
    let home = Home::new();
    let said = |verb: &str, more: &[&str]| {
        let said = envelope(&home, verb, more);
        assert_eq!(said.code, Some(0), "{verb}: {}", said.text());
        said.stdout
    };
    assert_snapshot!(
        "envelope_count",
        said(
            "count",
            &["-m", "3/2", "-a", "1/3", "-b", "0.249", "-r", "1/4"]
        )
    );
    assert_snapshot!(
        "envelope_degenerate",
        said("count", &["-m", "2", "-a", "1/3", "-r", "1/3"])
    );
    assert_snapshot!("envelope_classify", said("classify", &SWALLOWTAIL));
    let walls = [
        "-m",
        "3",
        "--from",
        "0,0,0.15",
        "--to",
        "0,0,0.4",
        "--samples",
        "20",
    ];
    assert_snapshot!("envelope_walls", said("walls", &walls));
    assert_snapshot!(
        "envelope_slice",
        said("slice", &["-m", "3", "-r", "2/5", "--size", "40"])
    );
    assert_snapshot!(
        "envelope_atlas",
        said("atlas", &["-m", "3", "--r", "0.1:0.5"])
    );
}

#[test]
fn every_verb_prints_one_json_document() {
    let home = Home::new();
    let count = envelope(
        &home,
        "count",
        &[
            "-m", "3/2", "-a", "1/3", "-b", "0.249", "-r", "1/4", "--json",
        ],
    )
    .json();
    let nodes = &count["answer"]["counts"]["nodes_projective"];
    assert_eq!(nodes["value"], 1, "{count}");
    assert_eq!(
        (&nodes["path"], &nodes["certainty"]),
        (&"enclosure".into(), &"proved".into())
    );
    let types = envelope(&home, "classify", &[&SWALLOWTAIL[..], &["--json"]].concat()).json();
    assert_eq!(
        types["classification"]["singularities"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    let walls = [
        "-m",
        "3",
        "--from",
        "0,0,0.15",
        "--to",
        "0,0,0.25",
        "--samples",
        "10",
        "--json",
    ];
    let walls = envelope(&home, "walls", &walls).json();
    assert_eq!(
        walls["walls"][0]["events"],
        serde_json::json!(["butterfly"]),
        "{walls}"
    );
    let slice = envelope(
        &home,
        "slice",
        &["-m", "3", "-r", "2/5", "--size", "20", "--json"],
    )
    .json();
    assert_eq!(slice["slice"]["cusps"].as_array().unwrap().len(), 400);
    let atlas = envelope(&home, "atlas", &["-m", "3", "--json"]).json();
    assert_eq!(atlas["butterfly_lines"].as_array().unwrap().len(), 4);
}

#[test]
fn every_kind_of_picture_is_drawn_in_every_format() {
    let home = Home::new();
    let folder = home.temporary().to_owned();
    let strip = [
        "--at",
        "1/3,0.2,0.25",
        "--at",
        "1/3,0.3,0.25",
        "--focus",
        "1/3,0.03",
    ];
    for (kind, more) in [
        ("envelope", &["-a", "0.31"][..]),
        ("strip", &strip),
        ("slice", &["-r", "1/2", "--size", "30"]),
        ("diagram", &[]),
        ("surface", &[]),
    ] {
        for (ending, start) in [
            ("svg", &b"<svg"[..]),
            ("png", b"\x89PNG"),
            ("html", b"<!DOCTYPE html>"),
        ] {
            let out = folder.join(format!("{kind}.{ending}"));
            let arguments = [
                &[kind, "-m", "3/2"],
                more,
                &["--out", out.to_str().unwrap(), "--scale", "0.3", "--json"],
            ]
            .concat();
            envelope(&home, "draw", &arguments).json();
            let bytes = std::fs::read(&out).unwrap();
            assert!(
                bytes
                    .to_ascii_lowercase()
                    .starts_with(&start.to_ascii_lowercase()),
                "{kind}.{ending}"
            );
            if ending == "html" {
                let page = String::from_utf8(bytes).unwrap();
                assert!(
                    !page.contains("src=") && !page.contains("<link"),
                    "{kind}: not self-contained"
                );
            }
        }
    }
    let page = folder.join("atlas.html");
    let said = envelope(
        &home,
        "atlas",
        &["-m", "3/2", "--html", page.to_str().unwrap()],
    );
    assert_eq!(said.code, Some(0), "{}", said.text());
    let page = std::fs::read_to_string(page).unwrap();
    assert_eq!(
        page.matches("<svg").count(),
        7,
        "an atlas shows every kind of picture"
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_a_remedy() {
    let home = Home::new();
    for (verb, more, code, expected) in [
        ("count", &["-m", "3/0"][..], 2, "divides by zero"),
        (
            "count",
            &["-m", "three"],
            2,
            "write a fraction such as -7/3",
        ),
        ("count", &["-m", "999"], 2, "choose a simpler fraction"),
        (
            "count",
            &["-m", "3", "-r=-1"],
            3,
            "the radius -1 is negative",
        ),
        ("count", &[], 2, "required arguments were not provided"),
        (
            "classify",
            &["-m", "1", "-r", "1/2"],
            3,
            "no envelope to classify",
        ),
        (
            "walls",
            &["-m", "3", "--from", "0,0", "--to", "0,0,1"],
            3,
            "write A,B,R",
        ),
        (
            "walls",
            &["-m", "3", "--from", "0,0,1", "--to", "0,0,1"],
            3,
            "two different ends",
        ),
        (
            "slice",
            &["-m", "3", "-r", "1/2", "--a", "2:1"],
            3,
            "give the smaller end first",
        ),
        ("atlas", &["-m", "3", "--a", "2"], 3, "write LOW:HIGH"),
        (
            "draw",
            &["envelope", "-m", "3", "--out", "x.gif"],
            3,
            ".svg, .png or .html",
        ),
        (
            "draw",
            &["diagram", "-m", "1", "--out", "x.svg"],
            3,
            "pass through one point",
        ),
    ] {
        let said = envelope(&home, verb, more);
        assert_eq!(said.code, Some(code), "{verb} {more:?}: {}", said.text());
        assert!(
            said.stderr.contains(expected),
            "{verb} {more:?}: {}",
            said.text()
        );
    }
}
