"""What the gateway and the servables agree on, whatever kind of model is inside."""

MODEL = "deeplab"
"""The name under which all variants are served, as versions 1, 2, ..."""
INPUT = "image"
"""uint8 [1, SIDE, SIDE, 3]: RGB, the picture at the top left, padded."""
OUTPUT = "class_ids"
"""An integer dtype, [1, SIDE, SIDE]: the class of each pixel."""
SIDE = 513
"""Pixels: the crop size that DeepLab's models for Pascal VOC are trained and exported with."""
