#!/bin/sh
# Stands for this program in tests of probes: does what the file `does` in the version folder says.
# Usage: probed.sh probe VERSION_FOLDER [--litert_library FILE]
# shellcheck source=/dev/null
. "$2/does"
