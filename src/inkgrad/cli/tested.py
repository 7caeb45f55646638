"""What `inkgrad evaluate` and `inkgrad plot` share: a model and the examples it is tested on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Examples, load_data
from inkgrad.errors import DataError, ShapeError
from inkgrad.interop import load
from inkgrad.models import Model
from inkgrad.plots import misread
from inkgrad.training import Engine


def model_and_examples(path: Path, data: Path | None, engine: Engine | None = None) -> tuple[Model, Examples]:
    """Return the model in a file and the test examples of a folder, or those of MNIST.

    Raises ShapeError or DataError where they are not for each other.
    """
    model = load(path)
    if engine is not None:
        model = replace(model, engine=engine)
    examples = load_data(data, len(model.labels) if data else None).test
    if examples.input_shape != model.input_shape:
        raise ShapeError(
            f"{path} takes inputs of shape {model.input_shape}, but the data have {examples.input_shape}: "
            "give others with --data"
        )
    if int(examples.t.max()) >= len(model.labels):
        raise DataError(f"{path} knows {len(model.labels)} classes, but the data have label {examples.t.max()}")
    return model, examples


def misread_sheet(model: Model, examples: Examples, predicted: Array) -> Any:
    """Return a Figure of the misread digits, those first of which the model was surest."""
    wrong = np.flatnonzero(predicted != examples.t)
    x, t = examples.x[wrong], examples.t[wrong]
    probability = model.probabilities(x).max(axis=1)
    return misread(x, t, predicted[wrong], probability, model.labels, n_examples=len(examples))
