#!/usr/bin/env bash
# Runs a server with the digit recognizer, and the page in front of it; SIGTERM or Ctrl-C ends both.
# Usage: bash examples/digit_canvas/run.sh
# SERVER: server_python_fast (default), server_python_slow or server_rust_fastest. ENGINE: see engine/choose.sh.
# PORT: where the page is (default 8502). SERVER_PORT: where the server listens (default 8501).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/examples/digit_canvas
server=${SERVER:-server_python_fast}
port=${PORT:-8502}
server_port=${SERVER_PORT:-8501}
case $server in
  server_python_fast | server_rust_fastest) kind=tflite ;;
  server_python_slow) kind=saved_model ;;
  *)
    echo "SERVER=$server is none of server_python_fast, server_python_slow and server_rust_fastest" >&2
    exit 2
    ;;
esac
if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  echo "port $port is in use: stop what listens there, or choose another one, such as PORT=$((port + 100))" >&2
  exit 1
fi

processes=()
end() {
  trap - EXIT INT TERM
  [[ ${#processes[@]} -eq 0 ]] || kill "${processes[@]}" 2>/dev/null || true
  wait
}
trap end EXIT
trap 'end; exit 0' INT TERM

models=$here/$kind/digit_recognizer
if ! compgen -G "$models/[0-9]*/*" >/dev/null; then
  bash "$here/train.sh" &
  processes=($!)
  wait "${processes[0]}"
fi
python=$(bash "$root/engine/venv.sh" example_digit_canvas "$here/requirements.txt")

PORT=$server_port MODEL_DIR=$models bash "$root/$server/run.sh" &
processes=($!)
# Bound to this machine: a page for everybody belongs behind a proxy.
SERVER=http://localhost:$server_port PYTHONPATH=$root "$python" -P -m streamlit run "$here/app.py" \
  --server.headless=true --server.address=127.0.0.1 "--server.port=$port" \
  --browser.gatherUsageStats=false --client.toolbarMode=minimal --logger.level=warning >/dev/null &
processes+=($!)

answers() { # URL
  curl --silent --fail --output /dev/null --max-time 5 "$1"
}
until answers "http://127.0.0.1:$server_port/v1/models/digit_recognizer" && answers "http://127.0.0.1:$port/_stcore/health"; do
  for process in "${processes[@]}"; do
    if ! kill -0 "$process" 2>/dev/null; then
      echo "the server or the page has not started: see what it says above" >&2
      exit 1
    fi
  done
  sleep 0.1
done
echo "Draw a digit: http://localhost:$port (Ctrl-C ends it)"
# Where the server ends, the page stays, and says so.
wait "${processes[1]}"
