//! One self-contained HTML page of pictures.

use std::fmt::Write as _;

/// A page with a title and pictures; it loads nothing. The words of a picture are for those who do not see it: what it shows
/// stands in it, too.
pub fn page(title: &str, pictures: &[(String, String)]) -> String {
    let mut body = String::new();
    for (index, (words, svg)) in pictures.iter().enumerate() {
        // Clip paths of different pictures must not share names.
        let svg = svg
            .replace("id=\"c", &format!("id=\"p{index}c"))
            .replace("url(#c", &format!("url(#p{index}c"));
        let _ = writeln!(
            body,
            "<figure role=\"img\" aria-label=\"{}\">{svg}</figure>",
            html(words)
        );
    }
    let title = html(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\n<style>\
         body{{font:16px/1.5 Inter,Helvetica,Arial,sans-serif;color:#1f2933;background:#fbfaf7;max-width:1600px;\
         margin:2rem auto;padding:0 1rem}}h1{{font-size:clamp(1.3rem,4vw,1.9rem)}}main{{display:grid;gap:2rem;\
         grid-template-columns:repeat(auto-fit,minmax(min(100%,34rem),1fr));align-items:start}}figure{{margin:0}}\
         svg{{display:block;width:100%;max-width:60rem;height:auto}}</style></head>\n<body><h1>{title}</h1>\n<main>\n{body}</main></body></html>\n"
    )
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
