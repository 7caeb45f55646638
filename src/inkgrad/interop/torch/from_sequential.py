"""From PyTorch: what each of its modules is among our layers.

The modules are known by the name of their class, so that nothing here imports PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from inkgrad import layers as ours
from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError, ShapeError
from inkgrad.interop.torch.example_form import ExampleForm, form_of, no_twin
from inkgrad.layers import Layer
from inkgrad.layers.windows import shortest

Module = Any  # a torch.nn.Module
Read = tuple[Layer, list[NDArray]]  # a layer, and its parameters in the order of its layout


def from_torch(sequential: Module, input_shape: Sequence[int]) -> tuple[ours.Chain, NDArray]:
    """Return the network and the theta that compute what a torch.nn.Sequential computes.

    `input_shape` is that of one input as we have it: (height, width, channels) for images, although the
    Sequential takes (channels, height, width).  theta is a copy, float64 if the Sequential has such
    parameters, else float32.  A bias that is left out becomes one of zeros.

    Raises SettingError for a module that we have no layer for, ShapeError for modules that do not fit
    one another or inputs of `input_shape`.
    """
    if type(sequential).__name__ != "Sequential":
        raise SettingError(f"from_torch takes a torch.nn.Sequential, got {type(sequential).__name__}")
    form = form_of(input_shape)
    network, arrays = _read(sequential, form)
    assert isinstance(network, ours.Chain)
    form.after(network).refuse_as_end()
    exact = any(str(parameter.dtype) == "torch.float64" for parameter in sequential.parameters())
    theta = np.concatenate([array.ravel() for array in arrays] or [np.zeros(0)])
    return network, theta.astype(np.float64 if exact else np.float32)


def _read(module: Module, form: ExampleForm) -> Read:
    """Return the layer that does what `module` does to such examples, and its parameters in the order of its layout.

    Raises SettingError when there is none, ShapeError when it does not take such examples.
    """
    kind = type(module)
    if not kind.__module__.startswith("torch.nn.modules.") or kind.__name__ not in MODULE_READERS:
        raise no_twin(module, "inkgrad")
    return MODULE_READERS[kind.__name__](module, form)


def _chain(module: Module, form: ExampleForm) -> Read:
    layers, arrays = [], []
    for each in module:
        layer, more = _read(each, form)
        form = form.after(layer)
        layers.append(layer)
        arrays += more
    return ours.Chain(tuple(layers)), arrays


def _dense(module: Module, form: ExampleForm) -> Read:
    weight, bias = _weight_and_bias(module, module.out_features, module.in_features)
    layer = ours.Dense(module.in_features, module.out_features)
    layer.output_shape(form.shape)  # before its weights are put in an order that may not fit
    return layer, [form.to_ours(weight.T), bias]


def _convolution(module: Module, form: ExampleForm) -> Read:
    _must_have(module, dilation=(1, 1), groups=1, padding_mode="zeros")
    kernel, stride = _pair(module, "kernel_size"), _pair(module, "stride")
    margins = module.padding if isinstance(module.padding, str) else _pair(module, "padding")
    middle = (kernel[0] - 1) // 2, (kernel[1] - 1) // 2
    same = margins == "same" or (margins == middle and kernel[0] % 2 == kernel[1] % 2 == 1)
    if not same and margins not in ("valid", (0, 0)):
        raise no_twin(module, "inkgrad", f"its padding must be 0 or {shortest(middle)}")
    weight, bias = _weight_and_bias(module, module.out_channels, module.in_channels, *kernel)
    layer = ours.Conv2D(module.in_channels, module.out_channels, kernel, stride, "same" if same else "valid")
    return layer, [weight.transpose(2, 3, 1, 0), bias]


def _layer_norm(module: Module, form: ExampleForm) -> Read:
    if len(module.normalized_shape) != 1 or form.channels_first:
        raise no_twin(module, "inkgrad", "ours is over the last axis, which in images is that of the channels")
    n = module.normalized_shape[0]
    layer = ours.LayerNorm(n, module.eps)
    layer.output_shape(form.shape)
    gain, bias = _weight_and_bias(module, n)
    return layer, [form.to_ours(gain), form.to_ours(bias)]


def _group_norm(module: Module, form: ExampleForm) -> Read:
    layer = ours.GroupNorm(module.num_groups, module.num_channels, module.eps)
    return layer, list(_weight_and_bias(module, module.num_channels))


def _flatten(module: Module, form: ExampleForm) -> Read:
    if form.holds_images and (module.start_dim, module.end_dim) in ((2, 3), (2, -1), (-2, 3), (-2, -1)):
        return ours.Frames(), []
    _must_have(module, start_dim=1, end_dim=-1)
    return ours.Flatten(), []


def _bare(make: Callable[[Module], Layer], **settings: object) -> Callable[[Module, ExampleForm], Read]:
    """Return what reads a module without parameters, which must have these settings."""

    def read(module: Module, form: ExampleForm) -> Read:
        _must_have(module, **settings)
        return make(module), []

    return read


def _softplus(module: Module, form: ExampleForm) -> Read:
    _must_have(module, beta=1)
    if module.threshold < 20:  # at 20, PyTorch's own, x is 2e-9 off
        raise no_twin(module, "inkgrad", "its threshold must be 20 or more")
    return ours.Softplus(), []


def _softmax(module: Module, form: ExampleForm) -> Read:
    axes = form.class_axis, form.class_axis - len(form.shape) - 1
    if module.dim not in axes:
        raise no_twin(module, "inkgrad", f"here its dim must be {axes[0]} or {axes[1]}, got {module.dim}")
    return ours.Softmax(), []


MODULE_READERS: dict[str, Callable[[Module, ExampleForm], Read]] = {
    "Sequential": lambda module, form: _chain(module, form),
    "Linear": _dense,
    "Conv2d": _convolution,
    "LayerNorm": _layer_norm,
    "GroupNorm": _group_norm,
    "MaxPool2d": _bare(lambda module: ours.MaxPool2D(_side_by_side(module)), dilation=1, return_indices=False),
    "AvgPool2d": _bare(lambda module: ours.AveragePool2D(_side_by_side(module)), divisor_override=None),
    "Flatten": lambda module, form: _flatten(module, form),
    "Dropout": _bare(lambda module: ours.Dropout(module.p)),
    "ReLU": _bare(lambda _: ours.ReLU()),
    "LeakyReLU": _bare(lambda module: ours.LeakyReLU(module.negative_slope)),
    "ELU": _bare(lambda module: ours.ELU(module.alpha)),
    "GELU": _bare(lambda _: ours.GELU(), approximate="tanh"),
    "SiLU": _bare(lambda _: ours.SiLU()),
    "Softplus": _softplus,
    "Sigmoid": _bare(lambda _: ours.Sigmoid()),
    "Tanh": _bare(lambda _: ours.Tanh()),
    "Softmax": _softmax,
}


def _weight_and_bias(module: Module, *shape: int) -> tuple[NDArray, NDArray]:
    """Return the weight, of `shape`, and the bias, one for each of its rows; a gain not there is one, a bias zero."""
    return _numbers(module, module.weight, shape, np.ones), _numbers(module, module.bias, shape[:1], np.zeros)


def _numbers(module: Module, parameter: Any, shape: tuple[int, ...], absent: Callable[..., NDArray]) -> NDArray:
    if parameter is None:
        return absent(shape)
    if tuple(parameter.shape) != shape:
        raise ShapeError(f"{module} should have parameters of shape {shape}, got {tuple(parameter.shape)}")
    if parameter.is_meta or not parameter.is_floating_point():
        raise no_twin(module, "inkgrad", f"its parameters are of {parameter.dtype} on device {parameter.device}")
    return np.asarray(parameter.detach().cpu().double().numpy())  # float64 holds every float of PyTorch


def _must_have(module: Module, **settings: object) -> None:
    for name, wanted in settings.items():
        if getattr(module, name) != wanted:
            raise no_twin(module, "inkgrad", f"its {name} must be {wanted!r}, got {getattr(module, name)!r}")


def _pair(module: Module, name: str) -> tuple[int, int]:
    value = getattr(module, name)
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def _side_by_side(module: Module) -> tuple[int, int]:
    """Return the size of windows that lie side by side inside the image."""
    size = _pair(module, "kernel_size")
    if _pair(module, "stride") != size:
        raise no_twin(module, "inkgrad", f"its stride must be its kernel_size, got {module.stride}")
    if _pair(module, "padding") != (0, 0):
        raise no_twin(module, "inkgrad", f"its padding must be 0, got {module.padding}")
    if module.ceil_mode:
        raise no_twin(module, "inkgrad", "its ceil_mode must be False")
    return size
