#!/usr/bin/env bash
# Installs what the tests need, then runs lint, format and type checks, shellcheck and all tests, of Python and of Rust.
# Usage: bash test.sh [PYTEST OPTION ...]      (with options, such as tests/image or -k orientation: those tests alone)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# The Rust server is built with cmake, nasm and a C compiler; the tests of the clients call curl, those of TLS openssl,
# those of pages a browser; tflite-support, which reads TFLite metadata for comparison, loads libusb.
missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v cmake >/dev/null || missing+=(cmake make)
command -v nasm >/dev/null || missing+=(nasm)
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
ldconfig -p 2>/dev/null | grep -q 'libusb-1\.0\.so\.0' || missing+=(libusb-1.0-0)
command -v chromium-headless-shell chromium >/dev/null || missing+=(chromium-headless-shell)
if [[ ${#missing[@]} -gt 0 ]] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} ..."
  install=(env DEBIAN_FRONTEND=noninteractive apt-get)
  [[ $(id -u) -eq 0 ]] || install=(sudo "${install[@]}")
  "${install[@]}" -qq update
  "${install[@]}" -qq install --no-install-recommends --yes "${missing[@]}" >/dev/null
fi
if ! command -v cargo >/dev/null; then
  echo "The Rust server is built with cargo, which is not installed: get Rust, from https://rustup.rs" >&2
  exit 1
fi

python=$(bash engine/venv.sh tests tests/requirements.txt)
tools=$(dirname "$python")
if [[ $# -gt 0 ]]; then
  exec "$python" -m pytest "$@"
fi

echo "== lint and format"
"$tools/ruff" check .
"$tools/ruff" format --check .
echo "== types"
"$tools/mypy" .
echo "== shell scripts"
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' bench/coldstart bench/enlarge bench/handover bench/hostile bench/json_tensor bench/load bench/report .ci/run)
"$tools/shellcheck" "${scripts[@]}"
echo "== models"
# From the weights in the repository: what is tested must not depend on a download.
[[ -f saved_model/1/saved_model.pb ]] || WEIGHTS_URL=http://127.0.0.1:9/ bash generate/run.sh
[[ -f saved_model_tflite/1/model.tflite ]] || bash convert_to_tflite/run.sh
echo "== Rust"
# All with one profile and in one folder, where the contract's tests find the program: what it is made of is built once.
cargo=(--locked --profile tested --manifest-path server_rust_fastest/Cargo.toml --target-dir server_rust_fastest/target)
cargo fmt --check --manifest-path server_rust_fastest/Cargo.toml
cargo clippy --all-targets --quiet "${cargo[@]}"
program=$(bash engine/cargo.sh server_rust_fastest tested)
FIRSTSERVE_LITERT_LIBRARY=$(dirname "$program")/libLiteRt.so cargo test --quiet "${cargo[@]}"
echo "== tests"
"$python" -m pytest
echo "All checks passed. Next: bash demo.sh"
