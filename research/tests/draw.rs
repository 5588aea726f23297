//! Pictures: letters on machines without fonts, and pages that load nothing.

use swemill_research::draw::{Svg, TextStyle, page, to_png};

fn picture(words: &str) -> String {
    let mut svg = Svg::new(200.0, 60.0, "#ffffff");
    let style = TextStyle {
        size: 30.0,
        colour: "#000000",
        anchor: "start",
    };
    svg.text([10.0, 40.0], words, style);
    svg.finish()
}

#[test]
fn letters_reach_a_png_without_fonts_of_the_system() {
    // Only the font in the binary is loaded, so that ink can come from nowhere else.
    let (empty, written) = (picture(""), picture("m = 3/2"));
    let [empty, written] = [empty, written].map(|svg| to_png(&svg, 1.0).unwrap());
    assert_ne!(empty, written);
    assert!(
        written.len() > empty.len() + 200,
        "{} and {}",
        written.len(),
        empty.len()
    );
}

#[test]
fn words_cannot_break_out_of_a_picture_or_a_page() {
    let page = page("<b>", &[("a & b".to_owned(), picture("<script>"))]);
    assert!(!page.contains("<script>") && !page.contains("<b>") && page.contains("a &amp; b"));
    assert!(
        !page
            .replace("http://www.w3.org/2000/svg", "")
            .contains("http")
    );
}

#[test]
fn a_picture_of_impossible_size_is_an_error() {
    assert!(to_png(&picture("x"), 1000.0).is_err());
    assert!(to_png(&picture("x"), f32::NAN).is_err());
    assert!(to_png("no svg", 1.0).is_err());
}
