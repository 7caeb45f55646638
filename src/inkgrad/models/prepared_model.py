"""PreparedModel: a model that is asked for one input after another, with all made ready that can be."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.data import as_inputs
from inkgrad.errors import SettingError, ShapeError
from inkgrad.fast import prepare, prepare_probabilities, takes_bytes

if TYPE_CHECKING:
    from inkgrad.models.model import Model


class PreparedModel:
    """The answers of a model for one input at a time, to the same bits, in a fraction of the time.

    Weights are checked and laid out for the kernels once, buffers are kept, and the kernels work on the calling
    thread alone.  Threads that share one wait for each other; give each its own to work side by side.

    Raises SettingError for a model that reads lines, which are of different widths.
    """

    def __init__(self, model: Model) -> None:
        if model.reads_lines:
            raise SettingError("this model reads lines, which are of different widths: ask the model itself")
        self.model = model
        p, network = model.working
        dtype = model.theta.dtype
        self._takes_bytes, self._lock = takes_bytes(network), Lock()
        self._shape = (1, *model.input_shape)
        self._outputs = prepare(network, p, model.input_shape, dtype)
        self._probabilities = prepare_probabilities(model.cost, network.output_shape(model.input_shape), dtype)

    def __reduce__(self) -> tuple[type[PreparedModel], tuple[Model]]:
        """Send the model, and make it ready where it arrives."""
        return PreparedModel, (self.model,)

    def probabilities(self, x: NDArray) -> NDArray:
        """Return the probability of each class, (K,), for one input as Model.probabilities takes it.

        Raises ShapeError for inputs of another shape or several of them, DataError for numbers out of range.
        """
        x = np.asarray(x)
        if x.shape != self._shape or x.dtype != np.uint8:  # no byte is out of range
            x = self.model.as_batch(x)
        if len(x) != 1:
            raise ShapeError(f"a prepared model takes one input at a time, got {len(x)}: ask the model itself")
        if x.dtype != np.uint8 or not self._takes_bytes:
            x = as_inputs(x, self.model.theta.dtype.type)
        with self._lock:
            return self._probabilities(self._outputs(x))[0].copy()

    def predict(self, x: NDArray) -> int:
        """Return the most probable class number of one input; `model.labels` has their names."""
        return int(self.probabilities(x).argmax())
