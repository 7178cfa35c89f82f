"""A quantised .tflite of DeepLabV3 -> a frozen graph of TensorFlow 1 with the same network, in floats.

Its weights are the file's, dequantised; the names of its ends are those of DeepLab's own export_model.py.
Runs in the environment `export`. Usage: python frozen_model.py FILE.tflite FILE.pb
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

PADDINGS = {schema.Padding.SAME: "SAME", schema.Padding.VALID: "VALID"}
ACTIVATIONS = {
    schema.ActivationFunctionType.NONE: tf.identity,
    schema.ActivationFunctionType.RELU: tf.nn.relu,
    schema.ActivationFunctionType.RELU6: tf.nn.relu6,
}
NUMPY_TYPES = {schema.TensorType.UINT8: "uint8", schema.TensorType.INT32: "<i4"}


class Network:
    """Builds the operations of a .tflite in the default graph, one after the other."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph = model.subgraphs[0]
        self.values: dict[int, Any] = {}

    def build(self) -> None:
        (taken,), (given,) = self.graph.inputs, self.graph.outputs
        # As in DeepLab's export, any size is let in; this network has one.
        picture = tf.compat.v1.placeholder(tf.uint8, [1, None, None, 3], name="ImageTensor")
        scale, zero_point = self.quantization(taken)
        shaped = tf.ensure_shape(picture, self.graph.tensors[taken].shape)
        self.values[taken] = (tf.cast(shaped, tf.float32) - zero_point) * scale
        for operator in self.graph.operators:
            code = self.model.operatorCodes[operator.opcodeIndex]
            # Codes beyond 127 came later, and went to a field of their own.
            number = max(code.builtinCode, code.deprecatedBuiltinCode)
            inputs = [self.value(index) for index in operator.inputs]
            self.values[operator.outputs[0]] = OPERATIONS[number](*inputs, operator.builtinOptions)
        tf.identity(self.values[given], name="SemanticPredictions")

    def value(self, index: int) -> Any:
        """The tensor at a place in the file: computed, or a constant of it."""
        if index not in self.values:
            tensor = self.graph.tensors[index]
            stored = self.model.buffers[tensor.buffer].data.view(NUMPY_TYPES[tensor.type]).reshape(tensor.shape)
            if tensor.quantization is not None and tensor.quantization.scale is not None:
                scale, zero_point = self.quantization(index)
                stored = ((stored.astype("float64") - zero_point) * scale).astype("float32")
            self.values[index] = tf.constant(stored)
        return self.values[index]

    def quantization(self, index: int) -> tuple[float, int]:
        (scale,) = self.graph.tensors[index].quantization.scale
        (zero_point,) = self.graph.tensors[index].quantization.zeroPoint
        return float(scale), int(zero_point)


def convolution(picture: Any, weights: Any, bias: Any, options: Any) -> Any:
    made = tf.nn.conv2d(
        picture,
        tf.transpose(weights, [1, 2, 3, 0]),
        strides=[options.strideH, options.strideW],
        padding=PADDINGS[options.padding],
        dilations=[options.dilationHFactor, options.dilationWFactor],
    )
    return ACTIVATIONS[options.fusedActivationFunction](made + bias)


def depthwise_convolution(picture: Any, weights: Any, bias: Any, options: Any) -> Any:
    made = tf.nn.depthwise_conv2d(
        picture,
        tf.transpose(weights, [1, 2, 3, 0]),
        strides=[1, options.strideH, options.strideW, 1],
        padding=PADDINGS[options.padding],
        dilations=[options.dilationHFactor, options.dilationWFactor],
    )
    return ACTIVATIONS[options.fusedActivationFunction](made + bias)


def average_pool(picture: Any, options: Any) -> Any:
    window, strides = [options.filterHeight, options.filterWidth], [options.strideH, options.strideW]
    return tf.nn.avg_pool2d(picture, window, strides, PADDINGS[options.padding])


def resize_bilinear(picture: Any, size: Any, options: Any) -> Any:
    return tf.compat.v1.image.resize_bilinear(
        picture, size, align_corners=options.alignCorners, half_pixel_centers=options.halfPixelCenters
    )


OPERATIONS: dict[int, Any] = {
    schema.BuiltinOperator.CONV_2D: convolution,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D: depthwise_convolution,
    schema.BuiltinOperator.ADD: lambda a, b, options: ACTIVATIONS[options.fusedActivationFunction](a + b),
    schema.BuiltinOperator.AVERAGE_POOL_2D: average_pool,
    schema.BuiltinOperator.RESIZE_BILINEAR: resize_bilinear,
    schema.BuiltinOperator.QUANTIZE: lambda value, _: value,
    schema.BuiltinOperator.CONCATENATION: lambda *parts: tf.concat(parts[:-1], parts[-1].axis),
    schema.BuiltinOperator.ARG_MAX: lambda scores, axis, _: tf.argmax(scores, axis),
}


def main(source: str, target: str) -> None:
    model = schema.ModelT.InitFromPackedBuf(Path(source).read_bytes())
    with tf.Graph().as_default() as graph:
        Network(model).build()
    Path(target).write_bytes(graph.as_graph_def().SerializeToString())


if __name__ == "__main__":
    main(*sys.argv[1:])
