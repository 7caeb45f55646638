"""Translations: what each layer is in ONNX, one function for each."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from inkgrad import layers as ours
from inkgrad.costs import Cost, SoftmaxCrossEntropy
from inkgrad.errors import SettingError
from inkgrad.interop.onnx.sketch import Sketch
from inkgrad.layers import Layer
from inkgrad.layers.activations.gelu import A, B
from inkgrad.layers.windows import pair
from inkgrad.layout import Named


@singledispatch
def translate(layer: Layer, p: Named, sketch: Sketch) -> str:
    """Add to the sketch what `layer` is in ONNX, with its parameters p, and return the name of its output.

    A layer of your own gets its meaning by `@translate.register`; it counts for that very class, as a
    subclass may do something else:

        @translate.register
        def _(layer: Scale, p, sketch):
            return sketch.node("Mul", sketch.x(), sketch.array("s", p.s))

    Raises SettingError for a layer without a translation.
    """
    raise SettingError(
        f"{layer} has no meaning in ONNX yet: give it one with @inkgrad.interop.onnx.translate.register, "
        "as docs/export.md shows"
    )


def draw(layer: Layer, p: Named, sketch: Sketch) -> None:
    """Add a layer, and be ready for the next."""
    translation = translate.registry.get(type(layer), translate.registry[object])
    outputs = layer.output_shape(sketch.shape)
    sketch.move_on(translation(layer, p, sketch), outputs)


def draw_probabilities(cost: Cost, sketch: Sketch) -> None:
    """Add what makes probabilities of the network's outputs.

    Raises SettingError for a cost of your own that has another way.
    """
    way = type(cost).probabilities
    if way is SoftmaxCrossEntropy.probabilities:
        sketch.move_on(sketch.node("Softmax", sketch.x(), axis=-1), sketch.shape)
    elif way is not Cost.probabilities:
        raise SettingError(f"{cost} makes probabilities in a way of its own, which has no meaning in ONNX here")


@translate.register
def _(layer: ours.Chain, p: Named, sketch: Sketch) -> str:
    for name, inner in layer.named():
        with sketch.inside(name):
            draw(inner, p[name], sketch)
    return sketch.x_in_any_order()


@translate.register(ours.Dropout)
@translate.register(ours.Noise)
def _(layer: Layer, p: Named, sketch: Sketch) -> str:
    return sketch.x_in_any_order()  # random in training alone


@translate.register
def _(layer: ours.Dense, p: Named, sketch: Sketch) -> str:
    return sketch.node("Gemm", sketch.x(), sketch.array("W", p.W), sketch.array("b", p.b))


@translate.register
def _(layer: ours.Flatten, p: Named, sketch: Sketch) -> str:
    one_channel = len(sketch.shape) == 3 and sketch.shape[-1] == 1  # whose order is the same either way
    return sketch.node("Flatten", sketch.x_in_any_order() if one_channel else sketch.x(), axis=1)


# Images.


@translate.register
def _(layer: ours.Frames, p: Named, sketch: Sketch) -> str:
    return sketch.node("Squeeze", sketch.x(), sketch.array("axes", [1]))


@translate.register
def _(layer: ours.Conv2D, p: Named, sketch: Sketch) -> str:
    x, kernels = sketch.x_channels_first(), np.transpose(p.W, (3, 2, 0, 1))
    return sketch.node(
        "Conv",
        x,
        sketch.array("W", kernels),
        sketch.array("b", p.b),
        kernel_shape=list(pair(layer.kernel)),
        strides=list(pair(layer.stride)),
        pads=[*layer.margins, *layer.margins],  # at the beginning of each axis, then at its end
    )


@translate.register(ours.MaxPool2D)
@translate.register(ours.AveragePool2D)
def _(layer: ours.MaxPool2D | ours.AveragePool2D, p: Named, sketch: Sketch) -> str:
    op = "MaxPool" if isinstance(layer, ours.MaxPool2D) else "AveragePool"
    window = list(pair(layer.size))
    return sketch.node(op, sketch.x_channels_first(), kernel_shape=window, strides=window, ceil_mode=0)


@translate.register
def _(layer: ours.GroupNorm, p: Named, sketch: Sketch) -> str:
    """Each group is laid out as one channel, as InstanceNormalization takes it: GroupNormalization needs opset 21."""
    x, (height, width, channels), n = sketch.x_channels_first(), sketch.shape, layer.n_groups
    grouped = sketch.node("Reshape", x, sketch.array("grouped", [0, n, height * width * channels // n]))
    ones, zeros = sketch.array("ones", np.ones(n)), sketch.array("zeros", np.zeros(n))
    h = sketch.node("InstanceNormalization", grouped, ones, zeros, epsilon=layer.eps)
    h = sketch.node("Reshape", h, sketch.array("shape", [0, channels, height, width]))
    y = sketch.node("Mul", h, sketch.array("gain", np.reshape(p.gain, (-1, 1, 1))))
    return sketch.node("Add", y, sketch.array("bias", np.reshape(p.bias, (-1, 1, 1))))


# Numbers on a common scale.


@translate.register
def _(layer: ours.LayerNorm, p: Named, sketch: Sketch) -> str:
    gain, bias = sketch.array("gain", p.gain), sketch.array("bias", p.bias)
    return sketch.node("LayerNormalization", sketch.x(), gain, bias, axis=-1, epsilon=layer.eps)


@translate.register
def _(layer: ours.Softmax, p: Named, sketch: Sketch) -> str:
    return sketch.node("Softmax", sketch.x_in_any_order(), axis=sketch.channel_axis)


# Activations.


@translate.register(ours.ReLU)
@translate.register(ours.Softplus)
@translate.register(ours.Sigmoid)
@translate.register(ours.Tanh)
def _(layer: Layer, p: Named, sketch: Sketch) -> str:
    return sketch.node(type(layer).__name__.capitalize(), sketch.x_in_any_order())  # Relu


@translate.register
def _(layer: ours.LeakyReLU, p: Named, sketch: Sketch) -> str:
    return sketch.node("LeakyRelu", sketch.x_in_any_order(), alpha=layer.leak)


@translate.register
def _(layer: ours.ELU, p: Named, sketch: Sketch) -> str:
    return sketch.node("Elu", sketch.x_in_any_order(), alpha=layer.alpha)


@translate.register
def _(layer: ours.SiLU, p: Named, sketch: Sketch) -> str:
    x = sketch.x_in_any_order()
    return sketch.node("Mul", x, sketch.node("Sigmoid", x))


@translate.register
def _(layer: ours.GELU, p: Named, sketch: Sketch) -> str:
    """½ x (1 + tanh(A (x + B x³))): the operation Gelu needs opset 20."""
    x, constants = sketch.x_in_any_order(), {"A": A, "B": B, "one": 1.0, "half": 0.5}
    a, b, one, half = (sketch.array(name, np.float32(value)) for name, value in constants.items())
    cube = sketch.node("Mul", x, sketch.node("Mul", x, x))
    u = sketch.node("Mul", a, sketch.node("Add", x, sketch.node("Mul", b, cube)))
    return sketch.node("Mul", half, sketch.node("Mul", x, sketch.node("Add", one, sketch.node("Tanh", u))))
