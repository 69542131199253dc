"""Layer descriptions: shapes and parameters, with no weights and no arithmetic; see `base`."""

from __future__ import annotations

from byhand.models.layers.attention import Attention
from byhand.models.layers.base import LAYERS, Container, Inner, Layer, Parameter, Shape
from byhand.models.layers.bidirectional import Bidirectional
from byhand.models.layers.convolution import Conv2d
from byhand.models.layers.dense import GELU, Dropout, Linear, ReLU, Sigmoid, Tanh
from byhand.models.layers.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from byhand.models.layers.patches import Patches, Positions
from byhand.models.layers.pixels import Flatten, Select, Standardize
from byhand.models.layers.pooling import GlobalAveragePool, MaxPool2d
from byhand.models.layers.recurrence import GATES, Recurrent
from byhand.models.layers.residual import Residual

__all__ = [
    "GATES",
    "GELU",
    "LAYERS",
    "Attention",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bidirectional",
    "Container",
    "Conv2d",
    "Dropout",
    "Flatten",
    "GlobalAveragePool",
    "Inner",
    "Layer",
    "LayerNorm",
    "Linear",
    "MaxPool2d",
    "Parameter",
    "Patches",
    "Positions",
    "ReLU",
    "Recurrent",
    "Residual",
    "Select",
    "Shape",
    "Sigmoid",
    "Standardize",
    "Tanh",
]
