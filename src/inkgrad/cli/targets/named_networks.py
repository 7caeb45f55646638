"""Networks: models in files, and those that come with inkgrad by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check import Report, check_network
from inkgrad.check.measure.moves import has_moves
from inkgrad.cli.options import source_for
from inkgrad.cli.targets.request import SIZES, Request
from inkgrad.cli.terminal import say
from inkgrad.costs import CTC, line_targets
from inkgrad.data import Dataset, DataSource, as_inputs
from inkgrad.errors import SettingError, ShapeError
from inkgrad.fast import limit_threads
from inkgrad.interop import load
from inkgrad.interop.load import ENDINGS
from inkgrad.layers import Layer, leaves
from inkgrad.layout import Layout
from inkgrad.models import MODELS


def names_of(layer: Layer) -> dict[str, str]:
    """Return the kind of each layer by its path; a layer alone has the path ""."""
    return {leaf.path: type(leaf.layer).__name__ for leaf in leaves(layer)}


def _refuse_endless(network: Layer) -> None:
    """Raise SettingError where so many parameters would have to be moved one by one that nobody would wait."""
    for layer in (leaf.layer for leaf in leaves(network)):
        n = Layout(layer.shapes()).size
        if n > SIZES.n_parameters_one_by_one and not has_moves(layer):
            raise SettingError(
                f"{layer} has {n} parameters, which --every-entry would move one by one, for many minutes: leave it out"
            )


def refuse_no_model(target: str) -> None:
    """Raise SettingError for what is neither the name of a network nor a file, nor is called as model files are."""
    if target not in MODELS and Path(target).suffix.lower() not in ENDINGS and not Path(target).exists():
        raise SettingError(
            f"there is no model file {target}, nor a network of that name (only {', '.join(MODELS)}); "
            "something in a file of your own is FILE.py:NAME"
        )


def report_of_network(request: Request) -> tuple[Report, dict[str, str]]:
    """Return the report of a model file or a named network, and what its layers are."""
    theta: NDArray | None = None
    if request.target in MODELS:
        recipe = MODELS[request.target]
        data = DataSource(request.data).load()
        shape = data.train.input_shape if request.data and not isinstance(recipe.cost, CTC) else recipe.input_shape
        network, cost, n_classes = recipe.network(len(data.labels), shape), recipe.cost, None
    else:
        model = load(request.target)
        network, cost, theta, shape = model.network, model.cost, model.theta, model.input_shape  # type: ignore[assignment]
        n_classes = len(model.labels)
        data = source_for(model, DataSource(request.data)).load()
    if request.every_entry:
        _refuse_endless(network)
        n = Layout(network.shapes()).size
        if n > SIZES.n_parameters_in_seconds:
            say(
                f"the network has {n:,} parameters, which takes many minutes one by one; without --every-entry, seconds"
            )
    if isinstance(cost, CTC):
        x, t = _lines(request, network, cost, shape)
    else:
        x, t = _batch(request, data, shape, n_classes)
    with limit_threads(1):  # many small products: threads would only wait for each other
        every_entry = True if request.every_entry else None
        report = check_network(network, cost, x, t, theta, every_entry=every_entry, seed=request.seed, raises=False)
    return report, names_of(network)


def _batch(request: Request, data: Dataset, shape: tuple[int, ...], n_classes: int | None) -> tuple[NDArray, NDArray]:
    """Return some training digits, or random inputs where MNIST is not what the network is for."""
    n, rng = request.examples or SIZES.n_digits, np.random.default_rng(request.seed)
    fits = data.train.input_shape == shape and n_classes in (None, len(data.labels))
    if fits:
        chosen = rng.permutation(len(data.train))[:n]
        return as_inputs(data.train.x[chosen]), data.train.t[chosen]
    if request.data:
        raise ShapeError(f"{request.target} takes inputs of shape {shape}, but those in {request.data} have shape "
                         f"{data.train.input_shape}")  # fmt: skip
    return rng.normal(size=(n, *shape)), rng.integers(n_classes or 2, size=n)


def _lines(request: Request, network: Layer, cost: CTC, shape: tuple[int, ...]) -> tuple[NDArray, NDArray]:
    """Return random lines that say one class for each two frames, at most; they are narrow, as any width will do."""
    n, rng = request.examples or SIZES.n_lines, np.random.default_rng(request.seed)
    shape = shape[0], min(shape[1], SIZES.line_width), shape[2]
    n_frames, n_classes = network.output_shape(shape)
    classes = [k for k in range(n_classes) if k != cost.blank]
    said = [rng.choice(classes, rng.integers(n_frames // 2 + 1)).tolist() for _ in range(n)]
    return rng.random((n, *shape)), line_targets(said, n_frames)
