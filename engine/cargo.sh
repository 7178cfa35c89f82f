#!/usr/bin/env bash
# Builds a server in Rust, with LiteRT's library beside it, and prints the program's path.
# Usage: bash engine/cargo.sh SERVER [PROFILE] [CARGO OPTION ...]      (cargo's profile: release, unless it is named)
# What has not changed since is left as it is. PYTHON, PIP_INSTALL_FLAGS: see engine/venv.sh, which fetches the library.
set -euo pipefail

server=$1
profile=${2:-release}
options=("${@:3}")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

declare -A remedies=(
  [cargo]="Rust, from https://rustup.rs"
  [cc]="a C compiler, such as gcc of the system's packages"
  [cmake]="cmake of the system's packages"
  [nasm]="nasm of the system's packages"
)
tools=(cargo cc cmake)
# The decoder of JPEG has code for this processor that is written for nasm.
[[ $(uname -m) != x86_64 ]] || tools+=(nasm)
for tool in "${tools[@]}"; do
  if ! type -P "$tool" >/dev/null; then
    echo "$server is built with $tool, which is not installed: get ${remedies[$tool]}" >&2
    exit 1
  fi
done

python=$(bash "$root/engine/venv.sh" "$server" "$root/$server/requirements.txt")
cargo build --locked --profile "$profile" --manifest-path "$root/$server/Cargo.toml" --target-dir "$root/$server/target" \
  "${options[@]}" >&2
# Cargo's own name for the folder of its profile `dev`.
folder=$root/$server/target/${profile/#dev/debug}
ln -sf "$(dirname "$python")"/../lib/python3*/site-packages/ai_edge_litert/libLiteRt.so "$folder"
echo "$folder/$server"
