"""check_jax beside jax.test_util.check_grads: what each says of a right rule and of wrong ones, and its seconds.

    python benchmarks/check/jax_rivals.py [--rounds 5]

check_grads is asked as its documentation does, for first derivatives backwards (order=1, modes=["rev"]), in float64.
It draws one direction, and compares within a tolerance of 1e-5. Seconds are medians of --rounds rounds in turn after
one that does not count, those of the processor and in brackets those of the clock; most are JAX's compiling.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_grads
from tables import markdown, time_text

from inkgrad.check import check_jax

jax.config.update("jax_enable_x64", True)


def ruled(forward: Callable[..., Any], backward: Callable[..., Any]) -> Any:
    """Return a function with a backward by hand, which gets dy and the inputs."""
    function = jax.custom_vjp(forward)
    function.defvjp(lambda *inputs: (forward(*inputs), inputs), lambda inputs, dy: backward(dy, *inputs))
    return function


def normalised(x):
    return (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)


def norm_back(dy, x):
    h, spread = normalised(x), x.std(-1, keepdims=True)
    return ((dy - dy.mean(-1, keepdims=True) - h * (dy * h).mean(-1, keepdims=True)) / spread,)


def cross_entropy(logits, labels):
    return -(jax.nn.log_softmax(logits) * labels).sum(-1)


def cross_back(dy, logits, labels):
    p, total = jax.nn.softmax(logits), labels.sum(-1, keepdims=True)
    return dy[:, None] * (p * total - labels), -dy[:, None] * jax.nn.log_softmax(logits)


SWISH = ruled(jax.nn.silu, lambda dy, x: (dy * jax.nn.sigmoid(x) * (1 + x * (1 - jax.nn.sigmoid(x))),))
BAD_SWISH = ruled(jax.nn.silu, lambda dy, x: (dy * jax.nn.sigmoid(x),))


def network(activation: Any) -> Callable[..., Any]:
    return lambda x, w, v: activation(x @ w) @ v


RNG = np.random.default_rng(1)
LOGITS, LABELS = RNG.normal(size=(7, 5)), np.eye(5)[np.arange(7) % 5]
X, W, V = RNG.normal(size=(32, 64)), RNG.normal(size=(64, 128)) / 8, RNG.normal(size=(128, 10)) / 11

CASES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "layer norm, right": (ruled(normalised, norm_back), (X,)),
    "layer norm, variance held constant": (
        ruled(normalised, lambda dy, x: ((dy - dy.mean(-1, keepdims=True)) / x.std(-1, keepdims=True),)),
        (X,),
    ),
    "layer norm, times 1.00001": (ruled(normalised, lambda dy, x: (1.00001 * norm_back(dy, x)[0],)), (X,)),
    "cross-entropy, right": (ruled(cross_entropy, cross_back), (LOGITS, LABELS)),
    "cross-entropy, labels given no gradient": (
        ruled(cross_entropy, lambda dy, z, t: (dy[:, None] * (jax.nn.softmax(z) - t), jnp.zeros_like(t))),
        (LOGITS, LABELS),
    ),
    "64-128-10 with swish, right": (network(SWISH), (X, W, V)),
    "64-128-10 with swish, its second term forgotten": (network(BAD_SWISH), (X, W, V)),
}


def ours(function: Any, inputs: tuple[Any, ...]) -> str:
    report = check_jax(function, inputs, raises=False)
    found = ", ".join(f"{each.layer or each.array}: {each.kind}" for each in report.findings)
    return f"{report.verdict} ({found})" if found else str(report.verdict)


def theirs(function: Any, inputs: tuple[Any, ...]) -> str:
    try:
        check_grads(function, inputs, order=1, modes=["rev"])
    except AssertionError:
        return "wrong"
    return "right"


def seconds(work: Callable[[], Any]) -> tuple[float, float, Any]:
    jax.clear_caches()
    processor, wall = time.process_time(), time.perf_counter()
    found = work()
    return time.process_time() - processor, time.perf_counter() - wall, found


def row_of(name: str, rounds: int) -> tuple[str, ...]:
    function, inputs = CASES[name]
    inputs = tuple(map(jnp.asarray, inputs))
    works = (lambda: ours(function, inputs)), (lambda: theirs(function, inputs))
    found = [[seconds(work) for work in works] for _ in range(rounds + 1)]
    row = [name]
    for column in zip(*found[1:], strict=True):
        processor, wall = (median(each[k] for each in column) for k in (0, 1))
        row += [column[-1][2], f"{time_text(processor)} ({time_text(wall)})"]
    return tuple(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    head = "rule", "check_jax", "seconds", "check_grads", "its seconds"
    print(markdown(head, [row_of(name, rounds) for name in CASES]))


if __name__ == "__main__":
    main()
