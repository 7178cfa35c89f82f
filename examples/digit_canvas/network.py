"""A small convolutional network: ink counts, float32 [N,8,8,1], 0 to 16 -> scores of the digits, float32 [N,10]."""

from pathlib import Path

import keras
import tensorflow as tf
from keras import layers


def build() -> keras.Model:
    """Return one that has learnt nothing yet."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )


def write_saved_model(model: keras.Model, folder: Path) -> None:
    """Write a SavedModel with the signature serving_default: `digit` -> `scores`."""
    module = tf.Module()
    module.variables_ = [variable.value for variable in model.variables]
    signature = tf.function(
        lambda digit: {"scores": model(digit, training=False)},
        input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.float32, name="digit")],
    )
    tf.saved_model.save(module, str(folder), signatures=signature)


def write_tflite(saved_model: Path, file: Path) -> None:
    """Convert a SavedModel."""
    file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved_model)).convert())
