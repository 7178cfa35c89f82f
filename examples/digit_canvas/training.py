"""Command line -> saved_model/digit_recognizer/<version>/ and tflite/digit_recognizer/<version>/model.tflite."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from examples.digit_canvas import augmentation, digits
from generate.errors import UserError, main
from generate.quiet import quiet
from generate.version_folder import new_version, version

NAME = "digit_recognizer"
HERE = Path(__file__).parent
SEED = 0
COPIES = 30
EPOCHS = 4
BATCH = 128
LEARNING_RATE = 0.002
LEAST_ACCURACY = 0.985


def options() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="examples/digit_canvas/train.sh",
        description="Train the digit recognizer, and export it as SavedModel and as .tflite.",
    )
    parser.add_argument("--version", type=version, default=1, metavar="N", help="version to write (default: 1)")
    parser.add_argument(
        "--out",
        type=Path,
        default=HERE,
        metavar="DIR",
        help="the folder that gets saved_model and tflite (default: %(default)s)",
    )
    parser.add_argument(
        "--copies",
        type=int,
        default=COPIES,
        metavar="N",
        help="how many times each digit is drawn anew (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        default=EPOCHS,
        metavar="N",
        help="how many times all of them are learnt from (default: %(default)s)",
    )
    parser.add_argument("--verbose", action="store_true", help="show TensorFlow's own log")
    return parser.parse_args()


def run(asked: argparse.Namespace) -> None:
    """Train, measure, export; what is not accurate enough is not exported."""
    start = time.monotonic()
    learnt, held_out = digits.load()
    print(f"{len(learnt.classes)} digits, with {asked.copies} copies of each; {len(held_out.classes)} are held out")
    copies = augmentation.copies(learnt, asked.copies, np.random.default_rng(SEED))
    instances = np.concatenate([learnt.instances, *copies])
    classes = np.tile(learnt.classes, asked.copies + 1)

    with quiet(verbose=asked.verbose):
        import keras

        from examples.digit_canvas import network

        keras.utils.set_random_seed(SEED)
        model = network.build()
        steps = asked.epochs * -(-len(classes) // BATCH)
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, max(1, steps))),
            keras.losses.SparseCategoricalCrossentropy(),
        )
        for epoch in range(asked.epochs):
            loss = model.fit(instances, classes, batch_size=BATCH, verbose=0).history["loss"][-1]
            print(f"Epoch {epoch + 1} of {asked.epochs}: loss {loss:.3f}", flush=True)
        right = int((model.predict(held_out.instances, verbose=0).argmax(axis=1) == held_out.classes).sum())
        accuracy = right / len(held_out.classes)
        print(f"Held-out accuracy: {accuracy:.4f} ({right} of {len(held_out.classes)})", flush=True)
        if accuracy < LEAST_ACCURACY:
            raise UserError(
                f"the held-out accuracy is {accuracy:.4f}, and less than {LEAST_ACCURACY} is not exported: "
                f"leave --copies and --epochs as they are ({COPIES} and {EPOCHS}), or give more"
            )
        saved_models, tflites = (asked.out / kind / NAME for kind in ("saved_model", "tflite"))
        with new_version(saved_models, asked.version) as folder:
            network.write_saved_model(model, folder)
        with new_version(tflites, asked.version) as folder:
            network.write_tflite(saved_models / str(asked.version), folder / "model.tflite")
    print(f"Wrote {shown(saved_models / str(asked.version))}")
    print(f"Wrote {shown(tflites / str(asked.version))}, after {time.monotonic() - start:.0f} s")
    print("Next: bash examples/digit_canvas/run.sh")


def shown(path: Path) -> Path:
    """Return a path as one types it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main(lambda: run(options()))
