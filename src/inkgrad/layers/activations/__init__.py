"""Activations: layers without parameters that make a network non-linear."""

from inkgrad.layers.activations.base import Activation, Elementwise
from inkgrad.layers.activations.elu import ELU
from inkgrad.layers.activations.gelu import GELU
from inkgrad.layers.activations.leaky_relu import LeakyReLU
from inkgrad.layers.activations.relu import ReLU
from inkgrad.layers.activations.sigmoid import Sigmoid
from inkgrad.layers.activations.silu import SiLU
from inkgrad.layers.activations.softmax import Softmax
from inkgrad.layers.activations.softplus import Softplus
from inkgrad.layers.activations.tanh import Tanh

__all__ = [
    "ELU",
    "GELU",
    "Activation",
    "Elementwise",
    "LeakyReLU",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]
