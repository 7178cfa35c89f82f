#!/usr/bin/env bash
# Runs this server in the foreground; SIGTERM or Ctrl-C ends it. Usage: bash server_rust_fastest/run.sh [SERVER OPTION ...]
# Settings come from the environment: see engine/run.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../engine/run.sh" "$(basename "$here")" "$@"
