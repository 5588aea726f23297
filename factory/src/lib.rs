//! The factory: Python repositories in, validated task instances out.
//!
//! A user's words become a [`request`], kept in the store by the [`service`]. [`worker`]s take its jobs through
//! the [`stages`] with the help of a [`machine`] (sandboxes of the kind that [`backends`] chooses, fetched trees,
//! environments). [`validation`] decides a candidate with processes that are kept [`warm`], [`statement`] writes what a
//! solver reads, [`export`] lets data sets out, [`seal`] makes the place that an agent gets, [`grading`] judges what it
//! submits ([`breakage`] is an instance's break as both need it), [`rollouts`] lets agents try and keeps what they did, [`episodes`] lets trainers try
//! step by step, and [`verification`] proves instances once more. [`report`] tells of rollouts in one page of HTML.
//! [`cli`] is the command line over all of it, [`serve`] the HTTP server, [`settings`] what can be set, [`image`] base images for containers,
//! [`models`] where models are that are named, [`events`] what is told meanwhile, [`failure`] whose fault it was, [`tools`] what is
//! fetched from package indexes to work with.

pub mod backends;
pub mod baseline;
pub mod breakage;
pub mod cli;
pub mod episodes;
pub mod events;
pub mod export;
pub mod failure;
pub mod grading;
pub mod image;
pub mod machine;
pub mod models;
mod obeyed;
pub mod report;
pub mod request;
pub mod rollouts;
pub mod seal;
pub mod serve;
pub mod service;
pub mod settings;
pub mod stages;
mod staging;
pub mod statement;
pub mod tools;
pub mod validation;
pub mod verification;
pub mod warm;
pub mod worker;
