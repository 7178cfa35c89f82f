#!/usr/bin/env bash
# Installs what the tests need, then runs lint, format and type checks, shellcheck and all tests.
# Usage: bash test.sh [PYTEST OPTION ...]      (with options, such as tests/image or -k orientation: those tests alone)
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"

# The tests of the clients call curl, those of TLS openssl, those of pages a browser; tflite-support, which reads TFLite
# metadata for comparison, loads libusb.
missing=()
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
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' bench/coldstart bench/enlarge bench/handover bench/json_tensor bench/load bench/report .ci/run)
"$tools/shellcheck" "${scripts[@]}"
echo "== models"
# From the weights in the repository: what is tested must not depend on a download.
[[ -f saved_model/1/saved_model.pb ]] || WEIGHTS_URL=http://127.0.0.1:9/ bash generate/run.sh
[[ -f saved_model_tflite/1/model.tflite ]] || bash convert_to_tflite/run.sh
echo "== tests"
"$python" -m pytest
echo "All checks passed. Next: bash demo.sh"
