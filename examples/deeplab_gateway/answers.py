"""A segmentation -> the answer in the format asked for."""

import io
from typing import NamedTuple

import numpy as np
from flask import Response, jsonify
from PIL import Image

from examples.deeplab_gateway.formats import Format
from examples.deeplab_gateway.pascal import CLASSES

OPACITY = 153
"""Of the mask over the picture: 60 % of 255."""


class Segmentation(NamedTuple):
    """What a model said of a picture, and which one it was."""

    picture: Image.Image
    mask: Image.Image
    """Mode P, of the picture's size; its values are the classes."""
    variant: str
    version: int
    inference_ms: float
    """From the request to the model server to its answer."""


def answer(segmentation: Segmentation, wanted: Format) -> Response:
    """Return the answer; its headers say which model it is from, whatever the format."""
    if wanted is Format.JSON:
        response = jsonify(_as_json(segmentation))
    elif wanted is Format.MASK:
        response = _png(segmentation.mask)
    else:
        response = _png(_overlay(segmentation))
    response.headers["X-Variant"] = segmentation.variant
    response.headers["X-Model-Version"] = str(segmentation.version)
    response.headers["Server-Timing"] = f"inference;dur={segmentation.inference_ms:.1f}"
    return response


def _as_json(segmentation: Segmentation) -> dict[str, object]:
    mask = segmentation.mask
    counts = np.bincount(np.asarray(mask).ravel(), minlength=len(CLASSES))
    return {
        "variant": segmentation.variant,
        "version": segmentation.version,
        "width": mask.width,
        "height": mask.height,
        "classes": [
            {"class": int(class_id), "label": CLASSES[class_id], "share": round(counts[class_id] / counts.sum(), 4)}
            for class_id in np.argsort(-counts, kind="stable")
            if counts[class_id]
        ],
        "inference_ms": round(segmentation.inference_ms, 1),
    }


def _overlay(segmentation: Segmentation) -> Image.Image:
    """Return the picture as it is where there is background, under the class's colour elsewhere."""
    opacity = segmentation.mask.point([0] + [OPACITY] * 255, "L")
    return Image.composite(segmentation.mask.convert("RGB"), segmentation.picture, opacity)


def _png(image: Image.Image) -> Response:
    file = io.BytesIO()
    image.save(file, "PNG")
    return Response(file.getvalue(), mimetype="image/png")
