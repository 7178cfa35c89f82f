#!/usr/bin/env bash
# Deploys this server with its model to Cloud Run and prints its URL. Usage: bash server_rust_fastest/deploy.sh [GCLOUD OPTION ...]
# Settings come from the environment: see engine/deploy.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec bash "$here/../engine/deploy.sh" "$(basename "$here")" "$@"
