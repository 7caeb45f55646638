"""Kernel calls: random shapes, numbers, types and places in memory, on each instruction set, from several threads."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from attack.swarm import Attack, Finding
from inkgrad.arrays import NDArray
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.fast import FastSoftmaxCrossEntropy, fuse, fuse_optimizer, kernels
from inkgrad.layers import Chain, Conv2D, Dense, Layer, LeakyReLU, MaxPool2D, ReLU
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam

SPECIAL = [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e30, 1.1e15, 1e-310, 5e-324, 1e-45, -0.0]
N_THREADS = 3
LOST = 1e-40  # numbers so small are lost beside a 1, or not, as sums are taken in another order
FORMS: list[Callable[[NDArray], NDArray]] = [
    np.asfortranarray,
    lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    lambda a: np.repeat(a, 2, axis=0)[::2],
    lambda a: a[..., ::-1].copy()[..., ::-1],
    lambda a: np.broadcast_to(a[:1], a.shape),
    lambda a: np.pad(a, 1)[tuple(slice(1, n + 1) for n in a.shape)],
    lambda a: np.frombuffer(bytearray(b"." + a.tobytes()), np.uint8, offset=1).view(a.dtype).reshape(a.shape),
]  # the same numbers, otherwise in memory
SHAPES: list[Callable[[NDArray], NDArray]] = [
    lambda a: a[:0],
    lambda a: a[0],
    lambda a: a[..., None],
    lambda a: a[..., :-1],
    lambda a: np.concatenate([a, a[..., :1]], axis=-1),
    lambda a: a.T,
]
TYPES = ["f2", "f4", "f8", "g", "c8", "?", "i1", "i8", "u2", "u1", ">f4", ">f8"]


def network_like(rng: Random) -> tuple[Layer, tuple[int, ...]]:
    """Return layers that have a fast version, and the shape of one input."""
    activation = rng.choice([ReLU(), LeakyReLU(0.5), ReLU()])
    if rng.random() < 0.4:
        n_in, n_out = rng.choice([1, 2, 5, 20, 70]), rng.choice([1, 2, 9, 16, 40])
        return Chain((Dense(n_in, n_out), activation) if rng.random() < 0.8 else (Dense(n_in, n_out),)), (n_in,)
    n_in, n_out, side = rng.choice([1, 2, 8, 16]), rng.choice([1, 3, 8, 9, 16]), rng.choice([2, 3, 5, 8, 9])
    shape = side, rng.choice([side, 2, 6]), n_in
    if rng.random() < 0.5:
        return Chain((Conv2D(n_in, n_out), ReLU(), MaxPool2D())), shape
    kernel, stride = ((rng.choice(some), rng.choice(some)) for some in ([1, 3, 5], [1, 1, 2, 3]))
    fits = shape[0] >= kernel[0] and shape[1] >= kernel[1]
    layers = Conv2D(n_in, n_out, kernel, stride, rng.choice(["same", "valid"]) if fits else "same"), ReLU()
    return Chain(layers[: rng.choice([1, 2])]), shape


def numbers_like(rng: Random, shape: Any, dtype: Any, most: int = 2) -> NDArray:
    """Return small whole numbers, of which sums are exact, with a few special ones among them."""
    draw = np.random.default_rng(rng.getrandbits(32))
    a = (draw.integers(-2, 3, shape) * (draw.random(shape) >= rng.choice([0, 0.5, 0.9]))).astype(dtype)
    for _ in range(rng.choice([0, 0, 0, 1, most])):
        if a.size:
            a.flat[rng.randrange(a.size)] = np.float64(rng.choice(SPECIAL)).astype(dtype)
    return a


def bent(rng: Random, a: NDArray) -> NDArray:
    """Return an array at times in another form, of another type, or of another shape."""
    way = rng.randrange(8)
    if not a.size or not a.ndim:
        return a
    if way <= 2:
        return rng.choice(FORMS)(a)
    if way == 3:
        return rng.choice(SHAPES)(a)
    return a.astype(rng.choice(TYPES)) if way == 4 else a


def result(work: Callable[[], Any]) -> Any:
    """Return what work gives, or the error that it raises."""
    try:
        return work()
    except Exception as error:
        return error


def refuse_other(fast: Any, plain: Any) -> str:
    """Raise Finding unless both are the same numbers, or both errors, or the fast one refuses its input."""
    if isinstance(fast, Exception):
        if not isinstance(fast, ValueError | TypeError):
            raise Finding(f"fast raises {fast!r:.300}")
        return "refused"
    if isinstance(plain, Exception):
        raise Finding(f"plain raises {plain!r:.300}, fast does not")
    for one, other in zip(fast, plain, strict=True):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            raise Finding(f"fast gives {one.dtype} {one.shape}, plain {other.dtype} {other.shape}")
        if one.dtype != object and not np.allclose(one, other, rtol=0, atol=LOST, equal_nan=True):
            raise Finding(f"fast gives other numbers: {one[one != other][:4]} and not {other[one != other][:4]}")
    return "equal"


def together(work: Callable[[], Any]) -> list[Any]:
    """Return what work gives in each of some threads at a time."""
    found: list[Any] = []

    def note() -> None:
        with np.errstate(all="ignore"):  # each thread has its own
            found.append(result(work))

    threads = [threading.Thread(target=note) for _ in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def has_tiny(a: NDArray) -> bool:
    """Whether an array has a number that may be lost in a sum; then a ReLU's slope there is 0 or 1."""
    return a.dtype != object and bool(((a != 0) & (abs(a) < LOST)).any())


def layers_case(rng: Random) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a forward and a backward pass by fast layers, and by plain ones."""
    network, shape = network_like(rng)
    dtype = rng.choice([np.float32, np.float64])
    x = numbers_like(rng, (rng.choice([1, 2, 4, 7]), *shape), dtype)
    theta = numbers_like(rng, Layout(network.shapes()).size, dtype)
    dy = numbers_like(rng, (len(x), *network.output_shape(shape)), dtype)
    x, dy = bent(rng, x), bent(rng, dy)
    if x.dtype in (np.uint8, np.float16):  # fast layers take bytes as they are, and halves in another precision
        x = x.astype(dtype)

    def passes(each: Layer) -> Any:
        layout = Layout(each.shapes())
        gradient = np.full(layout.size, np.nan, dtype)
        y, cache = each.forward(layout.views(theta), x)
        dx = each.backward(layout.views(theta), layout.views(gradient), cache, dy)
        return (y,) if has_tiny(x) or has_tiny(theta) else (y, dx, gradient)

    return lambda: passes(fuse(network)), lambda: passes(network)


def optimizer_case(rng: Random) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return a step of a fast optimizer, and of the plain one."""
    optimizer, n = rng.choice([SGD(0.5, 0.5), SGD(0.25), Adam(0.5)]), rng.choice([1, 7, 40, 1000])
    dtype = rng.choice([np.float32, np.float64])
    theta, gradient = numbers_like(rng, n, dtype), bent(rng, numbers_like(rng, n, dtype))

    def step(each: Any) -> Any:
        own, state = theta.copy(), each.init(theta)
        each.step(own, gradient, state)
        return (own,) if isinstance(optimizer, SGD) else (np.isfinite(own), own.astype(np.float16))

    return lambda: step(fuse_optimizer(optimizer)), lambda: step(optimizer)


def cost_case(rng: Random) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """Return the fast cost of logits, and the plain one, to two digits: exponentials differ in the last."""
    n, k = rng.choice([1, 4, 33]), rng.choice([1, 2, 5, 16, 33])
    draw = np.random.default_rng(rng.getrandbits(32))
    y, t = bent(rng, numbers_like(rng, (n, k), np.float32, 0)), draw.integers(0, k, n) + rng.choice([0, 0, 0, -1, 40])

    def asked(cost: Any) -> Any:
        value, dy = cost.value_and_gradient(y, t)
        return np.round(np.array([value, *np.abs(dy).sum(axis=-1).ravel()], np.float64) + 0.00317, 2), np.array(
            dy.shape
        )

    return lambda: asked(FastSoftmaxCrossEntropy(SoftmaxCrossEntropy())), lambda: asked(SoftmaxCrossEntropy())


def attack_on(instructions: str) -> Attack:
    """Return the attack on the kernels of an instruction set."""

    def prepare(folder: Path) -> Any:
        warnings.simplefilter("ignore")
        return kernels.load_kernels(instructions)

    def strike(rng: Random, state: Any) -> Counter[str]:
        kernels.compiled = state
        fast, plain = rng.choice([layers_case, layers_case, optimizer_case, cost_case])(rng)
        with np.errstate(all="ignore"):
            wanted = result(plain)
        outcomes = [refuse_other(found, wanted) for found in together(fast)]
        return Counter({"inputs": 1, outcomes[0]: 1})

    return Attack(f"kernels-{instructions}", prepare, strike)


def attacks() -> list[Attack]:
    """Return an attack for each instruction set of this machine that there are kernels for."""
    if kernels.compiled is None:
        return []
    return [attack_on(name) for name in kernels.load_kernels("baseline").instruction_sets()]
