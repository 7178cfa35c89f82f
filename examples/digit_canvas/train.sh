#!/usr/bin/env bash
# Trains the digit recognizer, and exports it as SavedModel and as .tflite.
# Usage: bash examples/digit_canvas/train.sh [--version N] [--out DIR] ... (all: --help)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$(bash "$root/engine/venv.sh" export "$root/generate/requirements.txt")
# scikit-learn stands beside TensorFlow's environment, which is made once for all of the project.
sklearn=$(bash "$root/engine/venv.sh" example_digit_canvas_training "$root/examples/digit_canvas/requirements-training.txt")
packages=$("$sklearn" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# A keras.json of the user's may name another backend.
export KERAS_BACKEND=tensorflow
PYTHONPATH=$root:$packages exec "$python" -P -m examples.digit_canvas.training "$@"
