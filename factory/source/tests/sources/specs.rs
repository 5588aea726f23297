//! What names a source, and what does not.

use proptest::prelude::*;
use swemill_source::Source;

fn canonical(text: &str) -> String {
    let source: Source = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let (owner, name) = source.owner_and_name();
    format!("{source} {owner}/{name}")
}

#[test]
fn packages_are_named_as_the_index_compares_them() {
    assert_eq!(
        canonical("pypi:Zope.Interface==5.00"),
        "pypi:zope-interface==5.0 pypi/zope-interface"
    );
    assert_eq!(
        canonical("pypi: a__b == 1.0-RC1 "),
        "pypi:a-b==1.0rc1 pypi/a-b"
    );
    assert_eq!(canonical("pypi:jinja2"), "pypi:jinja2 pypi/jinja2");
}

#[test]
fn urls_give_owner_name_and_revision() {
    for (text, expected) in [
        ("https://h.example/o/n.git", "https://h.example/o/n.git o/n"),
        (
            "git+https://h.example/g/o/n@v1.0",
            "https://h.example/g/o/n#v1.0 o/n",
        ),
        (
            "https://h.example/o/n#abc/def",
            "https://h.example/o/n#abc/def o/n",
        ),
        ("https://me:pw@h.example/o/n/", "https://h.example/o/n/ o/n"),
        ("git@h.example:o/n.git", "ssh://git@h.example/o/n.git o/n"),
        (
            "ssh://git@h.example:2222/~o/n",
            "ssh://git@h.example:2222/~o/n o/n",
        ),
        ("https://h.example/n", "https://h.example/n h.example/n"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn what_names_no_source_is_told_how_to_write_one() {
    for text in [
        "",
        "  ",
        "pypi:",
        "pypi:a b",
        "pypi:-a",
        "pypi:a==",
        "pypi:a==x.y",
        "pypi:a>=1",
        "pypi:a==1.*",
        "https://",
        "https://h.example",
        "ftp://h.example/x",
        "a\nb",
        "pypi:../x==1",
        "ext::sh -c evil",
    ] {
        let error = text.parse::<Source>().expect_err(text).to_string();
        assert!(error.contains("pypi:NAME==VERSION"), "{text:?}: {error}");
    }
    let error = "owner/name".parse::<Source>().unwrap_err().to_string();
    assert!(error.contains("https://github.com/OWNER/NAME"), "{error}");
}

#[test]
fn an_error_about_a_url_hides_its_password() {
    let error = "ftp://me:s3cret@h.example/x"
        .parse::<Source>()
        .unwrap_err()
        .to_string();
    assert!(!error.contains("s3cret"), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_never_a_panic(text in "(pypi:|https://|git@|file://|)?\\PC{0,40}") {
        if let Ok(source) = text.parse::<Source>() {
            let (owner, name) = source.owner_and_name();
            for part in [owner, name] {
                prop_assert!(!part.is_empty() && !part.contains('/') && !part.starts_with('.'));
            }
        }
    }
}
