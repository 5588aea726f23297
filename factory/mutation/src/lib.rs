//! Breaks Python code with tree-sitter: names every site of every operator, then samples by seed.
//!
//! In reading order: [`operator`] says what an operator is and [`context`] what it may know; [`operators`]
//! has them all.

mod arid;
mod canonical;
mod compile;
pub mod context;
mod dispatch;
mod entity;
mod grammar;
pub mod operator;
pub mod operators;
pub mod patch;
mod sites;
mod structure;
mod summary;
mod verify;
