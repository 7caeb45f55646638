"""The same mistakes in PyTorch and in JAX; what is not installed is asked for only when a row is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from inkgrad.check import check_jax, check_torch
from support.modern_right import Row, normal, places, sizes


@dataclass(frozen=True)
class TorchBlock:
    """A Function of modern_torch by its name, and arrays for it."""

    f: str
    inputs: Callable[[np.random.Generator], tuple[Any, ...]]
    order: int = 1

    def build(self, rng, backward=None):
        """Return what checks it, and the arguments of that, for another Function where one is named."""
        torch = pytest.importorskip("torch")
        function = getattr(import_module("support.modern_torch"), backward or self.f)
        inputs = [torch.from_numpy(each) if isinstance(each, np.ndarray) else each for each in self.inputs(rng)]
        return partial(check_torch, order=self.order), (function, inputs)


@dataclass(frozen=True)
class JaxBlock:
    """A function of modern_jax by its name, with the rule name_bwd, and arrays for it."""

    f: str
    inputs: Callable[[np.random.Generator], tuple[Any, ...]]

    def build(self, rng, backward=None):
        """Return what checks it, and the arguments of that, with another rule where one is named."""
        pytest.importorskip("jax")
        module = import_module("support.modern_jax")
        rule = module.ruled(getattr(module, self.f), getattr(module, backward or f"{self.f}_bwd"))
        return check_jax, (rule, self.inputs(rng))


def gained(rng):
    n, width = sizes(rng, 5, 7)
    return normal(rng, n, width), rng.uniform(0.5, 2, width)


def one(rng):
    return (normal(rng, *sizes(rng, 5, 7)),)


def even(rng):
    return (normal(rng, int(rng.choice([5, 7])), 6),)


def two(rng):
    shape = sizes(rng, 5, 7)
    return normal(rng, *shape), normal(rng, *shape)


def cell(rng):
    n, m = sizes(rng, 3, 5)
    return normal(rng, n, 4 * m), normal(rng, n, m)


def labelled(rng):
    n, n_classes = sizes(rng, 5, 7)
    return normal(rng, n, n_classes), rng.permutation([-100, *rng.integers(0, n_classes, n - 1)])


def masked(rng):
    n, width = sizes(rng, 5, 7)
    mask = rng.permuted(np.arange(n * width).reshape(n, width) % width < width - 2, axis=1)
    return normal(rng, n, width), mask, 0.4


def looked_up(rng):
    n_words, d = sizes(rng, 5, 7)
    return normal(rng, n_words, d), rng.permutation([0, 1, 1, 1, 2, 2, *rng.integers(2, n_words, 5)])


def product(rng):
    n, width, m = sizes(rng, 3, 5, 7)
    return normal(rng, n, width), normal(rng, width, m)


def heads(rng):
    g, t, d = sizes(rng, 2, 3, 5)
    return normal(rng, g, t, d), 3


def decaying(rng):
    n, width = sizes(rng, 5, 7)
    return normal(rng, n, width), rng.uniform(0.3, 0.9, (n, width))


def biased(rng):
    t, h, d = sizes(rng, 3, 5, 7)
    return normal(rng, t, h, d), normal(rng, h, d)


ROWS = [
    Row(
        "torch rms constant",
        "the root mean square is taken for a constant",
        TorchBlock("RMSNorm", gained),
        "ConstantRMSNorm",
        places("x", "term-missing", "statistics-constant"),
    ),
    Row(
        "torch gate before silu",
        "db = dy a for dy silu(a)",
        TorchBlock("SiluGate", two),
        "UnactivatedGate",
        places("b", "wrong-argument"),
    ),
    Row(
        "torch lstm cell's dc",
        "the dy of the second output is not looked at",
        TorchBlock("LSTMCell", cell),
        "DeafLSTMCell",
        places("gates c", "part-of-dy", "missing"),
    ),
    Row(
        "torch cross-entropy without dy",
        "the gradient that forward made is returned as it is",
        TorchBlock("FusedCrossEntropy", labelled),
        "CrossEntropyWithoutDy",
        places("logits", "dy-ignored"),
    ),
    Row(
        "torch softmax scaled twice",
        "the scale once more",
        TorchBlock("MaskedSoftmax", masked),
        "SoftmaxScaledTwice",
        places("x", "factor"),
    ),
    Row(
        "torch lookup overwritten",
        "= for += where a token repeats",
        TorchBlock("Lookup", looked_up),
        "LookupOverwritten",
        places("table", "overwritten", "one-example", "part-of-dy"),
    ),
    Row(
        "torch swish once only",
        "backward detaches x, so its own gradient lacks x",
        TorchBlock("Swish", one, order=2),
        "DetachedSwish",
        places("x", "second-order", "zero"),
    ),
    Row(
        "torch clamp not in backward",
        "dy goes through what was clamped",
        TorchBlock("Clamped", product),
        "Unclamped",
        places("x w", "mask-forgotten", "derivative-forgotten"),
    ),
    Row(
        "torch heads repeated once",
        "dk is that of the first of each group",
        TorchBlock("RepeatHeads", heads),
        "RepeatHeadsOnce",
        places("k", "part-of-dy", "not-summed", "one-example"),
    ),
    Row(
        "jax length constant",
        "dy / |x|, no projection",
        JaxBlock("unit_rows", one),
        "unprojected_bwd",
        places("x", "term-missing"),
    ),
    Row(
        "jax z-loss without 2",
        "the slope of lse² is taken for lse",
        JaxBlock("z_cost", one),
        "z_cost_once_bwd",
        places("logits", "term-factor"),
    ),
    Row(
        "jax scan not carried",
        "dh is only that of the step's own output",
        JaxBlock("linear_scan", decaying),
        "uncarried_bwd",
        places("x", "carry-lost", "term-missing", "derivative-forgotten", "diagonal-jacobian")
        + places("a", "carry-lost", "term-missing"),
    ),
    Row(
        "jax rope turned again",
        "backward turns in the direction of forward",
        JaxBlock("turned", even),
        "turned_again_bwd",
        places("x", "jacobian-not-transposed", "term-factor"),
    ),
    Row(
        "jax bias over heads",
        "summed over the heads, which have biases of their own",
        JaxBlock("head_bias", biased),
        "bias_over_heads_bwd",
        places("bias", "summed-too-far"),
    ),
    Row(
        "jax softmax axis",
        "the sum of the softmax's backward runs over the queries",
        JaxBlock("attention_weights", one),
        "over_queries_bwd",
        places("scores", "wrong-axis"),
    ),
]
