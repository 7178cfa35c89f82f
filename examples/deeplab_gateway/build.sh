#!/usr/bin/env bash
# Builds what the server serves from DeepLabV3 models: a version folder for each, signatures, labels, models.config.
# Usage: bash examples/deeplab_gateway/build.sh LABEL=FILE [LABEL=FILE ...] [--out DIR] ... (all: --help)
# FILE is a quantised .tflite, or a frozen graph (.pb). Example: small=depth_0.5.tflite large=depth_1.0.tflite
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
python=$(bash "$root/engine/venv.sh" export "$root/generate/requirements.txt")
PYTHONPATH=$root exec "$python" -P -m examples.deeplab_gateway.build "$@"
