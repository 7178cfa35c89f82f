//! What is read from metadata that is whole or damaged.
