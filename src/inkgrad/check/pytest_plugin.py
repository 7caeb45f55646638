"""A pytest plugin: the fixture `gradcheck`, so that a test of a backward is one line.

def test_my_backward(gradcheck):
    gradcheck(my_forward, my_vjp, x, w)

def test_my_layer(gradcheck):
    gradcheck(MyLayer(4), x)

pytest finds it by itself where inkgrad is installed.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from inkgrad.check.report import Report


@pytest.fixture
def gradcheck() -> Callable[..., Any]:
    """Check a backward; the test fails where it is wrong, cannot be told or cannot be checked, and says why.

    What is off by little, and like no known mistake, passes with a warning that says its size; with exact=True
    it fails.  Other settings are those of the checks.

    gradcheck(layer, x)                a Layer at a batch
    gradcheck(cost, y, t)              a Cost at outputs and targets
    gradcheck(network, cost, x, t)     a network with its Cost
    gradcheck(f, vjp, x, ...)          a function of arrays, and its backward
    gradcheck(f, x, ...)               a function of PyTorch tensors, a module or a function of JAX arrays
    """

    def check(subject: Any, *rest: Any, **settings: Any) -> Any:
        from inkgrad.check import CheckError, Verdict

        __tracebackhide__ = True
        try:
            report = _checker(subject, rest)(raises=False, **settings)
        except CheckError as error:
            pytest.fail(str(error), pytrace=False)
        if not report.ok:
            pytest.fail(str(report), pytrace=False)
        if report.verdict == Verdict.approximate:
            warnings.warn(_how_approximate(report), stacklevel=2)
        return report

    return check


def _how_approximate(report: Report) -> str:
    """Return how far each array is off that is approximate, in a line."""
    approximate = (each for each in report.arrays if each.verdict == "approximate")
    off = (f"d{each.path} is off by {each.error:.1e} of its size" for each in approximate)
    return f"{report.name}: {report.checked} is approximate: {', '.join(off)}; with exact=True it is wrong"


def _has_tensor(value: Any) -> bool:
    """Return whether a value is a tensor of PyTorch, or a tree that holds one."""
    if isinstance(value, Mapping):
        return any(map(_has_tensor, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_tensor, value))
    return bool(sys.modules["torch"].is_tensor(value))


def _checker(subject: Any, rest: tuple[Any, ...]) -> Callable[..., Any]:
    """Return the check that these arguments are meant for, as a function of its settings."""
    from functools import partial

    from inkgrad.check import check_cost, check_jax, check_layer, check_network, check_torch, check_vjp
    from inkgrad.costs import Cost
    from inkgrad.layers import Layer

    if isinstance(subject, Layer):
        is_network = bool(rest) and isinstance(rest[0], Cost)
        return partial(check_network if is_network else check_layer, subject, *rest)
    if isinstance(subject, Cost):
        return partial(check_cost, subject, *rest)
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")  # no tensors without them
    if torch is not None and (isinstance(subject, torch.nn.Module) or any(_has_tensor(each) for each in rest)):
        return partial(check_torch, subject, rest)
    if jax is not None and any(isinstance(each, jax.Array) for each in jax.tree_util.tree_leaves(rest)):
        return partial(check_jax, subject, rest)
    return partial(check_vjp, subject, *rest)
