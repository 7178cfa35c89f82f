"""Playground: a page where people try pictures. The server in Rust carries the same file."""
