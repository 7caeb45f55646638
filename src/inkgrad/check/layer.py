"""check_layer: a layer alone, or a chain of them one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.calls import forward, guarded, layout_of, views_of
from inkgrad.check.course import Course
from inkgrad.check.entries import Looks
from inkgrad.check.examine import examine
from inkgrad.check.finding import Finding
from inkgrad.check.kind import Kind
from inkgrad.check.measure.moves import Move, moves
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays, Subject
from inkgrad.check.report import Report, merged
from inkgrad.check.tape import Tape
from inkgrad.check.tape.numpy_tape import written_down
from inkgrad.check.verdict import EXACT
from inkgrad.errors import CheckError
from inkgrad.layers import Chain, Layer
from inkgrad.layout import Layout, Named, join_path
from inkgrad.whole_numbers import refuse_bad_seed


@np.errstate(all="ignore")
def check_layer(
    layer: Layer, x: NDArray, *, every_entry: bool | None = None, seed: int = 0, raises: bool = True
) -> Report:
    """Check dx and the gradient of every parameter of `layer` at the batch `x`.

    It works in float64, with random parameters and a random dy drawn from `seed`.  A Chain is
    checked layer by layer, each alone at the input it really gets, and then as a whole.  Up to 2,000 numbers each
    is judged by its own difference, more along random directions, unless `every_entry` says otherwise.

    Raises GradientMismatch, which carries the Report, if anything is wrong, unless `raises` is
    False; CheckError where there is nothing to compare: an empty batch, a forward that fails; SettingError for a
    seed that is no whole number of 0 or more.
    """
    refuse_bad_seed(seed)
    x = as_float64(layer, x)
    theta = random_parameters(layer, seed)
    report = examine_layer(layer, theta, x, seed, every_entry=every_entry)
    return report.raise_if_not_right() if raises else report


def as_float64(layer: Layer, x: NDArray) -> NDArray:
    """Return a batch in float64; raise CheckError unless it holds real, finite numbers."""
    try:
        x = np.asarray(x)
    except ValueError as error:  # rows of different lengths
        raise CheckError(f"{layer}: a batch x of numbers is needed, of rows of the same length") from error
    if x.dtype.kind not in "fiu" or x.ndim == 0:
        raise CheckError(f"{layer}: a batch x of numbers is needed, got {x.dtype} of shape {x.shape}")
    if x.size == 0:
        raise CheckError(f"{layer}: x has shape {x.shape}, so there is nothing to check")
    x = x.astype(np.float64)
    if not np.isfinite(x).all():
        raise CheckError(f"{layer}: x holds NaN or infinity; check it at finite numbers")
    return x


def random_parameters(layer: Layer, seed: int) -> NDArray:
    """Return parameters near those that training starts from; biases of zero would hide mistakes."""
    rng = np.random.default_rng(seed)
    layout = layout_of(layer)
    theta = np.zeros(layout.size)
    guarded(layer, "init", lambda: layer.init(layout.views(theta), rng))
    return theta + rng.normal(0, 0.1, layout.size)


def examine_layer(
    layer: Layer,
    theta: NDArray,
    x: NDArray,
    seed: int,
    path: str = "",
    every_entry: bool | None = None,
    course: Course | None = None,
) -> Report:
    """Return the report of a layer at parameters theta and input x; of a Chain, part by part."""
    parts = examine_parts(layer, theta, x, seed, path, every_entry, course)
    if not isinstance(layer, Chain):
        return parts[0]

    def whole_at(theta: NDArray, x: NDArray) -> Report:
        subject = subject_of(layer, theta, x, seed)
        subject = course.watched(subject, name=f"the whole {path}".strip()) if course else subject
        return examine(subject, seed, "wiring", strictness=EXACT, every_entry=every_entry)

    whole = whole_at(theta, x)
    if not whole.ok and all(report.ok for report in parts):
        whole = whole_at(*moved(theta, x, seed))
    arrays, findings = merged(parts)
    if not findings:
        findings = [as_wiring(finding) for finding in whole.findings]
    return Report(str(layer), (*arrays, *whole.arrays), tuple(findings))


def examine_parts(
    network: Layer,
    theta: NDArray,
    x: NDArray,
    seed: int,
    path: str = "",
    every_entry: bool | None = None,
    course: Course | None = None,
) -> list[Report]:
    """Return the reports of the layers of a chain, from the last to the first, each at its real input.

    Of a layer alone it is its own report.
    """
    if not isinstance(network, Chain):
        return [_examine_alone(network, theta, x, seed, path, every_entry, course)]
    p, jobs, start = views_of(network, theta.copy()), [], 0
    for name, layer in network.named():
        size = layout_of(layer).size
        jobs.append((layer, theta[start : start + size], x, join_path(path, name)))
        start += size
        x, _ = forward(layer, p[name], x.copy(), seed)
        if not np.isfinite(x).all():
            break  # that layer is to blame, not those after it
    return [examine_layer(layer, part, x, seed, name, every_entry, course) for layer, part, x, name in reversed(jobs)]


def n_parts(network: Layer) -> int:
    """Return the number of layers that `examine_parts` examines, each alone."""
    return sum(n_parts(layer) for layer in network.layers) if isinstance(network, Chain) else 1


def _examine_alone(
    layer: Layer, theta: NDArray, x: NDArray, seed: int, path: str, every_entry: bool | None, course: Course | None
) -> Report:
    subject = subject_of(layer, theta, x, seed)
    if course:
        course.begin()
        subject = course.watched(subject, name=f"{type(layer).__name__} {path}".strip())
    report = examine(subject, seed, path, Looks(factors_of(layer)), EXACT, every_entry)
    no_number_means_much = {Kind.mutated, Kind.accumulated, Kind.random, Kind.not_finite}
    impure = any(finding.kind in no_number_means_much for finding in report.findings)
    others = [] if impure else _other_calls(layer, theta, x, seed, path)
    told = {finding.array for finding in others if finding.kind != Kind.wiring}
    findings = [finding for finding in report.findings if finding.array not in told]
    return Report(str(layer), report.arrays, (*findings, *others))


def moved(theta: NDArray, x: NDArray, seed: int) -> tuple[NDArray, NDArray]:
    """Return theta and x moved a little, away from kinks.

    Where kinks of several layers meet in one point the chain rule may give a slope that is none of
    the whole, as for relu(x) - relu(-x) at 0.  No point near by is like that, while a mistake stays.
    """
    rng = np.random.default_rng(seed)

    def shaken(array: NDArray) -> NDArray:
        size = float(np.sqrt(np.mean(array**2))) if array.size else 1.0
        return np.asarray(array + 1e-3 * (size or 1.0) * rng.normal(size=array.shape))

    return shaken(theta), shaken(x)


CLEAR = (  # of a whole too they say what is wrong
    Kind.factor,
    Kind.sign,
    Kind.swapped,
    Kind.weight_decay,
    Kind.one_example,
    Kind.accumulated,
    Kind.random,
    Kind.nonlinear,
    Kind.zero,
)


def as_wiring(finding: Finding) -> Finding:
    """Return a finding about a whole whose layers are all right: a clear pattern, or wrong wiring."""
    if finding.kind in CLEAR:
        return finding
    message = (
        f"every layer is right alone, but d{finding.array} of the whole is wrong: does a layer get the cache, "
        f"the dy or the place of another? ({finding.message})"
    )
    return Finding("wiring", finding.array, Kind.wiring, (), message, finding.evidence)


def subject_of(layer: Layer, theta: NDArray, x: NDArray, seed: int) -> Subject:
    """Return a layer as a Subject: its arrays are x and each parameter by its path."""
    layout = layout_of(layer)
    names = tuple(layout.places)

    def views(arrays: Arrays) -> tuple[Named, NDArray]:
        vector = np.concatenate([arrays[name].ravel() for name in names] or [np.zeros(0)])
        return layout.views(vector), vector

    def outputs(arrays: Arrays) -> NDArray:
        p, vector = views(arrays)
        y, _ = forward(layer, p, arrays["x"], seed)
        _put_back(arrays, layout, vector)
        return y

    def backward(arrays: Arrays, dy: NDArray, start: float) -> Arrays:
        p, vector = views(arrays)
        gradient = np.full(layout.size, start)
        g = layout.views(gradient)
        _, cache = forward(layer, p, arrays["x"], seed)
        dx = guarded(layer, "backward", lambda: layer.backward(p, g, cache, dy))
        _put_back(arrays, layout, vector)
        return {"x": dx} | layout.parts(gradient)

    def unfold(arrays: Arrays) -> Tape:
        def call(method: Callable[..., Any], traced: Arrays) -> list[Any]:
            return [method(views(traced)[0], traced["x"], np.random.default_rng(seed))[0]]

        return written_down(layer.forward, arrays, call)

    arrays = {"x": x} | {name: part.copy() for name, part in layout.parts(theta).items()}
    how_it_moves = partial(_moves, layer, x)
    return Subject(str(layer), arrays, outputs, backward, how_it_moves, unfold=unfold)


def _moves(layer: Layer, x: NDArray, name: str) -> Iterable[Move] | None:
    return None if name == "x" else moves(layer, x, name)


def _put_back(arrays: Arrays, layout: Layout, vector: NDArray) -> None:
    """Show in the arrays what the layer did to its parameters in place."""
    if np.iscomplexobj(vector):
        return  # a complex step, whose arrays nobody looks at again
    for name, part in layout.parts(vector).items():
        arrays[name][...] = part


def _other_calls(layer: Layer, theta: NDArray, x: NDArray, seed: int, path: str) -> list[Finding]:
    """Call the parts of a layer in other ways than one forward and one backward.

    The cache is all that backward may know of forward, whatever was called in between and however
    often; and parameter_gradient, which training calls for the first layer, writes what backward does.
    """
    layout = layout_of(layer)
    p = layout.views(theta.copy())
    y, cache = forward(layer, p, x.copy(), seed)
    dy = stream(seed, "dy").normal(size=y.shape)

    def gradients(method: Callable[..., Any], cache: Any) -> dict[str, NDArray]:
        gradient = np.zeros(layout.size)
        call = partial(method, p, layout.views(gradient), cache, dy.copy())
        dx = guarded(layer, method.__name__, call)
        return layout.parts(gradient) | ({} if dx is None else {"x": np.array(dx)})

    usual = gradients(layer.backward, cache)
    again = gradients(layer.backward, cache)
    _, cache = forward(layer, p, x.copy(), seed)
    forward(layer, p, 1.5 * x[::-1], seed)
    after_another = gradients(layer.backward, cache)
    alone = gradients(layer.parameter_gradient, forward(layer, p, x.copy(), seed)[1])
    findings = []
    for found, kind, message in (
        (
            again,
            Kind.random,
            "backward gives something else when it is called again with the same cache: draw once, in forward",
        ),
        (after_another, Kind.input_for_output, "backward uses what another forward left behind: keep it in the cache"),
        (alone, Kind.wiring, "parameter_gradient writes other numbers than backward: override both or neither"),
    ):
        differing = [name for name in found if not _same(found[name], usual[name], exactly=found is not alone)]
        findings += [Finding(path, name, kind, (), message) for name in differing]
        if differing:
            break
    return findings


def _same(a: NDArray, b: NDArray, exactly: bool) -> bool:
    """Return whether two gradients are equal, or equal but for the order of their sums."""
    if exactly or a.shape != b.shape:
        return np.array_equal(a, b, equal_nan=True)
    return np.allclose(a, b, rtol=1e-9, atol=1e-9 * float(np.abs(b).max(initial=0)), equal_nan=True)


def factors_of(layer: Layer) -> dict[str, float]:
    """Return what a factor may come from in the settings of a layer: a rate r gives 1 - r and more."""
    factors: dict[str, float] = {}
    if is_dataclass(layer):
        for field in fields(layer):
            value = getattr(layer, field.name)
            if isinstance(value, float) and isfinite(value) and value not in (0, 1, -1):
                factors[field.name] = value
            if isinstance(value, float) and 0 < value < 1:
                factors |= {
                    f"1 - {field.name}": 1 - value,
                    f"1 / (1 - {field.name})": 1 / (1 - value),
                    f"(1 - {field.name})²": (1 - value) ** 2,
                }
    return factors
