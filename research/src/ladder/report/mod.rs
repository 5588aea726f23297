//! Data out: tables for the terminal, one HTML page, JSON.

mod document;
mod page;
mod table;
mod tables;

pub use document::FitDocument;
pub use page::Report;
pub use table::Table;
pub use tables::{
    averages_table, candidates_table, exclusions_table, parameters_table, predictions_table,
    subsets_table, task_plans_table, variance_table, without_rung_table,
};
