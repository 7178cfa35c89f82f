#!/usr/bin/env bash
# Runs a server's image as if it were the server's entry point on this machine, with its ports, files and settings.
# Usage: bash tests/contract/in_image.sh server_python_fast/main.py [SERVER OPTION ...]
# ENGINE, ENGINE_RUN_FLAGS: as engine/run.sh takes them. SIGTERM and SIGINT reach the server.
set -euo pipefail

program=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=$(readlink -m "$program")
server=${server#"$root/"}
server=${server%%/*}
engine=$(bash "$root/engine/choose.sh" 2>/dev/null)

# Files that tests make are their user's alone, at the places that flags name.
command=("$engine" run --rm --network=host --user "$(id -u):$(id -g)")
temporary=${TMPDIR:-/tmp}
for folder in "$root" "$root/../shared" "$temporary"; do
  if [[ -d $folder ]]; then
    folder=$(cd "$folder" && pwd)
    command+=(-v "$folder:$folder")
  fi
done
for name in PORT "${!MODEL_@}" "${!FIRSTSERVE_@}"; do
  if [[ -v $name ]]; then
    command+=(-e "$name")
  fi
done
if [[ $(basename "$program") == tensorflow_model_server ]]; then
  command+=(--entrypoint tensorflow_model_server)
fi
read -ra flags <<<"${ENGINE_RUN_FLAGS:-}"
exec "${command[@]}" "${flags[@]}" "$server" "$@"
