"""Layers: the differentiable functions that networks are made of."""

from inkgrad.layers.activations import (
    ELU,
    GELU,
    Activation,
    Elementwise,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from inkgrad.layers.average_pool2d import AveragePool2D
from inkgrad.layers.base import Layer
from inkgrad.layers.chain import Chain, leaves, trace
from inkgrad.layers.conv2d import Conv2D
from inkgrad.layers.dense import Dense
from inkgrad.layers.dropout import Dropout
from inkgrad.layers.flatten import Flatten
from inkgrad.layers.frames import Frames
from inkgrad.layers.group_norm import GroupNorm
from inkgrad.layers.layer_norm import LayerNorm
from inkgrad.layers.max_pool2d import MaxPool2D
from inkgrad.layers.noise import Noise

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "AveragePool2D",
    "Chain",
    "Conv2D",
    "Dense",
    "Dropout",
    "Elementwise",
    "Flatten",
    "Frames",
    "GroupNorm",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "MaxPool2D",
    "Noise",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "leaves",
    "trace",
]
