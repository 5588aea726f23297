//! A small table, written as text or as HTML.

use std::fmt::Write as _;

use crate::chart::escape;

/// A table; the first column names its row, the others hold values.
#[derive(Debug, Clone)]
pub struct Table {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The table with aligned columns, a line a row.
    pub fn text(&self) -> Vec<String> {
        let rows = || std::iter::once(&self.header).chain(&self.rows);
        let length = |cell: &String| cell.chars().count();
        let width = |column: usize| {
            let cells = rows().filter_map(|row| row.get(column));
            cells.map(length).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.header.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column > 0 { "  " } else { "" };
                let _ = if column == 0 {
                    write!(line, "{gap}{cell:<width$}")
                } else {
                    write!(line, "{gap}{cell:>width$}")
                };
            }
            line.trim_end().to_owned()
        };
        rows().map(line).collect()
    }

    pub(super) fn html(&self) -> String {
        let mut html = String::from("<div class=\"wide\"><table><thead><tr>");
        for name in &self.header {
            let _ = write!(html, "<th>{}</th>", escape(name));
        }
        html.push_str("</tr></thead><tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for cell in row {
                let _ = write!(html, "<td>{}</td>", escape(cell));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody></table></div>\n");
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_aligned_left_and_values_right() {
        let mut table = Table::new(&["task", "error"]);
        table.rows.push(vec!["mmlu".to_owned(), "0.63".to_owned()]);
        table
            .rows
            .push(vec!["größer".to_owned(), "11.1".to_owned()]);
        assert_eq!(
            table.text(),
            ["task    error", "mmlu     0.63", "größer   11.1"]
        );
    }

    #[test]
    fn markup_in_names_is_only_text_in_html() {
        let mut table = Table::new(&["task"]);
        table.rows.push(vec!["<script>".to_owned()]);
        assert!(table.html().contains("&lt;script&gt;"));
    }
}
