#!/usr/bin/env bash
# Builds a server: an image with its model inside, or a virtual environment or program where servers run as processes.
# Usage: bash engine/build.sh SERVER      (every server's own build.sh does this)
# ENGINE: docker, podman or process; see engine/choose.sh. BASE_IMAGE: the image to build from, in place of the Dockerfile's.
# ENGINE_BUILD_FLAGS: more options for docker build or podman build. PYTHON, PIP_INSTALL_FLAGS: see engine/venv.sh.
set -euo pipefail

server=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
engine=$(bash "$root/engine/choose.sh")

if [[ $engine == process && -f $root/$server/Cargo.toml ]]; then
  bash "$root/engine/cargo.sh" "$server" >/dev/null
elif [[ $engine == process ]]; then
  python=$(bash "$root/engine/venv.sh" "$server" "$root/$server/requirements.txt")
  # pip compiles the packages; where nothing may be written at run time, every start would compile the rest again.
  "$python" -m compileall -q "$root/firstserve"
else
  bash "$root/engine/model.sh" "$server" >/dev/null
  read -ra flags <<<"${ENGINE_BUILD_FLAGS:-}"
  if [[ -n ${BASE_IMAGE:-} ]]; then
    flags+=(--build-arg "BASE=$BASE_IMAGE")
  fi
  "$engine" build "${flags[@]}" -t "$server" -f "$root/$server/Dockerfile" "$root"
  size_bytes=$("$engine" image inspect --format '{{.Size}}' "$server")
  echo "Built the image $server: $((size_bytes / 1000000)) MB"
fi
echo "Next: bash $server/run.sh"
