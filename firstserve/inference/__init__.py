"""Inference: tensors or tf.Examples -> a signature of an acquired model -> its answer; both protocols call these."""

from firstserve.inference.classify import Classifications, classify
from firstserve.inference.multi_inference import Task, multi_inference
from firstserve.inference.predict import check_servable, predict, resolve
from firstserve.inference.regress import regress

__all__ = ["Classifications", "Task", "check_servable", "classify", "multi_inference", "predict", "regress", "resolve"]
