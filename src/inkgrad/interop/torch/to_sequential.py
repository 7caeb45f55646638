"""To PyTorch: what each of our layers is there; another layer is one function here, and knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np

from inkgrad import layers as ours
from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError
from inkgrad.extras import extra
from inkgrad.interop.torch.example_form import ExampleForm, form_of, no_twin
from inkgrad.layers import Layer
from inkgrad.layout import Layout, Named

Module = Any  # a torch.nn.Module


def to_torch(network: Layer, theta: NDArray, input_shape: Sequence[int]) -> Module:
    """Return the torch.nn.Sequential that computes what `network` computes at `theta`.

    Its parameters are copies, of theta's type.  An `input_shape` of three numbers is that of an image,
    (height, width, channels); the Sequential takes images as (N, channels, height, width), so
    `x.transpose(0, 3, 1, 2)` for ours, and what it makes of Frames is (N, K, T).  Anything else is in the same order
    in both.

    Like every new module it is in training mode: call .eval() on it before it answers, if it has Dropout.

    Raises SettingError for a layer or a type of numbers that PyTorch does not have, or when PyTorch is not
    installed; ShapeError when the network does not take inputs of `input_shape`, or theta does not fit it.
    """
    with extra("torch", "to_torch needs"):
        from torch import nn
    if not isinstance(network, Layer):
        raise SettingError(f"to_torch takes a network, such as model.network, got {type(network).__name__}")
    theta = np.asarray(theta)
    if str(theta.dtype) not in ("float16", "float32", "float64"):  # which PyTorch has too
        raise SettingError(f"to_torch takes parameters of type float16, float32, float64, got {theta.dtype}")
    form = form_of(input_shape)
    module = _twin_of(network, Layout(network.shapes()).views(theta), form, nn)
    form.after(network).refuse_as_end()
    return module if isinstance(module, nn.Sequential) else nn.Sequential(module)


def _twin_of(layer: Layer, p: Named, form: ExampleForm, nn: Any) -> Module:
    """Return the torch.nn.Module that does what `layer` does to examples of `form`, with parameters of its own.

    `nn` is torch.nn.  Raises SettingError when PyTorch has none.
    """
    if type(layer) not in _twin.registry:  # so a class made from one of ours is refused: it may do something else
        raise no_twin(layer, "PyTorch")
    return _twin(layer, p, form, nn)


@singledispatch
def _twin(layer: Layer, p: Named, form: ExampleForm, nn: Any) -> Module:
    raise NotImplementedError


def _filled(module: Module, weight: NDArray, bias: NDArray) -> Module:
    from torch import nn, tensor

    module.weight = nn.Parameter(tensor(np.ascontiguousarray(weight)))
    module.bias = nn.Parameter(tensor(bias))
    return module


@_twin.register
def _(layer: ours.Chain, p: Named, form: ExampleForm, nn: Any) -> Module:
    modules = []
    for name, each in layer.named():
        modules.append(_twin_of(each, p[name], form, nn))
        form = form.after(each)
    return nn.Sequential(*modules)


# On the device "meta" nothing is drawn at random for weights that are replaced at once.


@_twin.register
def _(layer: ours.Dense, p: Named, form: ExampleForm, nn: Any) -> Module:
    return _filled(nn.Linear(layer.n_in, layer.n_out, device="meta"), form.to_theirs(p.W).T, p.b)


@_twin.register
def _(layer: ours.Conv2D, p: Named, form: ExampleForm, nn: Any) -> Module:
    padding = layer.margins if layer.padding == "same" else "valid"
    module = nn.Conv2d(layer.c_in, layer.c_out, layer.kernel, layer.stride, padding, device="meta")
    return _filled(module, p.W.transpose(3, 2, 0, 1), p.b)


@_twin.register
def _(layer: ours.Frames, p: Named, form: ExampleForm, nn: Any) -> Module:
    return nn.Flatten(2, 3)  # (N, K, 1, T) becomes (N, K, T)


@_twin.register
def _(layer: ours.LayerNorm, p: Named, form: ExampleForm, nn: Any) -> Module:
    if form.channels_first:
        raise no_twin(layer, "PyTorch", "its channels are not the last axis of images; GroupNorm(1, ...) has one")
    module = nn.LayerNorm(layer.n, layer.eps, device="meta")
    return _filled(module, form.to_theirs(p.gain), form.to_theirs(p.bias))


@_twin.register
def _(layer: ours.GroupNorm, p: Named, form: ExampleForm, nn: Any) -> Module:
    return _filled(nn.GroupNorm(layer.n_groups, layer.channels, layer.eps, device="meta"), p.gain, p.bias)


@_twin.register
def _(
    layer: ours.MaxPool2D | ours.AveragePool2D | ours.Flatten | ours.Dropout, p: Named, form: ExampleForm, nn: Any
) -> Module:
    if isinstance(layer, ours.Flatten):
        return nn.Flatten()
    if isinstance(layer, ours.Dropout):
        return nn.Dropout(layer.rate)
    return nn.MaxPool2d(layer.size) if isinstance(layer, ours.MaxPool2D) else nn.AvgPool2d(layer.size)


@_twin.register
def _(
    layer: ours.ELU | ours.LeakyReLU | ours.GELU | ours.Softplus | ours.Softmax, p: Named, form: ExampleForm, nn: Any
) -> Module:
    match layer:
        case ours.ELU(alpha):
            return nn.ELU(alpha)
        case ours.LeakyReLU(leak):
            return nn.LeakyReLU(leak)
        case ours.GELU():
            return nn.GELU(approximate="tanh")
        case ours.Softplus():
            return nn.Softplus(threshold=40)  # from there on PyTorch gives x, which is less than 1e-17 off
        case _:
            return nn.Softmax(dim=form.class_axis)


@_twin.register
def _(layer: ours.ReLU | ours.SiLU | ours.Sigmoid | ours.Tanh, p: Named, form: ExampleForm, nn: Any) -> Module:
    return getattr(nn, type(layer).__name__)()
