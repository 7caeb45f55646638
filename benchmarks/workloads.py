"""Workloads: the networks that all competitors have, their data, their start and their arithmetic."""

from argparse import ArgumentParser
from math import prod

import numpy as np

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy, SquaredError
from inkgrad.data import Examples, as_inputs, mnist
from inkgrad.layers import ELU, Chain, Conv2D, Dense, Flatten, GroupNorm, Layer, MaxPool2D, ReLU, Softmax
from inkgrad.training import Objective

IMAGE = 28, 28, 1
LINE = 32, 192, 1
LR, MOMENTUM = 0.05, 0.9  # of SGD, for the fully connected; the convolutional have Adam as it comes


def mlp(n_hidden: int) -> Objective:
    """Return 784-n_hidden-10 with ELU and softmax; with 100 it is the network of `inkgrad train --model seed`."""
    layers = Flatten(), Dense(784, n_hidden), ELU(), Dense(n_hidden, 10), Softmax()
    return Objective(Chain(layers), CrossEntropy())


def cnn(c_1: int, c_2: int) -> Objective:
    """Return conv 3 × 3 → c_1, ReLU, max-pool 2, conv 3 × 3 → c_2, ReLU, max-pool 2, dense → 10."""
    convolutions = Conv2D(1, c_1), ReLU(), MaxPool2D(2), Conv2D(c_1, c_2), ReLU(), MaxPool2D(2)
    return Objective(Chain((*convolutions, Flatten(), Dense(49 * c_2, 10))), SoftmaxCrossEntropy())


def line() -> Objective:
    """Return the convolutions of a recogniser of lines, with 19 numbers for each place, and half their squared size.

    What a recogniser makes of the places is left out, as its cost is not the convolutions'.
    """

    def normed(*layers: Layer) -> list[Layer]:
        return [each for conv in layers for each in (conv, GroupNorm(8, conv.c_out), ReLU())]  # type: ignore[attr-defined]

    first = *normed(Conv2D(1, 32, 5, 2), Conv2D(32, 32), Conv2D(32, 64)), MaxPool2D(2)
    then = *normed(Conv2D(64, 96)), MaxPool2D((2, 1)), *normed(Conv2D(96, 128)), MaxPool2D((2, 1))
    last = Conv2D(128, 128, (1, 5)), ReLU(), Conv2D(128, 19, (1, 3)), Flatten()
    return Objective(Chain((*first, *then, *last)), SquaredError())


def lines(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n images of lines as float32 (n, 32, 192, 1), which are noise, and targets, which are zero."""
    x = np.random.default_rng(0).random((n, *LINE), np.float32)
    return x, np.zeros((n, line().network.output_shape(LINE)[0]), np.float32)


def start(objective: Objective) -> np.ndarray:
    """Return the theta that every competitor starts from."""
    return objective.init(np.random.default_rng(0), np.float32)


def tensors(objective: Objective) -> list[np.ndarray]:
    """Return W and b of each layer at the start, as inkgrad lays them out."""
    return list(objective.layout.parts(start(objective)).values())


def tensors_nchw(objective: Objective, theta: np.ndarray, shape: tuple[int, ...] = IMAGE) -> list[np.ndarray]:
    """Return W and b of each layer as PyTorch and ONNX lay them out: outputs first, channels before rows."""
    parts, flattened, found = iter(objective.layout.parts(theta).values()), None, []
    for layer in objective.network.layers:
        if isinstance(layer, Flatten):
            flattened = shape
        if isinstance(layer, Conv2D):
            found += [next(parts).transpose(3, 2, 0, 1), next(parts)]
        if isinstance(layer, GroupNorm):
            found += [next(parts), next(parts)]
        if isinstance(layer, Dense):
            W, b = next(parts), next(parts)
            if flattened:  # W's rows stand for (row, column, channel)
                W = W.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(W.shape)
                flattened = None
            found += [W.T, b]
        shape = layer.output_shape(shape)
    return [np.ascontiguousarray(part) for part in found]


def digits(n: int) -> Examples:
    """Return the first n training digits, as bytes."""
    examples = mnist().train
    return Examples(examples.x[:n], examples.t[:n])


def floats(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same as float32 (n, 28, 28, 1) in [0, 1], and their class numbers as int64."""
    examples = digits(n)
    return as_inputs(examples.x), examples.t.astype(np.int64)


def test_floats(n: int) -> np.ndarray:
    """Return the first n test digits as float32 (n, 28, 28, 1)."""
    return as_inputs(mnist().test.x[:n])


def mlp_options(about: str) -> ArgumentParser:
    """Return the options of a competitor that trains 784-HIDDEN-10 an epoch at a time."""
    options = ArgumentParser(description=about)
    options.add_argument("hidden", type=int)
    options.add_argument("--batch", type=int, default=100)
    options.add_argument("--images", type=int, default=60_000)
    return options


def cnn_options(about: str) -> ArgumentParser:
    """Return the options of a competitor that has the convolutional network, a batch at a time."""
    options = ArgumentParser(description=about)
    options.add_argument("channels", type=int, nargs=2)
    options.add_argument("--batch", type=int, default=128)
    options.add_argument("--images", type=int, default=12_800)
    return options


def inference_options(about: str) -> ArgumentParser:
    """Return the options of a competitor that answers with a network, which `answering` returns."""
    options = ArgumentParser(description=about)
    options.add_argument("widths", type=int, nargs="+", help="two: of the convolutions; one: of 784-WIDTH-10")
    options.add_argument("--images", type=int, default=10_000)
    return options


def answering(widths: list[int]) -> Objective:
    """Return the convolutional network for two widths, the fully connected one for one."""
    return cnn(*widths) if len(widths) == 2 else mlp(*widths)


def products(objective: Objective, shape: tuple[int, ...] = IMAGE) -> list[int]:
    """Return for each layer with weights the products it takes for one image, dense: zeros and borders count."""
    found = []
    for layer in objective.network.layers:
        shape = layer.output_shape(shape)
        if isinstance(layer, Dense):
            found.append(layer.n_in * layer.n_out)
        if isinstance(layer, Conv2D):
            found.append(prod(shape) * prod(layer.shapes()["W"][:3]))
    return found


def flop_of_inference(objective: Objective, n: int) -> float:
    """Return the floating-point operations for n images: two for each product."""
    return 2.0 * n * sum(products(objective))


def flop_of_training(objective: Objective, n: int, shape: tuple[int, ...] = IMAGE) -> float:
    """Return them for a step on n images: y, dW and dx take as many each, but the first layer needs no dx."""
    found = products(objective, shape)
    return 2.0 * n * (3 * sum(found) - found[0])
