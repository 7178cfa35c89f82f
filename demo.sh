#!/usr/bin/env bash
# Shows it all: exports a MobileNet, converts it, starts the servers and their baselines, and measures their cold starts.
# Usage: bash demo.sh [RUNS]      (cold starts of each server that are counted; default 5)
# Needs Python 3.11 and a package index; for the Rust server cargo, cmake, nasm and a C compiler, else it is left out.
# The first run installs TensorFlow and takes minutes, the next one seconds.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
runs=${1:-5}
export ENGINE=process

step() {
  printf '\n== %s (%d s)\n' "$1" "$SECONDS"
}

step "1/5 Setting up the environments"
bash engine/venv.sh export generate/requirements.txt >/dev/null
bash engine/venv.sh bench bench/requirements.txt >/dev/null
bash server_python_fast/build.sh >/dev/null
bash server_python_slow/build.sh >/dev/null
bash bench/baselines/build.sh >/dev/null
servers=(baseline_tensorflow server_python_slow baseline_litert server_python_fast)
if bash server_rust_fastest/build.sh >/dev/null; then
  servers+=(server_rust_fastest)
else
  echo "server_rust_fastest is left out"
fi

step "2/5 Exporting MobileNet"
if [[ -f saved_model/1/saved_model.pb ]]; then
  echo "saved_model/1 is there already"
else
  bash generate/run.sh
fi

step "3/5 Converting it for LiteRT"
if [[ -f saved_model_tflite/1/model.tflite ]]; then
  echo "saved_model_tflite/1 is there already"
else
  bash convert_to_tflite/run.sh
fi

step "4/5 Starting each server $runs times, asking it for the class of examples/pictures/cat.jpg"
bench/coldstart "${servers[@]}" --runs "$runs"

step "5/5 Drawing the chart"
bench/report
cat <<'NEXT'

Everything has been stopped again. What to try next:
  bash server_python_fast/run.sh                                            starts the fast server on port 8080
  curl --data-binary @examples/pictures/cat.jpg localhost:8080/predict      asks it, from another terminal
  bash run_client_local.sh PICTURE                                          asks every server that runs here
  bash server_python_fast/deploy.sh                                         puts it on Cloud Run
NEXT
