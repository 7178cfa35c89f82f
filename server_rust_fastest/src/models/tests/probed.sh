#!/usr/bin/env bash
# Stands for this program in tests of probes: does what the file `does` in the version folder says.
# Usage: probed.sh probe VERSION_FOLDER [--litert_library FILE]
set -euo pipefail

# shellcheck source=/dev/null
source "$2/does"
