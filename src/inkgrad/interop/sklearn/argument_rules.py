"""Rules: what each argument of an estimator may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from inkgrad.errors import SettingError
from inkgrad.interop.sklearn.networks import ACTIVATIONS
from inkgrad.layers import Activation, Layer
from inkgrad.saving import quoted

Rule = tuple[Callable[[Any], bool], str]  # whether a value will do, and in words which do


def _number(low: float, high: float = inf, *, open_low: bool = False) -> Callable[[Any], bool]:
    """Return whether a value is a finite number from `low`, itself included or not, to below `high`."""

    def suits(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        try:
            number = float(value)
        except OverflowError:  # a whole number of 309 digits
            return False
        return isfinite(number) and (number > low if open_low else number >= low) and number < high

    return suits


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number of 1 or more."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _is(value: Any, what: str | float) -> bool:
    return isinstance(value, type(what)) and value == what


def _sizes(value: Any) -> bool:
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return (is_list or (isinstance(value, np.ndarray) and value.ndim == 1)) and all(is_whole(n) for n in value)


def one_of(*words: str) -> Rule:
    """Return the rule that a value is one of some words."""
    listed = ", ".join(repr(word) for word in words)
    return lambda value: isinstance(value, str) and value in words, f"one of {listed}"


ARGUMENT_RULES: dict[str, Rule] = {
    "hidden_layer_sizes": (lambda value: _sizes(value) or is_whole(value), "whole numbers of 1 or more"),
    "activation": (
        lambda value: isinstance(value, Activation) or (isinstance(value, str) and value in ACTIVATIONS),
        f"an Activation or one of {', '.join(repr(name) for name in ACTIVATIONS)}",
    ),
    "network": (
        lambda value: value is None or isinstance(value, Layer) or (callable(value) and not isinstance(value, type)),
        "a layer, such as a Chain, or a function of n_inputs and n_outputs that returns one",
    ),
    "input_shape": (lambda value: value is None or (_sizes(value) and len(value) > 0), "a tuple of sizes"),
    "solver": one_of("adam", "sgd", "lbfgs"),
    "batch_size": (lambda value: _is(value, "auto") or is_whole(value), "'auto' or a whole number of 1 or more"),
    "learning_rate": one_of("constant", "invscaling", "adaptive"),
    "verbose": (lambda value: isinstance(value, bool | np.bool_ | Integral), "True, False or a whole number"),
    "validation_fraction": (_number(0, 1, open_low=True), "a number above 0 and below 1"),
    "n_iter_no_change": (lambda value: _is(value, inf) or is_whole(value), "a whole number of 1 or more, or infinity"),
    **dict.fromkeys(("max_iter", "max_fun"), (is_whole, "a whole number of 1 or more")),
    **dict.fromkeys(("learning_rate_init", "epsilon"), (_number(0, open_low=True), "a finite number above 0")),
    **dict.fromkeys(("alpha", "power_t", "tol"), (_number(0), "a finite number of 0 or more")),
    **dict.fromkeys(("momentum", "beta_1", "beta_2"), (_number(0, 1), "a number from 0 to below 1")),
    **dict.fromkeys(
        ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping"),
        (lambda value: isinstance(value, bool | np.bool_), "True or False"),
    ),
}


def refuse_bad_settings(owner: str, settings: dict[str, Any]) -> None:
    """Raise SettingError for the first of an estimator's settings that makes no sense."""
    for name, (suits, words) in ARGUMENT_RULES.items():
        if not suits(settings[name]):
            raise SettingError(f"{owner} takes as {name} {words}, got {quoted(settings[name])}")
