"""What each of our layers is in PyTorch: another layer is one function here, and knows nothing of it."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.interop.torch.example_form import Place, no_twin
from inkgrad.layers import (
    ELU,
    GELU,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GroupNorm,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from inkgrad.layout import Named

Module = Any  # a torch.nn.Module


def twin(layer: Layer, p: Named, place: Place) -> Module:
    """Return the torch.nn.Module that does what `layer` does at `place`, with parameters of its own.

    Raises SettingError when PyTorch has none.
    """
    if type(layer) not in _twin.registry:  # so a class made from one of ours is refused: it may do something else
        raise no_twin(layer, "PyTorch")
    return _twin(layer, p, place)


@singledispatch
def _twin(layer: Layer, p: Named, place: Place) -> Module:
    raise NotImplementedError


def _filled(module: Module, weight: Array, bias: Array) -> Module:
    from torch import nn, tensor

    module.weight = nn.Parameter(tensor(np.ascontiguousarray(weight)))
    module.bias = nn.Parameter(tensor(bias))
    return module


@_twin.register
def _(layer: Chain, p: Named, place: Place) -> Module:
    from torch import nn

    modules = []
    for name, each in layer.named():
        modules.append(twin(each, p[name], place))
        place = place.after(each)
    return nn.Sequential(*modules)


# On the device "meta" nothing is drawn at random for weights that are replaced at once.


@_twin.register
def _(layer: Dense, p: Named, place: Place) -> Module:
    from torch import nn

    return _filled(nn.Linear(layer.n_in, layer.n_out, device="meta"), place.to_theirs(p.W).T, p.b)


@_twin.register
def _(layer: Conv2D, p: Named, place: Place) -> Module:
    from torch import nn

    padding = layer.margin if layer.padding == "same" else "valid"
    module = nn.Conv2d(layer.c_in, layer.c_out, layer.kernel, layer.stride, padding, device="meta")
    return _filled(module, p.W.transpose(3, 2, 0, 1), p.b)


@_twin.register
def _(layer: LayerNorm, p: Named, place: Place) -> Module:
    from torch import nn

    if place.holds_images:
        raise no_twin(layer, "PyTorch", "its channels are not the last axis of images; GroupNorm(1, ...) has one")
    module = nn.LayerNorm(layer.n, layer.eps, device="meta")
    return _filled(module, place.to_theirs(p.gain), place.to_theirs(p.bias))


@_twin.register
def _(layer: GroupNorm, p: Named, place: Place) -> Module:
    from torch import nn

    return _filled(nn.GroupNorm(layer.n_groups, layer.channels, layer.eps, device="meta"), p.gain, p.bias)


@_twin.register
def _(layer: MaxPool2D | AveragePool2D | Flatten | Dropout, p: Named, place: Place) -> Module:
    from torch import nn

    if isinstance(layer, Flatten):
        return nn.Flatten()
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    return nn.MaxPool2d(layer.size) if isinstance(layer, MaxPool2D) else nn.AvgPool2d(layer.size)


@_twin.register
def _(layer: ELU | LeakyReLU | GELU | Softplus | Softmax, p: Named, place: Place) -> Module:
    from torch import nn

    match layer:
        case ELU(alpha):
            return nn.ELU(alpha)
        case LeakyReLU(leak):
            return nn.LeakyReLU(leak)
        case GELU():
            return nn.GELU(approximate="tanh")
        case Softplus():
            return nn.Softplus(threshold=40)  # from there on PyTorch gives x, which is less than 1e-17 off
        case _:
            return nn.Softmax(dim=place.class_axis)


@_twin.register
def _(layer: ReLU | SiLU | Sigmoid | Tanh, p: Named, place: Place) -> Module:
    from torch import nn

    return getattr(nn, type(layer).__name__)()
