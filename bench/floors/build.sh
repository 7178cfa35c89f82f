#!/usr/bin/env bash
# Builds the floors, which answer a constant: a static C server (needs gcc and a static C library) and Python alone.
# Usage: bash bench/floors/build.sh [floor_c|floor_python]...      (default: both)
# ENGINE, BASE_IMAGE, ENGINE_BUILD_FLAGS: as engine/build.sh takes them. CC: the C compiler (default: gcc).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
engine=$(bash "$root/engine/choose.sh")
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

build_image() { # NAME FOLDER
  cp "$2/Dockerfile" "$context"
  chmod -R a+rX "$context"
  read -ra flags <<<"${ENGINE_BUILD_FLAGS:-}"
  if [[ -n ${BASE_IMAGE:-} && $1 == floor_python ]]; then
    flags+=(--build-arg "BASE=$BASE_IMAGE")
  fi
  "$engine" build "${flags[@]}" -t "$1" "$context"
  size_bytes=$("$engine" image inspect --format '{{.Size}}' "$1")
  echo "Built the image $1: $((size_bytes / 1000)) kB"
}

[[ $# -gt 0 ]] || set -- floor_c floor_python
for floor in "$@"; do
  folder=$root/bench/floors/${floor#floor_}
  case $floor in
    floor_c)
      target=$context/server
      if [[ $engine == process ]]; then
        target=$root/build/floors/floor_c
        mkdir -p "${target%/*}"
      fi
      "${CC:-gcc}" -static -O2 -Wall -Wextra -Werror -s -o "$target" "$folder/server.c"
      ;;
    floor_python)
      cp "$folder/server.py" "$context"
      ;;
    *)
      echo "no floor is called $floor: there are floor_c and floor_python" >&2
      exit 2
      ;;
  esac
  if [[ $engine != process ]]; then
    build_image "$floor" "$folder"
  fi
done
echo "Next: bench/coldstart --floors"
