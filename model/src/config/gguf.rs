//! The metadata of a GGUF.
