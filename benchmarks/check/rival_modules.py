"""Five modules of PyTorch in float64, each right, and with a Function between two of its layers that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn


class Scaled(torch.autograd.Function):
    """y = tanh x, whose backward is 1.01 times too large."""

    @staticmethod
    def forward(ctx, x):
        y = x.tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return 1.01 * dy * (1 - y**2)


class HalfTanh(torch.autograd.Function):
    """y = tanh x, whose backward has 1 - y for 1 - y²."""

    @staticmethod
    def forward(ctx, x):
        y = x.tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y)


class LateMask(torch.autograd.Function):
    """y = max(x, 0), whose backward takes the step at -0.1."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.relu()

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * (x > -0.1)


class Between(nn.Module):
    """An activation whose backward is written by hand."""

    def __init__(self, function: type[torch.autograd.Function]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function.apply(x)


MISTAKES = {"1.01 times": Scaled, "1 - y for 1 - y²": HalfTanh, "mask at -0.1": LateMask}


class Recurrent(nn.Module):
    """LSTM(32, 32), and something at its outputs."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.lstm, self.act = nn.LSTM(32, 32), act

    def forward(self, x):
        return self.act(self.lstm(x)[0])


class ResNetBlock(nn.Module):
    """Two convolutions with BatchNorm, and x past them."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.act = act

    def forward(self, x):
        return torch.relu(x + self.norm2(self.conv2(self.act(self.norm1(self.conv1(x))))))


def twice(n_in: int, n_out: int, act: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), act)


class UNet(nn.Module):
    """A U-Net of 1 million parameters, three times halved."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        widths = 32, 64, 128, 256
        self.down = nn.ModuleList(twice(a, b, nn.ReLU()) for a, b in zip((1, *widths), widths, strict=False))
        acts = nn.ReLU(), act, nn.ReLU()
        self.up = nn.ModuleList(
            twice(widths[k] + widths[k + 1], widths[k], each) for k, each in zip((2, 1, 0), acts, strict=True)
        )
        self.last = nn.Conv2d(32, 1, 1)
        self.halve, self.double_size = nn.MaxPool2d(2), nn.Upsample(scale_factor=2)

    def forward(self, x):
        kept = [self.down[0](x)]
        for block in self.down[1:]:
            kept.append(block(self.halve(kept[-1])))
        y = kept.pop()
        for block in self.up:
            y = block(torch.cat([self.double_size(y), kept.pop()], 1))
        return self.last(y)


def encoder(act: nn.Module) -> nn.Module:
    return nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True, activation=act)


@dataclass(frozen=True)
class Example:
    """A module, as it is and with an activation of one's own at `where`, and the shape of its input."""

    name: str
    right: Callable[[], nn.Module]
    with_act: Callable[[nn.Module], nn.Module]
    shape: tuple[int, ...]
    where: str

    def built(self, mistake: str = "") -> tuple[nn.Module, torch.Tensor]:
        torch.manual_seed(0)
        module = self.with_act(Between(MISTAKES[mistake])) if mistake else self.right()
        return module.double(), torch.randn(*self.shape, dtype=torch.float64)


def two_linear(act: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 64), act, nn.Linear(64, 64))


EXAMPLES = (
    Example("Linear(64, 64)", lambda: nn.Linear(64, 64), two_linear, (7, 64), "1"),
    Example("TransformerEncoderLayer(64, 4, 128)", lambda: encoder(nn.ReLU()), encoder, (2, 5, 64), "activation"),
    Example("LSTM(32, 32)", lambda: nn.LSTM(32, 32), Recurrent, (5, 2, 32), "act"),
    Example("ResNet block, BatchNorm", lambda: ResNetBlock(nn.ReLU()), ResNetBlock, (2, 8, 6, 6), "act"),
    Example("U-Net, 1 million", lambda: UNet(nn.ReLU()), UNet, (1, 1, 16, 16), "up.1.2"),
)
