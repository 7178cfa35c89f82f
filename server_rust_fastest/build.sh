#!/usr/bin/env bash
# Builds this server: an image with its model inside, or a program. Usage: bash server_rust_fastest/build.sh
# Settings come from the environment: see engine/build.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../engine/build.sh" "$(basename "$here")" "$@"
