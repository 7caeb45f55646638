"""Thinking: all that goes on in a network when it looks at one drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.errors import PictureError, SettingError
from inkgrad.layers import Activation, Conv2D, Dense, Layer, Softmax, trace
from inkgrad.layers.chain import Passed
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.pictures import mnist_form
from inkgrad.web.limits import LIMITS, SHOWN
from inkgrad.web.playground_settings import DIGIT_SIDE_PX
from inkgrad.web.wire import as_layer, as_text, positive, rounded, shown, signed


def drawn(body: bytes, width: int, height: int) -> NDArray | None:
    """Return what a network sees of a drawing, uint8 (28, 28); None where there is no ink.

    `body` has a byte for each pixel, row by row, 255 for ink.  A drawing of 28 × 28 is taken as
    it is, as it is an image of MNIST, or one that was seen before.

    Raises SettingError where its size is not as said.
    """
    if not (1 <= width <= LIMITS.drawing_side_px and 1 <= height <= LIMITS.drawing_side_px):
        raise SettingError(f"a drawing has sides of 1 to {LIMITS.drawing_side_px} pixels, got {width} × {height}")
    if len(body) != width * height:
        raise SettingError(f"a drawing of {width} × {height} has {width * height} bytes, got {len(body)}")
    ink = np.frombuffer(body, np.uint8).reshape(height, width)
    if (width, height) == (DIGIT_SIDE_PX, DIGIT_SIDE_PX):
        return ink if ink.any() else None
    try:
        return mnist_form(ink / 255)
    except PictureError:
        return None


@np.errstate(all="ignore")  # what is not finite is refused by name
def think(model: Model, image: NDArray) -> dict[str, Any]:
    """Return what each layer makes of an image, uint8 (28, 28), and what each pixel has to say about the answer.

    Raises SettingError for a network of other inputs, or one whose outputs are not finite.
    """
    network = model.network
    if model.input_shape != (DIGIT_SIDE_PX, DIGIT_SIDE_PX, 1):
        raise SettingError(f"a drawing needs a network for images of 28 × 28, got {shown(str(network))}")
    layout = Layout(network.shapes())
    p, gradient = layout.views(model.theta), np.zeros_like(model.theta)
    steps = trace(network, p, as_inputs(image.reshape(1, DIGIT_SIDE_PX, DIGIT_SIDE_PX, 1), model.theta.dtype.type))
    layers = [
        _activations(each.layer, each.y[0]) for each in steps if isinstance(each.layer, Activation | Conv2D | Dense)
    ]
    y = steps[-1].y
    probabilities = model.cost.probabilities(y)[0]
    if not np.isfinite(probabilities).all():
        raise SettingError("the outputs of this network are not finite: take another one, or reset it")
    predicted = int(probabilities.argmax())
    _, dy = model.cost.value_and_gradient(y, np.array([predicted]))
    g = layout.views(gradient)
    for step in reversed(steps):
        dy = step.back(g, dy)
    pull = dy.reshape(DIGIT_SIDE_PX, DIGIT_SIDE_PX)
    return {
        "empty": False,
        "image": as_text(image),
        "probabilities": [round(float(each), 6) for each in probabilities],
        "labels": list(model.labels),
        "predicted": predicted,
        "saliency": positive(np.abs(pull), float(np.abs(pull).max())),
        "pull": rounded(pull.ravel(), 3),
        "layers": layers,
        "first": _first(steps),
    }


def _activations(layer: Layer, y: NDArray) -> dict[str, Any]:
    """Return the outputs of a layer for one image: a map for each channel, or one row of units."""
    maps = np.moveaxis(y, -1, 0) if y.ndim == 3 else y[np.newaxis, np.newaxis]
    largest = float(np.abs(maps).max())
    if not np.isfinite(largest):
        raise SettingError("some outputs in this network are not finite: take another one, or reset it")
    encode = positive if isinstance(layer, Softmax) or maps.min() >= 0 else signed
    about = {"layer": as_layer(layer), "shape": list(y.shape), "signed": encode is signed}
    return about | _as_message(maps[: SHOWN.n_maps], largest, encode)


def _first(steps: Iterable[Passed]) -> dict[str, Any] | None:
    """Return the weights of the first layer as small images: kernels, or what each unit looks for."""
    for layer, p in ((step.layer, step.p) for step in steps):
        if isinstance(layer, Conv2D):
            maps, what = np.moveaxis(p.W[:, :, 0, :], -1, 0), "kernels"
        elif isinstance(layer, Dense) and layer.n_in == DIGIT_SIDE_PX * DIGIT_SIDE_PX:
            maps, what = p.W.T.reshape(-1, DIGIT_SIDE_PX, DIGIT_SIDE_PX), "weights"
        else:
            continue
        maps = maps[: SHOWN.n_maps]
        return {"what": what, "layer": as_layer(layer)} | _as_message(maps, float(np.abs(maps).max()), signed)
    return None


def _as_message(maps: NDArray, largest: float, encode: Callable[[NDArray, float], str]) -> dict[str, Any]:
    """Return small images (n, height, width) as the page has them."""
    _, height, width = maps.shape
    coded = [encode(each, largest) for each in maps]
    return {"width": width, "height": height, "maps": coded, "largest": round(largest, 4)}
