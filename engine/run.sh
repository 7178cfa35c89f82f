#!/usr/bin/env bash
# Runs a server in the foreground, as a container or as a plain process; SIGTERM or Ctrl-C ends it.
# Usage: bash engine/run.sh SERVER [SERVER OPTION ...]      (every server's own run.sh does this)
# PORT: where HTTP listens (default 8080; --rest_api_port wins). gRPC listens where --port says, else nowhere.
# MODEL_NAME, MODEL_BASE_PATH and FIRSTSERVE_* reach the server, in a container as well. MODEL_DIR: a folder of your own
# with version folders, served as MODEL_NAME (default: the folder's name), and mounted where servers are containers.
# A container also sees, read-only and at the same place, --model_base_path, the files that flags name, and the base
# paths that a --model_config_file names now. Whatever else it is to see: ENGINE_RUN_FLAGS="-v /models:/models:ro".
# ENGINE: docker, podman or process; see engine/choose.sh. ENGINE_RUN_FLAGS: more options for docker run or podman run.
set -euo pipefail

server=$1
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
options=("$@")

option() { # NAME -> the value of a server option; as in the server, a flag wins over its variable
  local variable=FIRSTSERVE_${1^^} index
  local value=${!variable:-}
  # So a variable begins that Kubernetes sets for a service named firstserve: the server says that it passes it over.
  [[ $value != @(tcp|udp|sctp)://* ]] || value=
  for ((index = 0; index < ${#options[@]}; index++)); do
    case ${options[index]} in
      "--$1="*) value=${options[index]#*=} ;;
      "--$1") value=${options[index + 1]:-} ;;
    esac
  done
  echo "$value"
}

refuse_port() { # PORT
  echo "the port ${1:-(none)} is none: it is a number from 1 to 65535, as in PORT=8080 bash $server/run.sh" >&2
  exit 2
}

export PORT=${PORT:-8080}
[[ $PORT != 0 ]] || refuse_port 0
PORT=$(port=$(option rest_api_port) && echo "${port:-$PORT}")
grpc_port=$(option port)
ports=()
for port in "$PORT" "${grpc_port:-0}"; do
  [[ $port =~ ^(0|[1-9][0-9]{0,4})$ && $port -le 65535 ]] || refuse_port "$port"
  # 0 switches a protocol off; where both have one port, the server says that it takes no second one.
  [[ $port == 0 || " ${ports[*]} " == *" $port "* ]] || ports+=("$port")
done
for port in "${ports[@]}"; do
  if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "port $port is in use: stop what listens there, or choose another one, such as PORT=$((port + 1)) bash $server/run.sh" >&2
    exit 1
  fi
done
if [[ -n ${MODEL_DIR:-} ]]; then
  if ! MODEL_DIR=$(cd "$MODEL_DIR" 2>/dev/null && pwd); then
    echo "MODEL_DIR is no folder: give the one that holds the version folders, such as flowers for flowers/1" >&2
    exit 1
  fi
  export MODEL_NAME=${MODEL_NAME:-$(basename "$MODEL_DIR")}
fi

ENGINE=$(bash "$root/engine/choose.sh")
export ENGINE
if [[ $ENGINE == process ]]; then
  if [[ -f $root/$server/Cargo.toml ]]; then
    # shellcheck source=server_rust_fastest/settings.sh
    source "$root/$server/settings.sh"
    command=("$(bash "$root/engine/cargo.sh" "$server")")
    # A program knows no place of the project, as main.py does.
    if ! [[ -v MODEL_NAME || -v MODEL_BASE_PATH || -v FIRSTSERVE_MODEL_NAME || -v FIRSTSERVE_MODEL_BASE_PATH ]]; then
      command+=(--model_name=mobilenet "--model_base_path=$root/$model")
    fi
  else
    python=$(bash "$root/engine/venv.sh" "$server" "$root/$server/requirements.txt")
    export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
    command=("$python" "$root/$server/main.py")
  fi
  if [[ -n ${MODEL_DIR:-} ]]; then
    command+=("--model_name=$MODEL_NAME" "--model_base_path=$MODEL_DIR")
  fi
else
  "$ENGINE" image inspect "$server" >/dev/null 2>&1 || bash "$root/engine/build.sh" "$server" >&2
  command=("$ENGINE" run --rm -e PORT)
  for port in "${ports[@]}"; do
    command+=(-p "$port:$port")
  done
  for name in MODEL_NAME MODEL_BASE_PATH "${!FIRSTSERVE_@}"; do
    if [[ -v $name ]]; then
      command+=(-e "$name")
    fi
  done
  if [[ -n ${MODEL_DIR:-} ]]; then
    command+=(-v "$MODEL_DIR:${MODEL_BASE_PATH:-/models}/$MODEL_NAME:ro")
  fi

  seen=()
  for name in model_base_path model_config_file batching_parameters_file monitoring_config_file ssl_config_file labels; do
    path=$(option "$name")
    [[ -n $path && -e $path ]] || continue
    if [[ $path != /* ]]; then
      path=$PWD/$path
      options+=("--$name=$path")
    fi
    seen+=("$path")
    if [[ $name == model_config_file ]]; then
      # A mounted file stays what it was when it is replaced by another one; a folder does not.
      [[ $(option model_config_file_poll_wait_seconds) =~ ^0*$ ]] || seen[-1]=$(dirname "$path")
      mapfile -t -O "${#seen[@]}" seen < <(grep -oE "base_path *: *[\"'][^\"']+" "$path" | grep -oE "/.*")
    fi
  done
  for path in "${seen[@]}"; do
    if [[ -e $path && " ${command[*]} " != *" $path:$path:ro "* ]]; then
      command+=(-v "$path:$path:ro")
    fi
  done
  read -ra flags <<<"${ENGINE_RUN_FLAGS:-}"
  command+=("${flags[@]}" "$server")
fi

where=()
[[ $PORT == 0 ]] || where+=("on http://127.0.0.1:$PORT")
[[ ${grpc_port:-0} == 0 ]] || where+=("with gRPC on 127.0.0.1:$grpc_port")
next="Ctrl-C ends it."
if [[ $PORT != 0 ]]; then
  # run_client_local.sh finds running servers by these notes; exec keeps the process id.
  notes=$(bash "$root/engine/notes.sh")
  echo "$$" >"$notes/$server.$PORT"
  next+=" Ask it from another terminal: bash run_client_local.sh"
fi
echo "Starting $server ${where[*]}; $next" >&2
exec "${command[@]}" "${options[@]}"
