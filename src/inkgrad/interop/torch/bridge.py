"""To PyTorch and back: a network and its theta as a torch.nn.Sequential of the same layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.errors import SettingError, ShapeError
from inkgrad.extras import extra
from inkgrad.interop.torch.example_form import Place
from inkgrad.interop.torch.from_sequential import read
from inkgrad.interop.torch.to_sequential import twin
from inkgrad.layers import Chain, Layer
from inkgrad.layout import Layout

Sequential = Any  # a torch.nn.Sequential
TYPES = ("float16", "float32", "float64")  # of parameters that PyTorch has too


def to_torch(network: Layer, theta: Array, input_shape: Sequence[int]) -> Sequential:
    """Return the torch.nn.Sequential that computes what `network` computes at `theta`.

    Its parameters are copies, of theta's type.  An `input_shape` of three numbers is that of an image,
    (height, width, channels); the Sequential takes images as (N, channels, height, width), so
    `x.transpose(0, 3, 1, 2)` for ours.  Anything else is in the same order in both.

    Like every new module it is in training mode: call .eval() on it before it answers, if it has Dropout.

    Raises SettingError for a layer or a type of numbers that PyTorch does not have, or when PyTorch is not
    installed; ShapeError when the network does not take inputs of `input_shape`, or theta does not fit it.
    """
    with extra("torch", "to_torch needs"):
        from torch import nn
    if not isinstance(network, Layer):
        raise SettingError(f"to_torch takes a network, such as model.network, got {type(network).__name__}")
    theta = np.asarray(theta)
    if str(theta.dtype) not in TYPES:
        raise SettingError(f"to_torch takes parameters of type {', '.join(TYPES)}, got {theta.dtype}")
    place = Place(_as_shape(input_shape))
    module = twin(network, Layout(network.shapes()).views(theta), place)
    place.after(network).refuse_as_end()
    return module if isinstance(network, Chain) else nn.Sequential(module)


def from_torch(sequential: Sequential, input_shape: Sequence[int]) -> tuple[Chain, Array]:
    """Return the network and the theta that compute what a torch.nn.Sequential computes.

    `input_shape` is that of one input as we have it: (height, width, channels) for images, although the
    Sequential takes (channels, height, width).  theta is a copy, float64 if the Sequential has such
    parameters, else float32.  A bias that is left out becomes one of zeros.

    Raises SettingError for a module that is none of our layers, ShapeError for modules that do not fit
    one another or inputs of `input_shape`.
    """
    if type(sequential).__name__ != "Sequential":
        raise SettingError(f"from_torch takes a torch.nn.Sequential, got {type(sequential).__name__}")
    place = Place(_as_shape(input_shape))
    network, arrays = read(sequential, place)
    assert isinstance(network, Chain)
    place.after(network).refuse_as_end()
    exact = any(str(parameter.dtype) == "torch.float64" for parameter in sequential.parameters())
    theta = np.concatenate([array.ravel() for array in arrays] or [np.zeros(0)])
    return network, theta.astype(np.float64 if exact else np.float32)


def _as_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of one input as a tuple."""
    numbers = tuple(shape) if isinstance(shape, Sequence) else ()
    if not numbers or not all(isinstance(n, int | np.integer) and n > 0 for n in numbers):
        raise ShapeError(f"input_shape is the shape of one input, such as (28, 28, 1), got {shape!r}")
    return tuple(int(n) for n in numbers)
