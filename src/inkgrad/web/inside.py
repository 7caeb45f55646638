"""Inside: one forward and one backward pass through a small network, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from inspect import getdoc
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import Cost, CrossEntropy, SquaredError, as_targets
from inkgrad.data import animals
from inkgrad.errors import SettingError
from inkgrad.layers import Chain, Dense, Elementwise, Layer, Softmax
from inkgrad.layout import Layout, within
from inkgrad.training.random_streams import Purpose, random_stream
from inkgrad.web.limits import LIMITS
from inkgrad.web.playground_settings import ACTIVATIONS, activation_layers
from inkgrad.web.wire import as_layer, choice, rounded, whole

Arrays = dict[str, NDArray]
COSTS_INSIDE: dict[str, type[Cost]] = {"CrossEntropy": CrossEntropy, "SquaredError": SquaredError}


@dataclass(frozen=True)
class Stage:
    """A layer, or the cost at the end, with every array that went through it, all as (rows, columns)."""

    part: Layer | Cost
    arrays: Arrays


Place = tuple[str, int, int]  # a number in an array of a stage: name, row, column


@dataclass(frozen=True)
class Term:
    """A part of a sum, in words and as a number, with the numbers that it is made of."""

    text: str
    value: float
    uses: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Sum:
    """How a number came about: terms that add up to it, or one that it is.

    What they use is of the same stage, or of one that is `away` from it: -1 is the one before.
    """

    formula: str
    terms: list[Term]
    away: int = 0

    @property
    def value(self) -> float:
        """The sum."""
        return float(sum(term.value for term in self.terms))


def passes(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[Stage]]:
    """Return the example and each stage of the passes that a message asks for, in float64."""
    n_hidden = whole(message, "n_hidden", 1, LIMITS.n_units_inside, 3)
    activation = activation_layers(choice(message, "activation", ACTIVATIONS, "Tanh"))
    cost = COSTS_INSIDE[choice(message, "cost", list(COSTS_INSIDE), "CrossEntropy")]()
    dataset = animals()
    number = whole(message, "example", 0, len(dataset.train) - 1, 0)
    network = Chain((Dense(2, n_hidden), *activation, Dense(n_hidden, 2), Softmax()))
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
            "layer": as_layer(stage.part, str(index)),
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
        "terms": [{"text": term.text, "value": float(f"{term.value:.6g}")} for term in found.terms],
        "uses": [
            {"layer": index + found.away, "array": array, "row": row, "column": column}
            for term in found.terms
            for array, row, column in term.uses
        ],
        "value": float(f"{found.value:.6g}"),
    }


def _explained(stages: list[Stage], index: int, name: str, i: int, j: int) -> Sum:
    stage, value = stages[index], float(stages[index].arrays[name][i, j])
    if name == "x":
        if index == 0:
            return Sum("x is the input", [Term(_named((name, i, j)), value)])
        return Sum(f"x is the y of {stages[index - 1].part}", [_copied(("y", i, j), value)], away=-1)
    if name == "dy" and isinstance(stage.part, Layer):
        above = stages[index + 1]
        its = "dy" if isinstance(above.part, Cost) else "dx"
        return Sum(f"dy is the {its} of {above.part}", [_copied((its, i, j), value)], away=1)
    if isinstance(stage.part, Cost) and name == "y":
        return Sum("y is the output of the softmax", [_copied(("y", i, j), value)], away=-1)
    if isinstance(stage.part, Cost) and name == "t":
        return Sum("t is 1 for the right class and 0 elsewhere", [Term(_named((name, i, j)), value)])
    if name in ("W", "b"):
        return Sum(
            f"{name} is a parameter: it was drawn at random from the seed, or is 0 at the start", [Term(name, value)]
        )
    return explained(stage.part, stage.arrays, name, i, j)


@singledispatch
def explained(part: Layer | Cost, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    """Return how a layer or a cost makes one number of y, dx, dW, db, C or dy."""
    raise SettingError(f"{part} cannot be looked into")


@explained.register
def _(part: Dense, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    n_examples, (n_in, n_out) = len(arrays["x"]), arrays["W"].shape
    if name == "y":
        terms = [_product(arrays, ("x", i, k), ("W", k, j)) for k in range(n_in)]
        return Sum("y_ij = sum_k x_ik W_kj + b_j", [*terms, _added(arrays, f"b[{j}]", ("b", 0, j))])
    if name == "dx":
        terms = [_product(arrays, ("dy", i, k), ("W", j, k)) for k in range(n_out)]
        return Sum("dC/dx_ij = sum_k dC/dy_ik W_jk, that is dx = dy Wᵀ", terms)
    if name == "dW":
        terms = [_product(arrays, ("x", k, i), ("dy", k, j)) for k in range(n_examples)]
        return Sum("dC/dW_ij = sum_k x_ki dC/dy_kj over the examples k, that is dW = xᵀ dy", terms)
    terms = [_added(arrays, f"dy[{k},{j}]", ("dy", k, j)) for k in range(n_examples)]
    return Sum("dC/db_j = sum_k dC/dy_kj over the examples k", terms)


@explained.register
def _(part: Elementwise, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    x, y, dy = arrays["x"], arrays["y"], arrays["dy"]
    kind = type(part).__name__
    if name == "y":
        text = f"{kind}({_shown(x[i, j])})"
        return Sum(f"y_i = {kind}(x_i), each by itself", [Term(text, float(y[i, j]), (("x", i, j),))])
    slope = float(part.slope(x, y)[i, j])
    text = f"dy[{i},{j}] · slope = {_shown(dy[i, j])} · {_shown(slope)}"
    term = Term(text, float(dy[i, j]) * slope, (("dy", i, j),))
    return Sum("dC/dx_i = dC/dy_i · dy_i/dx_i, the slope", [term])


@explained.register
def _(part: Softmax, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    x, y, dy = arrays["x"], arrays["y"], arrays["dy"]
    if name == "y":
        exponentials = " + ".join(f"exp({_shown(each)})" for each in x[i])
        text, uses = f"exp({_shown(x[i, j])}) / ({exponentials})", tuple(("x", i, k) for k in range(x.shape[1]))
        return Sum("y_i = exp(x_i) / sum_k exp(x_k)", [Term(text, float(y[i, j]), uses)])
    jacobian = np.asarray(part.jacobian(x[i]))
    terms = []
    for k in range(x.shape[1]):
        text = f"dy[{i},{k}] · J[{k},{j}] = {_shown(dy[i, k])} · {_shown(jacobian[k, j])}"
        terms.append(Term(text, float(dy[i, k] * jacobian[k, j]), (("dy", i, k),)))
    return Sum("dC/dx_j = sum_k dC/dy_k J_kj with J_kj = y_k (δ_kj - y_j): the whole Jacobian, not its diagonal", terms)


@explained.register
def _(part: CrossEntropy, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    y, t = arrays["y"], arrays["t"]
    if name == "C":
        terms = []
        for k in range(y.shape[1]):
            loss = float(part.losses(y[:, k : k + 1], t[:, k : k + 1])[0])
            text = f"of y[0,{k}] = {_shown(y[0, k])} with t = {_shown(t[0, k])}"
            terms.append(Term(text, loss, (("y", 0, k), ("t", 0, k))))
        return Sum("C = -sum_k (t_k log y_k + (1 - t_k) log(1 - y_k))", terms)
    text = f"(1 - {_shown(t[i, j])}) / (1 - {_shown(y[i, j])}) - {_shown(t[i, j])} / {_shown(y[i, j])}"
    term = Term(text, float(arrays["dy"][i, j]), (("y", i, j), ("t", i, j)))
    return Sum("dC/dy_i = ((1 - t_i) / (1 - y_i) - t_i / y_i) / N", [term])


@explained.register
def _(part: SquaredError, arrays: Arrays, name: str, i: int, j: int) -> Sum:
    y, t, dy = arrays["y"], arrays["t"], arrays["dy"]
    if name == "C":
        terms = []
        for k in range(y.shape[1]):
            loss = float(part.losses(y[:, k : k + 1], t[:, k : k + 1])[0])
            terms.append(Term(f"½ ({_shown(y[0, k])} - {_shown(t[0, k])})²", loss, (("y", 0, k), ("t", 0, k))))
        return Sum("C = sum_k ½ (y_k - t_k)²", terms)
    text = f"({_shown(y[i, j])} - {_shown(t[i, j])}) / {len(y)}"
    return Sum("dC/dy_i = (y_i - t_i) / N", [Term(text, float(dy[i, j]), (("y", i, j), ("t", i, j)))])


def _product(arrays: Arrays, left: Place, right: Place) -> Term:
    a, b = (float(arrays[name][row, column]) for name, row, column in (left, right))
    return Term(f"{_named(left)} · {_named(right)} = {_shown(a)} · {_shown(b)}", a * b, (left, right))


def _added(arrays: Arrays, called: str, place: Place) -> Term:
    name, row, column = place
    value = float(arrays[name][row, column])
    return Term(f"{called} = {_shown(value)}", value, (place,))


def _copied(place: Place, value: float) -> Term:
    return Term(_named(place), value, (place,))


def _named(place: Place) -> str:
    name, row, column = place
    return f"{name}[{row},{column}]"


def _shown(value: float) -> str:
    """Return a number with four digits and a true minus sign."""
    return f"{value:.4g}".replace("-", "−")
