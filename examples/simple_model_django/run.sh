#!/usr/bin/env bash
# Runs a server with the models of examples/simple_model, and this site in front of it; Ctrl-C or SIGTERM ends both.
# Usage: bash examples/simple_model_django/run.sh
# SERVER: server_python_fast (default), server_rust_fastest, or server_python_slow, which serves the SavedModels.
# PORT: where the site listens (default 8000). GRPC_PORT: where the server does (default: a free one).
# HOST: the address it listens on (default 127.0.0.1, for this machine alone; 0.0.0.0 for the names in ALLOWED_HOSTS).
# ENGINE: what the server runs in, docker, podman or process; see engine/choose.sh. The site's own settings: README.md.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
server=${SERVER:-server_python_fast}
port=${PORT:-8000}
host=${HOST:-127.0.0.1}
case $server in
  server_python_fast | server_rust_fastest) models=$root/examples/simple_model/tflite ;;
  server_python_slow) models=$root/examples/simple_model/saved_model ;;
  *)
    echo "SERVER=$server is no server: choose server_python_fast, server_rust_fastest or server_python_slow" >&2
    exit 2
    ;;
esac
if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  echo "port $port is in use: stop what listens there, or choose another one, such as PORT=$((port + 1))" >&2
  exit 1
fi

python=$(bash "$root/engine/venv.sh" simple_model_django "$root/examples/simple_model_django/requirements.txt")
[[ -d $models/multiply/2 ]] || bash "$root/examples/simple_model/export.sh"
# Where the project has been moved, the config file names folders that are no longer there.
grep -qsF "\"$models/multiply\"" "$models/models.config" || bash "$root/examples/simple_model/release.sh"

free_port='import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
grpc_port=${GRPC_PORT:-$("$python" -c "$free_port")}

running=()
trap 'kill "${running[@]}" 2>/dev/null || true; wait' EXIT
trap 'exit 0' INT TERM

# gRPC alone: the site needs no REST.
bash "$root/$server/run.sh" --port="$grpc_port" --rest_api_port=0 \
  --model_config_file="$models/models.config" --model_config_file_poll_wait_seconds=1 \
  --allow_version_labels_for_unavailable_models &
running+=($!)
# One process with threads: all visitors share one connection to the server.
PYTHONPATH=$root DJANGO_SETTINGS_MODULE=examples.simple_model_django.settings MODEL_SERVER=grpc://127.0.0.1:$grpc_port \
  "$python" -P -m gunicorn --bind "$host:$port" --threads 8 --no-control-socket \
  'django.core.wsgi:get_wsgi_application()' &
running+=($!)

has_ended() {
  echo "$1 has ended: the lines above say why" >&2
  exit 1
}
address=http://${host/#0.0.0.0/127.0.0.1}:$port
until curl --silent --fail --output /dev/null --header 'Host: localhost' "$address/ready"; do
  kill -0 "${running[0]}" 2>/dev/null || has_ended "$server"
  kill -0 "${running[1]}" 2>/dev/null || has_ended "the site"
  sleep 0.1
done
echo "Ready. Next: open $address/ in a browser; Ctrl-C ends the site and its server."
wait -n "${running[@]}" || true
has_ended "the site or $server"
