#!/usr/bin/env bash
# Runs a model server with the variants of DeepLabV3 and the gateway in front of it; Ctrl-C or SIGTERM ends both.
# Usage: bash examples/deeplab_gateway/run.sh [LABEL=FILE ...]      (with models, builds from them first: see build.sh)
# PORT: the gateway's (default 8080). GRPC_PORT, REST_PORT: the server's (8500, 8501). OUT: where the built models are.
# SERVER: server_python_fast, unless it is server_rust_fastest; frozen graphs are served by server_python_slow.
# ENGINE: how the server runs, as in server_*/run.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${OUT:-$here/served}
port=${PORT:-8080} grpc_port=${GRPC_PORT:-8500} rest_port=${REST_PORT:-8501}

if [[ $# -gt 0 ]]; then
  bash "$here/build.sh" "$@" --out "$out"
elif [[ ! -f $out/models.config ]]; then
  cat >&2 <<END
There are no models yet: give them, a label and a file each, such as

  bash examples/deeplab_gateway/run.sh small=deeplabv3_mnv2_dm05_pascal_quant.tflite large=deeplabv3_mnv2_pascal_quant.tflite

examples/deeplab_gateway/README.md says where they come from.
END
  exit 1
fi
server=${SERVER:-server_python_fast}
# All versions are of one kind; those of an earlier build may lie beside them.
if [[ -f $out/deeplab/1/saved_model.pb ]]; then
  server=server_python_slow
fi
if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  echo "port $port is in use: stop what listens there, or choose another one, such as PORT=$((port + 1))" >&2
  exit 1
fi
python=$(bash "$root/engine/venv.sh" deeplab_gateway "$here/requirements.txt")

# shellcheck disable=SC2016,SC2046  # when it ends, and as a list of process ids
trap 'kill $(jobs -pr) 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Labels may name versions that are not loaded yet, and the models may be built anew.
bash "$root/$server/run.sh" --port="$grpc_port" --rest_api_port="$rest_port" --model_config_file="$out/models.config" \
  --model_config_file_poll_wait_seconds=5 --allow_version_labels_for_unavailable_models &
server_id=$!
PORT=$port MODEL_SERVER=grpc://localhost:$grpc_port SHARES_FILE=${SHARES_FILE:-$out/shares.json} PYTHONPATH=$root \
  "$python" -P -m examples.deeplab_gateway &
echo "The gateway: http://localhost:$port/ (Swagger UI). Who gets which variant: ${SHARES_FILE:-$out/shares.json}"

wait -n || true
ended="the gateway"
kill -0 "$server_id" 2>/dev/null || ended="the model server"
echo "$ended has ended: see above why" >&2
exit 1
