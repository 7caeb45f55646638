"""Recipes: named networks, and how to train them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from inkgrad.costs import CTC, Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.data import Augmentation
from inkgrad.errors import ShapeError
from inkgrad.layers import (
    ELU,
    Chain,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Frames,
    GroupNorm,
    Layer,
    MaxPool2D,
    ReLU,
    Softmax,
)
from inkgrad.optimizers import SGD, Adam, Averaged, OneCycle, Optimizer, Schedule

IMAGE_SHAPE = 28, 28, 1  # of MNIST's, which the settings were chosen on


@dataclass(frozen=True)
class Recipe:
    """A network for images, and settings that train it well.

    `network` makes the layers for a number of classes and, unless it is `input_shape`, the shape of one image.
    `optimizer` takes the learning rate and the momentum.  With a `schedule`, made of lr and the number of
    steps, the rate changes along the training, and lr is its largest.
    """

    about: str
    network: Callable[..., Chain]
    input_shape: tuple[int, ...]
    cost: Cost
    optimizer: Callable[[float | Schedule, float], Optimizer]
    lr: float
    momentum: float
    batch_size: int
    epochs: int
    schedule: Callable[[float, int], Schedule] | None = None
    augmentation: Augmentation | None = None

    def optimizer_for(self, lr: float, momentum: float, n_steps: int) -> Optimizer:
        """Return the optimizer for a training of n_steps."""
        return self.optimizer(self.schedule(lr, n_steps) if self.schedule else lr, momentum)

    def augmentation_for(self, input_shape: tuple[int, ...]) -> Augmentation | None:
        """Return the changes of images of a shape: those of the recipe, lengths in proportion to the image."""
        if self.augmentation is None or input_shape == self.input_shape:
            return self.augmentation
        larger = min(input_shape[:2]) / min(self.input_shape[:2])
        shift, elastic = larger * self.augmentation.shift, larger * self.augmentation.elastic
        return replace(self.augmentation, shift=shift, elastic=elastic)


def seed_network(n_classes: int, input_shape: tuple[int, ...] = IMAGE_SHAPE) -> Chain:
    """Return the network of the small project that inkgrad grew from: 784-100-10 for ten digits."""
    return Chain((Flatten(), Dense(prod(input_shape), 100), ELU(), Dense(100, n_classes), Softmax()))


def convolutional(
    n_classes: int, *channels: int, input_shape: tuple[int, ...] = IMAGE_SHAPE, dropout: float = 0.0
) -> Chain:
    """Return convolutions of 3 × 3, each with ReLU and halving the image's sides, and one dense layer at the end.

    Raises ShapeError for what is no image, or is too small to be halved so often.
    """
    least = 2 ** len(channels)
    if len(input_shape) != 3 or min(input_shape[:2]) < least:
        raise ShapeError(
            f"{len(channels)} convolutions, each of which halves the image, take images (height, width, channels) of "
            f"at least {least} × {least} pixels, got {input_shape}: bring them to a larger `size`",
            setting="size",
        )
    layers: list[Layer] = []
    height, width, c_in = input_shape
    for c_out in channels:
        layers += [Conv2D(c_in, c_out), ReLU(), MaxPool2D()]
        height, width, c_in = height // 2, width // 2, c_out
    layers += [Flatten(), *([Dropout(dropout)] if dropout else []), Dense(height * width * c_in, n_classes)]
    return Chain(tuple(layers))


def adamw(lr: float | Schedule, momentum: float) -> Optimizer:
    """Return Adam with weight decay; its beta1 is the momentum."""
    return Adam(lr, beta1=momentum, weight_decay=0.1)


def averaged_adamw(lr: float | Schedule, momentum: float) -> Optimizer:
    """Return the same, and the mean of where it has been."""
    return Averaged(adamw(lr, momentum), keep=0.999)


def fully_connected(n_classes: int, *widths: int, dropout: float, input_shape: tuple[int, ...] = IMAGE_SHAPE) -> Chain:
    """Return dense layers with ReLU, and dropout after each but the last."""
    layers: list[Layer] = [Flatten()]
    n_in = prod(input_shape)
    for width in widths:
        layers += [Dense(n_in, width), ReLU(), Dropout(dropout)]
        n_in = width
    return Chain((*layers, Dense(n_in, n_classes)))


def line_network(n_classes: int, input_shape: tuple[int, ...] = (32, 192, 1)) -> Chain:
    """Return the recogniser of lines, 32 pixels high and of any width, that says its classes every 4 pixels.

    Its layers are the same for every `input_shape`.

    GroupNorm, and not LayerNorm, because it is over all of a line: pale writing becomes as strong as dark.
    The last but one kernel, with its stride, makes one row of the two that the pools leave.
    """

    def normed(conv: Conv2D, *then: Layer) -> tuple[Layer, ...]:
        return conv, GroupNorm(8, conv.c_out), ReLU(), *then

    return Chain((
        *normed(Conv2D(1, 24, kernel=5, stride=2)),
        *normed(Conv2D(24, 32)),
        *normed(Conv2D(32, 48), MaxPool2D(2)),
        *normed(Conv2D(48, 64), MaxPool2D((2, 1))),
        *normed(Conv2D(64, 96), MaxPool2D((2, 1))),
        *normed(Conv2D(96, 96, stride=(2, 1))),
        Conv2D(96, 64, kernel=(1, 5)), ReLU(), Dropout(0.1),
        Conv2D(64, n_classes, kernel=(1, 3), start="glorot"), Frames(),
    ))  # fmt: skip


CNN_LARGE = Recipe(
    about="three convolutions of 48, 96 and 192 channels: minutes, for accuracy",
    network=lambda n_classes, input_shape=IMAGE_SHAPE: convolutional(
        n_classes, 48, 96, 192, input_shape=input_shape, dropout=0.4
    ),
    input_shape=IMAGE_SHAPE,
    cost=SoftmaxCrossEntropy(),
    optimizer=averaged_adamw,
    lr=0.004,
    momentum=0.9,
    batch_size=128,
    epochs=36,
    schedule=OneCycle,
    augmentation=Augmentation(shift=1.5, rotation=10, scale=0.1, stretch=0.1, shear=0.15, elastic=1.2),
)

MODELS = {
    "cnn": replace(
        CNN_LARGE,
        about="two convolutions of 32 and 64 channels: trains in seconds",
        network=lambda n_classes, input_shape=IMAGE_SHAPE: convolutional(n_classes, 32, 64, input_shape=input_shape),
        optimizer=adamw,
        lr=0.008,
        batch_size=64,
        epochs=4,
        augmentation=Augmentation(shift=1, elastic=1),
    ),
    "cnn-large": CNN_LARGE,
    "reader": replace(
        CNN_LARGE,
        about="as cnn-large, for the digits of real pictures: scripts/make_reader.py trains it on them",
        network=lambda n_classes, input_shape=IMAGE_SHAPE: convolutional(
            n_classes, 48, 96, 192, input_shape=input_shape, dropout=0.3
        ),
        epochs=16,
        augmentation=Augmentation(shift=1, rotation=8, scale=0.06, stretch=0.1, shear=0.1, elastic=1),
    ),
    "lines": Recipe(
        about="eight convolutions, for lines of writing of any width: scripts/make_lines.py trains it on made ones",
        network=line_network,
        input_shape=(32, 192, 1),
        cost=CTC(),
        optimizer=lambda lr, momentum: Averaged(Adam(lr, beta1=momentum, weight_decay=0.01), keep=0.999),
        lr=0.003,
        momentum=0.9,
        batch_size=32,
        epochs=72,
        schedule=lambda lr, n_steps: OneCycle(lr, n_steps, rise=0.1),
    ),
    "mlp": replace(
        CNN_LARGE,
        about="784-1024-512-10, fully connected: a minute or two",
        network=lambda n_classes, input_shape=IMAGE_SHAPE: fully_connected(
            n_classes, 1024, 512, dropout=0.2, input_shape=input_shape
        ),
        lr=0.002,
        epochs=40,
    ),
    "seed": Recipe(
        about="784-100-10, fully connected, with ELU and softmax: where it began",
        network=seed_network,
        input_shape=IMAGE_SHAPE,
        cost=CrossEntropy(),
        optimizer=SGD,
        lr=0.05,
        momentum=0.9,
        batch_size=100,
        epochs=5,
    ),
}
"""The recipes by their names, which `inkgrad train` takes too."""
