#!/usr/bin/env python3
"""The slow server's entry point: command line -> firstserve with TensorFlow, on the model that generate/ wrote.

A version folder without a SavedModel is served by LiteRT, and one with a .tflite as well where --prefer_tflite_model
asks for that. In the image it is `tensorflow_model_server` as well, and then behaves as that command.
Imports nothing itself: whatever is imported here delays the first answer.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # pathlib costs milliseconds

try:
    from firstserve.cli import main, tensorflow_model_server
except ModuleNotFoundError as error:
    if error.name != "firstserve":
        raise
    sys.path.insert(0, ROOT)
    from firstserve.cli import main, tensorflow_model_server

# `firstserve serve` itself prefers the .tflite.
defaults = [] if "FIRSTSERVE_PREFER_TFLITE_MODEL" in os.environ else ["--prefer_tflite_model=false"]
if sys.argv[0].endswith("tensorflow_model_server"):
    sys.exit(tensorflow_model_server([*defaults, *sys.argv[1:]]))
if not any(name.removeprefix("FIRSTSERVE_") in {"MODEL_NAME", "MODEL_BASE_PATH"} for name in os.environ):
    defaults += ["--model_name=mobilenet", f"--model_base_path={ROOT}/saved_model"]
sys.exit(main(["serve", *defaults, *sys.argv[1:]]))
