"""What each kernel gains over the plain layer, and over NumPy's part of the work alone."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import instructions
import numpy as np
from quiet import measured
from race import Result, environment
from standings import ratio_text
from tables import markdown, time_text
from workloads import digits

from inkgrad.arrays import NDArray
from inkgrad.costs import CrossEntropy
from inkgrad.data import Augmentation, apply_warps, as_inputs
from inkgrad.fast import FastSoftmaxCrossEntropy, fuse, fuse_optimizer, warp
from inkgrad.layers import ELU, Chain, Conv2D, Dense, GroupNorm, Layer, MaxPool2D, ReLU, Softmax
from inkgrad.layout import Layout, Named
from inkgrad.optimizers import SGD, Adam, Optimizer

ROUNDS = 15
SHORTEST = 0.1  # seconds of a sample
Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """A kernel's work on one and on two threads, the same by plain layers, and NumPy's part of it."""

    name: str
    fast: Work
    fast_2: Work
    plain: Work
    numpy: Work | None = None
    about_numpy: str = ""


def report(rounds: int) -> str:
    """Return the table, measured in a process of its own where BLAS has one thread."""
    command = [sys.executable, __file__, str(min(rounds, ROUNDS))]
    found = subprocess.run(command, env=environment(1), stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout


def measure(rounds: int) -> str:
    lines = []
    for row in rows():
        works = [row.fast, row.fast_2, row.plain, *([row.numpy] if row.numpy else [])]
        fast, fast_2, plain, *numpy = _raced(works, rounds)
        line = [row.name, *(time_text(result.median) for result in (fast, fast_2, plain)), ratio_text(plain, fast)]
        if numpy:
            line += [row.about_numpy, time_text(numpy[0].median), ratio_text(numpy[0], fast)]
        lines.append(line)
    head = ["", "kernel", "2 threads", "plain", "gain", "NumPy's part alone", "", "gain over that"]
    return "## What each kernel gains, float32, one thread unless it says two\n\n" + markdown(head, lines)


def _raced(works: list[Work], rounds: int) -> list[Result]:
    """Return the samples of each work, done in turn."""
    repeats = []
    for work in works:
        work()
        repeats.append(max(1, ceil(SHORTEST / measured(work).seconds)))
    results = [Result() for _ in works]
    for _ in range(rounds):
        for work, n, result in zip(works, repeats, results, strict=True):
            sample = measured(lambda work=work, n=n: [work() for _ in range(n)])
            result.samples.append(sample._replace(seconds=sample.seconds / n))
    return results


def rows() -> Iterator[Row]:
    examples = digits(128)
    x, t = examples.x, examples.t
    yield from _dense(x[:100].reshape(100, 784), Chain((Dense(784, 100), ELU())), dx=False)
    yield from _dense(x.reshape(128, 784), Chain((Dense(784, 2048), ELU())), dx=False)
    pooled = np.maximum(np.random.default_rng(1).standard_normal((128, 14, 14, 32), np.float32), 0)
    yield from _dense(pooled.reshape(256, 3136)[:128], Chain((Dense(3136, 10),)), dx=True)
    yield from _convolution(x, Chain((Conv2D(1, 32), ReLU(), MaxPool2D(2))), "the direct way")
    yield from _convolution(pooled, Chain((Conv2D(32, 64), ReLU(), MaxPool2D(2))), "Winograd's way")
    yield from _lines()
    yield _cost(t[:100])
    yield _optimizer("SGD with momentum, 79,510 parameters", SGD(0.05, 0.9), 79_510)
    yield _optimizer("Adam, 50,186 parameters", Adam(), 50_186)
    yield _warp(x)


def _start(layer: Layer) -> tuple[Named, Named]:
    """Return parameters at their start and their gradients."""
    layout, rng = Layout(layer.shapes()), np.random.default_rng(0)
    p, g = (layout.views(np.zeros(layout.size, np.float32)) for _ in range(2))
    layer.init(p, rng)
    return p, g


def _pair(plain: Chain, n_threads: int) -> Layer:
    """Return the fast layer for a chain, whose parameters are those of its first layer."""
    (fast,) = fuse(plain, n_threads).layers
    return fast


def _both_ways(name: str, plain: Chain, x: NDArray, numpy: list[Any], dx: bool) -> Iterator[Row]:
    """Yield the row of forward and that of backward; without dx as in a first layer, from bytes where x is bytes.

    `numpy` has for each NumPy's part of the work and what that is, or nothing.
    """
    p, g = _start(plain)
    one, two = (_pair(plain, n) for n in (1, 2))
    y, cache = one.forward(p["0"], x)
    dy = np.random.default_rng(2).standard_normal(y.shape, np.float32)
    floats = as_inputs(x)
    plain_cache = plain.forward(p, floats)[1]

    def backward(layer: Layer, p: Named, g: Named, cache: object) -> Work:
        way = layer.backward if dx else layer.parameter_gradient
        return lambda: way(p, g, cache, dy)

    yield Row(
        f"{name}, forward",
        lambda: one.forward(p["0"], x),
        lambda: two.forward(p["0"], x),
        lambda: plain.forward(p, as_inputs(x)),
        *numpy[0],
    )
    yield Row(
        f"{name}, backward" + ("" if dx else " without dx"),
        backward(one, p["0"], g["0"], cache),
        backward(two, p["0"], g["0"], cache),
        backward(plain, p, g, plain_cache),
        *numpy[1],
    )


def _dense(x: NDArray, plain: Chain, dx: bool) -> Iterator[Row]:
    (n, n_in), n_out = x.shape, plain.layers[0].n_out
    rng = np.random.default_rng(0)
    floats, W, dz = as_inputs(x), *(rng.standard_normal(shape, np.float32) for shape in ((n_in, n_out), (n, n_out)))
    y, dW, dx_ = np.empty_like(dz), np.empty_like(W), np.empty_like(floats)

    def products() -> None:
        np.matmul(floats.T, dz, out=dW)
        if dx:
            np.matmul(dz, W.T, out=dx_)

    numpy = [(lambda: np.matmul(floats, W, out=y), "x W"), (products, "xᵀ dz and dz Wᵀ" if dx else "xᵀ dz")]
    activations = "".join(f", {type(layer).__name__}" for layer in plain.layers[1:])
    what = "digits as bytes" if x.dtype == np.uint8 else "inputs, half of them zero"
    yield from _both_ways(f"Dense({n_in}, {n_out}){activations}, {n} {what}", plain, x, numpy, dx)


def _convolution(x: NDArray, plain: Chain, way: str) -> Iterator[Row]:
    conv, first = plain.layers[0], x.dtype == np.uint8
    rng = np.random.default_rng(0)
    n_rows, deep = x[..., 0].size, 9 * conv.c_in
    patches, W, dz = (
        rng.standard_normal(shape, np.float32) for shape in ((n_rows, deep), (deep, conv.c_out), (n_rows, conv.c_out))
    )
    y, dW, dX = np.empty_like(dz), np.empty_like(W), np.empty_like(patches)

    def products() -> None:
        np.matmul(patches.T, dz, out=dW)
        if not first:
            np.matmul(dz, W.T, out=dX)

    numpy = [
        (lambda: np.matmul(patches, W, out=y), "X W of the patches X"),
        (products, "Xᵀ dz" if first else "Xᵀ dz and dz Wᵀ"),
    ]
    name = f"Conv {conv.c_in} → {conv.c_out} ({way}), ReLU, pool, {len(x)} images of {x.shape[1]} × {x.shape[2]}"
    yield from _both_ways(name, plain, x, numpy, dx=not first)


def _lines() -> Iterator[Row]:
    """Yield the rows of the layers of a recogniser of lines."""
    rng = np.random.default_rng(1)
    wide, narrow = (rng.standard_normal(shape, np.float32) for shape in ((32, 16, 96, 32), (32, 4, 48, 96)))
    for x, conv in (wide, Conv2D(32, 64)), (narrow, Conv2D(96, 128, (1, 5))):
        name = f"Conv {conv.c_in} → {conv.c_out}, kernel {conv.kernel}, ReLU, {x.shape[:3]}"
        yield from _both_ways(name, Chain((conv, ReLU())), x, [(), ()], dx=True)
    pool, norm = MaxPool2D((2, 1)), GroupNorm(8, 32)
    for plain in Chain((norm, ReLU())), Chain((norm, ReLU(), pool)), Chain((pool,)):
        yield from _both_ways(f"{', '.join(map(str, plain.layers))}, {wide.shape[:3]}", plain, wide, [(), ()], dx=True)


def _cost(t: NDArray) -> Row:
    y = np.random.default_rng(0).standard_normal((len(t), 10), np.float32)
    fast = FastSoftmaxCrossEntropy(CrossEntropy())

    def plain() -> None:
        q = Softmax().value(y)
        _, dq = CrossEntropy().value_and_gradient(q, t)
        Softmax().vjp(y, q, dq)

    def work() -> object:
        return fast.value_and_gradient(y, t)

    return Row(f"softmax and cross-entropy, {len(t)} × 10", work, work, plain)


def _optimizer(name: str, plain: Optimizer, size: int) -> Row:
    theta, gradient = np.random.default_rng(0).standard_normal((2, size), np.float32)

    def work(optimizer: Optimizer) -> Work:
        state = optimizer.init(theta)
        return lambda: optimizer.step(theta, gradient, state)

    return Row(name, work(fuse_optimizer(plain, 1)), work(fuse_optimizer(plain, 2)), work(plain))


def _warp(x: NDArray) -> Row:
    augmentation = Augmentation(shift=2, rotation=15, scale=0.15, stretch=0.2, shear=0.3, thickness=0.5, elastic=1.5)
    warps = augmentation.draw(len(x), x.shape[1:3], np.random.default_rng(0))
    return Row(
        f"warp, {len(x)} digits as bytes",
        lambda: warp(x, warps, 1),
        lambda: warp(x, warps, 2),
        lambda: apply_warps(x, warps),
    )


if __name__ == "__main__":
    instructions.take()
    print(measure(int(sys.argv[1])))
