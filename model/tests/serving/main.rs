//! Real models, answering: `SmolLM2-135M-Instruct` and MiniLM come from the package index if `SWEMILL_MODELS` names no folder with them.

mod generation;
mod models;
