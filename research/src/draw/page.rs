//! One self-contained HTML page of pictures.

use std::fmt::Write as _;

/// A page with a title and, for each picture, its words; it loads nothing.
pub fn page(title: &str, pictures: &[(String, String)]) -> String {
    let escape = |text: &str| html(text);
    let mut body = String::new();
    for (index, (words, svg)) in pictures.iter().enumerate() {
        // Clip paths of different pictures must not share names.
        let svg = svg
            .replace("id=\"c", &format!("id=\"p{index}c"))
            .replace("url(#c", &format!("url(#p{index}c"));
        let _ = writeln!(
            body,
            "<figure>{svg}<figcaption>{}</figcaption></figure>",
            escape(words)
        );
    }
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n<style>\
         body{{font:16px/1.5 Inter,Helvetica,Arial,sans-serif;color:#1f2933;background:#fbfaf7;max-width:1100px;\
         margin:2rem auto;padding:0 1rem}}figure{{margin:2rem 0}}svg{{max-width:100%;height:auto}}\
         figcaption{{color:#52606d;font-size:.9rem}}</style></head>\n<body><h1>{title}</h1>\n{body}</body></html>\n"
    )
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
