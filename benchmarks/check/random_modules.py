"""Whether check_torch alarms at modules that are right: 1,000 random ones of all layers of torch.nn with parameters.

Each is one to three layers of random kinds and sizes with random activations between, at random inputs; one in
four is float32.  A number makes the same module each time.  Run it as

    python benchmarks/check/random_modules.py
    python benchmarks/check/random_modules.py --first 200 --count 50

which says each that is not right, and counts.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from dataclasses import dataclass
from random import Random

import torch
from torch import nn

from inkgrad.check import check_torch
from inkgrad.errors import CheckError

ACTIVATIONS = nn.ReLU, nn.Tanh, nn.GELU, nn.SiLU, nn.Sigmoid, nn.ELU, nn.Softplus, nn.LeakyReLU, nn.Mish, nn.Identity


class Part(nn.Module):
    """A layer that takes rows (N, width) and gives rows (N, wide), however its own inputs and outputs are shaped.

    `shape` is what it takes one row as, `pick` what of its outputs counts.
    """

    def __init__(self, layer: nn.Module, shape: tuple[int, ...], pick=lambda y: y) -> None:
        super().__init__()
        self.layer, self.shape, self.pick = layer, shape, pick

    def forward(self, x):
        y = self.pick(self.layer(x.reshape(len(x), *self.shape)))
        return y.reshape(len(x), -1)


class Twice(nn.Module):
    """A layer of two inputs, which gets the same one for both."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x)


class Attends(nn.Module):
    """Self-attention."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x, x)[0]


class Looks(nn.Module):
    """The rows of a table at fixed places, some of them twice, added to x (N, width)."""

    def __init__(self, layer: nn.Module, places: torch.Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("places", places)

    def forward(self, x):
        return x + self.layer(self.places[: len(x)])


class Loss(nn.Module):
    """The loss of each row by an adaptive softmax, at fixed labels."""

    def __init__(self, layer: nn.Module, labels: torch.Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("labels", labels)

    def forward(self, x):
        return self.layer(x, self.labels[: len(x)]).output[:, None]


@dataclass(frozen=True)
class Draw:
    """Random layers for rows of `width` numbers, a multiple of 4."""

    random: Random
    width: int
    n: int

    def one_of(self, *choices):
        return self.random.choice(choices)

    @property
    def wide(self) -> int:
        return 4 * self.random.randint(1, 2)

    def linear(self):
        return Part(nn.Linear(self.width, self.wide, bias=self.one_of(True, False)), (self.width,))

    def bilinear(self):
        return Part(Twice(nn.Bilinear(self.width, self.width, 4)), (self.width,))

    def conv(self):
        c = self.one_of(2, 4)
        dims, rest = self.one_of((1, (self.width // c,)), (2, (self.width // c, 1)), (3, (1, self.width // c, 1)))
        kind = getattr(nn, f"Conv{dims}d")
        mode = self.one_of("zeros", "replicate", "circular") if dims == 1 else "zeros"
        layer = kind(c, 4, 3, padding=1, groups=self.one_of(1, 2), bias=self.one_of(True, False), padding_mode=mode)
        return Part(layer, (c, *rest))

    def conv_transpose(self):
        c = self.one_of(2, 4)
        dims, rest = self.one_of((1, (self.width // c,)), (2, (self.width // c, 1)), (3, (1, self.width // c, 1)))
        kind = getattr(nn, f"ConvTranspose{dims}d")
        return Part(kind(c, 4, 3, padding=1, groups=self.one_of(1, 2), bias=self.one_of(True, False)), (c, *rest))

    def batch_norm(self):
        c, left = 4, self.width // 4
        dims, rest = self.one_of((1, (left,)), (2, (left, 1)), (3, (1, left, 1)))
        return Part(getattr(nn, f"BatchNorm{dims}d")(c, track_running_stats=self.one_of(True, False)), (c, *rest))

    def instance_norm(self):
        dims, rest = self.one_of((1, (self.width // 2,)), (2, (2, self.width // 4)), (3, (1, 2, self.width // 4)))
        c = self.width // 2 // (self.width // 4) if dims > 1 else 2
        return Part(getattr(nn, f"InstanceNorm{dims}d")(c, affine=True), (c, *rest))

    def norm(self):
        kind = self.one_of(nn.LayerNorm, nn.RMSNorm)
        return Part(kind(self.width), (self.width,))

    def group_norm(self):
        return Part(nn.GroupNorm(2, 4), (4, self.width // 4))

    def prelu(self):
        return Part(nn.PReLU(self.one_of(1, self.width)), (self.width,))

    def embedding(self):
        places = torch.randint(1, 5, (self.n,))  # the row of the padding is a constant by design
        return Looks(nn.Embedding(5, self.width, padding_idx=self.one_of(None, 0)), places)

    def embedding_bag(self):
        mode = self.one_of("sum", "mean", "max")
        return Looks(nn.EmbeddingBag(5, self.width, mode=mode), torch.randint(5, (self.n, 3)))

    def recurrent(self):
        kind = self.one_of(nn.RNN, nn.LSTM, nn.GRU)
        settings = {"num_layers": self.one_of(1, 2), "bidirectional": self.one_of(True, False)}
        return Part(kind(4, self.one_of(2, 4), batch_first=True, **settings), (self.width // 4, 4), lambda y: y[0])

    def cell(self):
        kind = self.one_of(nn.RNNCell, nn.LSTMCell, nn.GRUCell)
        return Part(kind(self.width, 4), (self.width,), lambda y: y[0] if isinstance(y, tuple) else y)

    def attention(self):
        heads = self.one_of(1, 2)
        return Part(Attends(nn.MultiheadAttention(4, heads, batch_first=True)), (self.width // 4, 4))

    def encoder(self):
        settings = {"norm_first": self.one_of(True, False), "activation": self.one_of("relu", "gelu"), "dropout": 0.1}
        layer = nn.TransformerEncoderLayer(4, 2, 4, batch_first=True, **settings)
        return Part(layer, (self.width // 4, 4))

    def decoder(self):
        return Part(Twice(nn.TransformerDecoderLayer(4, 2, 4, batch_first=True)), (self.width // 4, 4))

    def adaptive(self):
        layer = nn.AdaptiveLogSoftmaxWithLoss(self.width, 9, [3, 6], div_value=2.0)
        return Loss(layer, torch.randint(9, (self.n,)))


KINDS = [name for name, each in vars(Draw).items() if callable(each) and name[0] != "_" and name != "one_of"]


def random_module(number: int) -> tuple[nn.Module, torch.Tensor]:
    """Return the module of this number and its input."""
    random = Random(number)
    torch.manual_seed(number)
    width, n = 4 * random.randint(1, 3), random.randint(2, 4)
    x, parts = torch.randn(n, width, dtype=torch.float64), []
    for _ in range(random.randint(1, 3)):
        draw = Draw(random, width, n)
        part = getattr(draw, random.choice(KINDS))()
        with torch.no_grad():
            width = part.double()(torch.randn(n, width, dtype=torch.float64)).shape[1]
        parts += [part, random.choice(ACTIVATIONS)()]
        if width % 4:
            break
    module = nn.Sequential(*parts)
    for parameter in module.parameters():  # biases of 0 would hide mistakes
        nn.init.normal_(parameter, std=0.5)
    dtype = torch.float32 if random.random() < 0.25 else torch.float64
    return module.to(dtype), x.to(dtype)


def described(module: nn.Module, x: torch.Tensor) -> str:
    """Return the kinds of its leaves, and the type: "Linear GELU, float64"."""
    leaves = [type(each).__name__ for each in module.modules() if not list(each.children())]
    return f"{' '.join(leaves)}, {str(x.dtype).removeprefix('torch.')} {tuple(x.shape)}"


def verdict_of(number: int) -> tuple[str, str]:
    """Return the verdict on the module of this number, and why."""
    module, x = random_module(number)
    try:
        report = check_torch(module, [x], raises=False)
    except CheckError as error:
        return "refused", str(error)
    return str(report.verdict), "; ".join(map(str, report.findings)) or report.summary


def main() -> None:
    parser = argparse.ArgumentParser(description="Check random right modules.")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    start = time.process_time()
    for number in range(asked.first, asked.first + asked.count):
        verdict, why = verdict_of(number)
        counts[verdict] += 1
        if verdict != "right":
            print(f"{verdict.upper():12} {number}: {described(*random_module(number))}: {why}", flush=True)
    seconds = time.process_time() - start
    print(f"\n{asked.count} modules: {dict(counts)}; {seconds:.0f} processor seconds")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    main()
