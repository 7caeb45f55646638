"""ExampleForm: where the numbers of an example lie in PyTorch, whose images have their channels first.

Our images are (height, width, channels), PyTorch's (channels, height, width), and lines of frames (T, K) are
(K, T) there.  While they are such the layers see to that themselves; but when they are flattened, the numbers of
a row come in another order.  The next Dense layer takes that up: its rows of W go where their numbers went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers import Dense, Flatten, Frames, Layer, leaves


@dataclass(frozen=True, eq=False)
class ExampleForm:
    """The form of the examples between two layers.

    shape   of one example as we have it
    order   for each number of a PyTorch example, which of ours it is; None where the order is the same
    lines   whether an example is a line of frames, which an image has become
    """

    shape: tuple[int, ...]
    order: NDArray | None = None
    lines: bool = False

    @property
    def holds_images(self) -> bool:
        """Whether an example is an image, (height, width, channels)."""
        return len(self.shape) == 3

    @property
    def channels_first(self) -> bool:
        """Whether our last axis is PyTorch's first of an example."""
        return self.holds_images or self.lines

    @property
    def class_axis(self) -> int:
        """Return which axis of a PyTorch batch is our last."""
        return 1 if self.channels_first else len(self.shape)

    def after(self, layer: Layer) -> ExampleForm:
        """Return the form behind `layer`; ShapeError when the layer does not take what is here."""
        form = self
        for leaf in leaves(layer, self.shape):
            order, shape = form.order, leaf.output_shape or ()
            if isinstance(leaf.layer, Flatten) and form.channels_first:
                order = np.moveaxis(np.arange(prod(shape)).reshape(form.shape), -1, 0).ravel()
                order = None if (order[:-1] < order[1:]).all() else order
            lines = len(shape) == 2 and (form.lines or isinstance(leaf.layer, Frames))
            form = ExampleForm(shape, None if isinstance(leaf.layer, Dense) else order, lines)
        return form

    def to_theirs(self, rows: NDArray) -> NDArray:
        """Return rows that belong to the numbers of our examples, in the order of theirs."""
        return rows if self.order is None else rows[self.order]

    def to_ours(self, rows: NDArray) -> NDArray:
        """Return rows that belong to the numbers of their examples, in the order of ours."""
        return rows if self.order is None else rows[np.argsort(self.order)]

    def refuse_as_end(self) -> None:
        """Raise SettingError where a network may not end, as PyTorch's outputs would be in another order."""
        if self.order is not None:
            raise SettingError(
                "PyTorch has the numbers of a flattened image in another order than inkgrad: "
                "a network that flattens one of several channels must have a Dense layer behind it"
            )


def form_of(input_shape: Sequence[int]) -> ExampleForm:
    """Return the form in which examples of this shape come to a network.

    Raises ShapeError unless it is a row of whole numbers above 0.
    """
    shape = tuple(input_shape) if isinstance(input_shape, Sequence) else ()
    if not shape or not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
        raise ShapeError(f"input_shape is the shape of one input, such as (28, 28, 1), got {input_shape!r}")
    return ExampleForm(tuple(int(n) for n in shape))


def no_twin(each: object, where: str, why: str = "") -> SettingError:
    """Return the error for a layer that the other library does not have."""
    name = " ".join(str(each).split())  # PyTorch writes some over several lines
    return SettingError(f"{name} has no twin in {where}{why and ': '}{why}")
