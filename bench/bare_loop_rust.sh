#!/usr/bin/env bash
# Builds the bare loop in Rust, which bench/load --bare-rust runs: the server's decoding and inference, without the server.
# Usage: bash bench/bare_loop_rust.sh
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=$(bash "$root/engine/cargo.sh" server_rust_fastest release --example bare_loop)
# It finds LiteRT beside itself, as the server does.
ln -sf ../libLiteRt.so "$(dirname "$program")/examples"
echo "Next: bench/load server_rust_fastest --bare-rust"
