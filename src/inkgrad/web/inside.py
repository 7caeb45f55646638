"""Inside: one forward and one backward pass through a small network, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from inspect import getdoc
from typing import Any

import numpy as np

from inkgrad import layers as all_layers
from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, CrossEntropy, SquaredError, as_targets
from inkgrad.data import animals
from inkgrad.errors import SettingError
from inkgrad.layers import Chain, Dense, Elementwise, Layer, Softmax
from inkgrad.layout import Layout, within
from inkgrad.training.random_streams import Purpose, random_stream
from inkgrad.web.limits import LIMITS
from inkgrad.web.playground_settings import ACTIVATIONS
from inkgrad.web.wire import choice, rounded, whole

Arrays = dict[str, NDArray]


@dataclass(frozen=True)
class Stage:
    """A layer, or the cost at the end, with every array that went through it, all as (rows, columns)."""

    part: Layer | Cost
    arrays: Arrays


@dataclass(frozen=True)
class Sum:
    """How a number came about: terms that add up to it, or one that it is."""

    formula: str
    terms: list[tuple[str, float]]

    @property
    def value(self) -> float:
        """The sum."""
        return float(sum(value for _, value in self.terms))


def passes(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[Stage]]:
    """Return the example and each stage of the passes that a message asks for, in float64."""
    n_hidden = whole(message, "n_hidden", 1, LIMITS.n_units_inside, 3)
    activation = getattr(all_layers, choice(message, "activation", ACTIVATIONS, "Tanh"))()
    costs: dict[str, type[Cost]] = {"CrossEntropy": CrossEntropy, "SquaredError": SquaredError}
    cost = costs[choice(message, "cost", list(costs), "CrossEntropy")]()
    dataset = animals()
    number = whole(message, "example", 0, len(dataset.train) - 1, 0)
    network = Chain((Dense(2, n_hidden), activation, Dense(n_hidden, 2), Softmax()))
    layout = Layout(network.shapes())
    theta, gradient = np.zeros(layout.size), np.zeros(layout.size)
    p, g = layout.views(theta), layout.views(gradient)
    network.init(p, random_stream(whole(message, "seed", 0, 10**9, 0), Purpose.START))
    x, t = dataset.train.x[number : number + 1].astype(np.float64), dataset.train.t[number : number + 1]
    steps = network.trace(p, x)
    y = steps[-1].y
    value, dy = cost.value_and_gradient(y, t)
    stages = [Stage(cost, {"y": y, "t": as_targets(t, y), "C": np.array([[value]]), "dy": dy})]
    for step in reversed(steps):
        dx = step.back(g, dy)
        names, its = step.layer.shapes(), within(g, step.path)
        parameters = {name: np.atleast_2d(getattr(step.p, name)) for name in names}
        gradients = {f"d{name}": np.atleast_2d(getattr(its, name)) for name in names}
        stages.insert(0, Stage(step.layer, {"x": step.x, **parameters, "y": step.y, "dy": dy, "dx": dx, **gradients}))
        dy = dx
    example = {"x": rounded(x[0]), "label": dataset.labels[int(t[0])]}
    return {"example": example, "cost": value, "examples": len(dataset.train)}, stages


def shown_inside(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return every number of both passes, as the page has them."""
    about, stages = passes(message)
    layers = [
        {
            "index": index,
            "name": str(stage.part),
            "formula": getdoc(type(stage.part)),
            "arrays": [
                {"name": name, "rows": array.shape[0], "columns": array.shape[1], "values": rounded(array, 6)}
                for name, array in stage.arrays.items()
            ],
        }
        for index, stage in enumerate(stages)
    ]
    return about | {"layers": layers}


def cell(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return how one number came about; SettingError where there is no such cell."""
    _, stages = passes(message)
    index = whole(message, "layer", 0, len(stages) - 1)
    name = choice(message, "array", list(stages[index].arrays))
    rows, columns = stages[index].arrays[name].shape
    i, j = whole(message, "row", 0, rows - 1), whole(message, "column", 0, columns - 1)
    found = _explained(stages, index, name, i, j)
    return {
        "formula": found.formula,
        "terms": [{"text": text, "value": float(f"{value:.6g}")} for text, value in found.terms],
        "value": float(f"{found.value:.6g}"),
        "how": "sum" if len(found.terms) > 1 else "value",
    }


def _explained(stages: list[Stage], index: int, name: str, i: int, j: int) -> Sum:
    stage, value = stages[index], float(stages[index].arrays[name][i, j])
    if name == "x":
        if index == 0:
            return Sum("x is the input", [(f"x[{i},{j}]", value)])
        return Sum(f"x is the y of {stages[index - 1].part}", [(f"y[{i},{j}]", value)])
    if name == "dy" and isinstance(stage.part, Layer):
        above = stages[index + 1]
        its = "dy" if isinstance(above.part, Cost) else "dx"
        return Sum(f"dy is the {its} of {above.part}", [(f"{its}[{i},{j}]", value)])
    if isinstance(stage.part, Cost) and name in ("y", "t"):
        what = "the output of the softmax" if name == "y" else "1 for the right class and 0 elsewhere"
        return Sum(f"{name} is {what}", [(f"{name}[{i},{j}]", value)])
    if name in ("W", "b"):
        return Sum(
            f"{name} is a parameter: it was drawn at random from the seed, or is 0 at the start", [(name, value)]
        )
    return explained(stage.part, stage.arrays, name, i, j)


@singledispatch
def explained(part: Layer | Cost, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    """Return how a layer or a cost makes one number of y, dx, dW, db, C or dy."""
    raise SettingError(f"{part} cannot be looked into")


@explained.register
def _(part: Dense, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    x, W, b, dy = (arrays[key] for key in ("x", "W", "b", "dy"))
    if name == "y":
        terms = [_product(f"x[{i},{k}] · W[{k},{j}]", x[i, k], W[k, j]) for k in range(len(W))]
        return Sum("y_ij = sum_k x_ik W_kj + b_j", [*terms, (f"b[{j}] = {b[0, j]:.4g}", float(b[0, j]))])
    if name == "dx":
        terms = [_product(f"dy[{i},{k}] · W[{j},{k}]", dy[i, k], W[j, k]) for k in range(W.shape[1])]
        return Sum("dC/dx_ij = sum_k dC/dy_ik W_jk, that is dx = dy Wᵀ", terms)
    if name == "dW":
        terms = [_product(f"x[{k},{i}] · dy[{k},{j}]", x[k, i], dy[k, j]) for k in range(len(x))]
        return Sum("dC/dW_ij = sum_k x_ki dC/dy_kj over the examples k, that is dW = xᵀ dy", terms)
    terms = [(f"dy[{k},{j}] = {dy[k, j]:.4g}", float(dy[k, j])) for k in range(len(dy))]
    return Sum("dC/db_j = sum_k dC/dy_kj over the examples k", terms)


@explained.register
def _(part: Elementwise, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    x, y, dy = arrays["x"], arrays["y"], arrays["dy"]
    kind = type(part).__name__
    if name == "y":
        return Sum(f"y_i = {kind}(x_i), each by itself", [(f"{kind}({x[i, j]:.4g})", float(y[i, j]))])
    slope = part.slope(x, y)[i, j]
    return Sum("dC/dx_i = dC/dy_i · dy_i/dx_i, the slope", [_product(f"dy[{i},{j}] · slope", dy[i, j], slope)])


@explained.register
def _(part: Softmax, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    x, y, dy = arrays["x"], arrays["y"], arrays["dy"]
    if name == "y":
        exponentials = " + ".join(f"exp({each:.4g})" for each in x[i])
        return Sum("y_i = exp(x_i) / sum_k exp(x_k)", [(f"exp({x[i, j]:.4g}) / ({exponentials})", float(y[i, j]))])
    jacobian = np.asarray(part.jacobian(x[i]))
    terms = [_product(f"dy[{i},{k}] · J[{k},{j}]", dy[i, k], jacobian[k, j]) for k in range(x.shape[1])]
    return Sum("dC/dx_j = sum_k dC/dy_k J_kj with J_kj = y_k (δ_kj - y_j): the whole Jacobian, not its diagonal", terms)


@explained.register
def _(part: CrossEntropy, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    y, t = arrays["y"], arrays["t"]
    if name == "C":
        terms = []
        for k in range(y.shape[1]):
            loss = part.losses(y[:, k : k + 1], t[:, k : k + 1])
            terms.append((f"of y[0,{k}] = {y[0, k]:.4g} with t = {t[0, k]:.4g}", float(loss[0])))
        return Sum("C = -sum_k (t_k log y_k + (1 - t_k) log(1 - y_k))", terms)
    text = f"(1 - {t[i, j]:.4g}) / (1 - {y[i, j]:.4g}) - {t[i, j]:.4g} / {y[i, j]:.4g}"
    return Sum("dC/dy_i = ((1 - t_i) / (1 - y_i) - t_i / y_i) / N", [(text, float(arrays["dy"][i, j]))])


@explained.register
def _(part: SquaredError, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    y, t, dy = arrays["y"], arrays["t"], arrays["dy"]
    if name == "C":
        terms = [
            (f"½ ({y[0, k]:.4g} - {t[0, k]:.4g})²", float(part.losses(y[:, k : k + 1], t[:, k : k + 1])[0]))
            for k in range(y.shape[1])
        ]
        return Sum("C = sum_k ½ (y_k - t_k)²", terms)
    return Sum("dC/dy_i = (y_i - t_i) / N", [(f"({y[i, j]:.4g} - {t[i, j]:.4g}) / {len(y)}", float(dy[i, j]))])


def _product(text: str, a: float, b: float) -> tuple[str, float]:
    return f"{text} = {a:.4g} · {b:.4g}", float(a * b)
