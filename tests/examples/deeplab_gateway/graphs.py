"""Graphs that fit and graphs that do not -> what frozen_graph.py says of each, as JSON; TensorFlow starts once.

Runs in the environment `export`. Usage: python graphs.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorflow as tf

from examples.deeplab_gateway import frozen_graph
from generate.errors import UserError


def graph(*, frozen: bool) -> bytes:
    with tf.Graph().as_default() as made:
        picture = tf.compat.v1.placeholder(tf.uint8, [1, None, None, 3], name="Picture")
        tf.cast(picture[..., 0], tf.int64, name="Classes")
        tf.cast(picture[..., 0], tf.float32, name="Scores")
        if not frozen:
            tf.compat.v1.get_variable("Weights", [1])
        return bytes(made.as_graph_def().SerializeToString())


def main(folder: Path) -> None:
    frozen = graph(frozen=True)
    cases = {
        "other input": (frozen, "ImageTensor:0", "Classes:0"),
        "other output": (frozen, "Picture:0", "SemanticPredictions:0"),
        "scores": (frozen, "Picture:0", "Scores:0"),
        "not frozen": (graph(frozen=False), "Picture:0", "Classes:0"),
        "no graph": (b"nothing of use", "Picture:0", "Classes:0"),
        "named": (frozen, "Picture:0", "Classes:0"),
    }
    said = {}
    for name, (content, taken, given) in cases.items():
        file = folder / f"{name}.pb"
        file.write_bytes(content)
        (folder / name).mkdir()
        try:
            frozen_graph.write(file, folder / name, taken, given)
            said[name] = ""
        except UserError as error:
            said[name] = str(error)
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
