"""Spiking and quantising packages: forward is a step, backward is something smooth on purpose, and declared so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi, sqrt
from typing import Any

import numpy as np
from package_case import Built, Case, Known, normal


def snn(name: str, *settings: float) -> Built:
    from snntorch import surrogate

    function = getattr(surrogate, name)
    return (lambda x: function.apply(x, *settings)), [normal(4, 5)]


def norse(name: str, alpha: float) -> Built:
    import torch
    from norse.torch.functional import threshold

    alpha = torch.tensor(alpha) if name == "superspike_fn" else alpha
    return (lambda x: getattr(threshold, name)(x, alpha)), [normal(4, 5)]


def jelly(name: str) -> Built:
    from spikingjelly.activation_based import surrogate

    return getattr(surrogate, name)(), [normal(4, 5) / 2]


def of_primitive(name: str, dy: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return dy times the slope of the smooth function that a surrogate of SpikingJelly names as its own."""
    import torch
    from spikingjelly.activation_based import surrogate

    smooth = getattr(surrogate, name)(spiking=False)
    at = torch.tensor(x, requires_grad=True)
    (slope,) = torch.autograd.grad(smooth(at).sum(), at)
    return dy * slope.numpy()


def jelly_quantised(name: str, *settings: float) -> Built:
    from spikingjelly.activation_based import quantize

    return (lambda x: getattr(quantize, name)(x, *settings)), [normal(4, 5)]


def brevitas(name: str, *settings: Any) -> Built:
    from brevitas.ops import autograd_ste_ops

    function = getattr(autograd_ste_ops, name)
    return (lambda x: function.apply(x, *settings)), [2 * normal(4, 5)]


def reversal() -> Built:
    from pytorch_revgrad import RevGrad

    reverse = RevGrad(alpha=0.3)
    return (lambda x: reverse(x)), [normal(4, 5)]


def declared(rule: Any) -> dict[str, Any]:
    return {"surrogate": {"x": rule}}


def shape(slope: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Return the settings for a surrogate whose slope is a function of x."""
    return declared(lambda dy, x: dy * slope(x))


def sigmoid_slope(x: np.ndarray) -> np.ndarray:
    y = 1 / (1 + np.exp(-x))
    return y * (1 - y)


def spiking(package: str, function: str, build: Any, settings: dict[str, Any], note: str = "") -> Case:
    return Case(package, function, build, Known.surrogate, note, settings)


STRAIGHT = declared("straight-through")
PRIMITIVES = (
    "PiecewiseQuadratic", "PiecewiseExp", "Sigmoid", "SoftSign", "ATan", "NonzeroSignLogAbs", "Erf",
    "PiecewiseLeakyReLU", "SquarewaveFourierSeries", "S2NN", "QPseudoSpike", "LeakyKReLU", "LogTailedReLU", "Rect",
)  # fmt: skip
CASES = (
    spiking("snntorch", "StraightThroughEstimator", partial(snn, "StraightThroughEstimator"), STRAIGHT),
    spiking("snntorch", "Triangular", partial(snn, "Triangular", 1.0), shape(lambda x: np.where(x >= 0, -1.0, 1.0))),
    spiking("snntorch", "FastSigmoid", partial(snn, "FastSigmoid", 25), shape(lambda x: 1 / (25 * np.abs(x) + 1) ** 2)),
    spiking("snntorch", "ATan", partial(snn, "ATan", 2.0), shape(lambda x: 1 / (1 + (pi * x) ** 2))),
    spiking("snntorch", "Heaviside", partial(snn, "Heaviside"), shape(lambda x: 1.0 * (x > 0))),
    spiking("snntorch", "Sigmoid", partial(snn, "Sigmoid", 5.0), shape(lambda x: 5 * sigmoid_slope(5 * x))),
    spiking(
        "snntorch",
        "SpikeRateEscape",
        partial(snn, "SpikeRateEscape", 1.0, 5.0),
        shape(lambda x: 5 * np.exp(-np.abs(x - 1))),
    ),
    Case(
        "snntorch",
        "LeakySpikeOperator",
        partial(snn, "LeakySpikeOperator", 0.1),
        Known.mistake,
        "backward gives one gradient for two arguments, so that it raises",
    ),
    spiking(
        "snntorch",
        "SparseFastSigmoid",
        partial(snn, "SparseFastSigmoid", 25, 0.1),
        shape(lambda x: (x > 0.1) / (25 * np.abs(x) + 1) ** 2),
    ),
    spiking(
        "norse",
        "heavi_erfc_fn",
        partial(norse, "heavi_erfc_fn", 2.0),
        shape(lambda x: 2 * np.exp(-((2 * x) ** 2)) / sqrt(pi)),
    ),
    spiking("norse", "heavi_tanh_fn", partial(norse, "heavi_tanh_fn", 2.0), shape(lambda x: 1 - np.tanh(2 * x) ** 2)),
    spiking(
        "norse", "heavi_circ_fn", partial(norse, "heavi_circ_fn", 0.5), shape(lambda x: 0.125 / (0.25 + x**2) ** 1.5)
    ),
    spiking(
        "norse", "triangle_fn", partial(norse, "triangle_fn", 0.3), shape(lambda x: 0.3 * np.maximum(1 - np.abs(x), 0))
    ),
    Case(
        "norse",
        "superspike_fn, alpha=100",
        partial(norse, "superspike_fn", 100.0),
        Known.mistake,
        "1 / (1 + |x|)² where the paper it names has 1 / (1 + alpha |x|)²: alpha is never used",
        shape(lambda x: 1 / (100 * np.abs(x) + 1) ** 2),
    ),
    *(
        spiking("spikingjelly", name, partial(jelly, name), declared(partial(of_primitive, name)))
        for name in PRIMITIVES
    ),
    spiking("spikingjelly", "SuperSpike", partial(jelly, "SuperSpike"), shape(lambda x: 1 / (1 + np.abs(x)) ** 2)),
    spiking("spikingjelly", "quantize.round", partial(jelly_quantised, "round"), STRAIGHT),
    spiking("spikingjelly", "quantize.step_quantize", partial(jelly_quantised, "step_quantize", 0.3), STRAIGHT),
    spiking("spikingjelly", "quantize.k_bit_quantize", partial(jelly_quantised, "k_bit_quantize", 3), STRAIGHT),
    Case("spikingjelly", "quantize.clamp", partial(jelly_quantised, "clamp", -0.5, 0.5)),
    spiking("brevitas", "RoundSteFn", partial(brevitas, "RoundSteFn"), STRAIGHT),
    spiking("brevitas", "FloorSteFn", partial(brevitas, "FloorSteFn"), STRAIGHT),
    spiking("brevitas", "TernarySignSteFn", partial(brevitas, "TernarySignSteFn"), STRAIGHT),
    spiking("brevitas", "ScalarClampSteFn", partial(brevitas, "ScalarClampSteFn", -1.0, 1.0), STRAIGHT),
    spiking("brevitas", "ScalarClampMinSteFn", partial(brevitas, "ScalarClampMinSteFn", 0.0), STRAIGHT),
    Case("brevitas", "AbsBinarySignGradFn", partial(brevitas, "AbsBinarySignGradFn")),
    spiking("pytorch-revgrad", "RevGrad", reversal, declared(-0.3)),
)
