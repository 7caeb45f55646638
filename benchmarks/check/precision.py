"""How small an error check_torch finds in modules of float32, bfloat16 and float16.

In each module one gradient inside is multiplied by 1.001 in float32, by 1.01 in the coarser types; it must be
found, and the module as it is must not be alarmed at.  Run it as

    python benchmarks/check/precision.py
    python benchmarks/check/precision.py --only LSTM
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from tables import markdown, time_text
from torch import nn
from torch.nn import functional

from inkgrad.check import check_torch
from inkgrad.errors import CheckError

FACTORS = {torch.float32: 1.001, torch.bfloat16: 1.01, torch.float16: 1.01}


class Scaled(torch.autograd.Function):
    """The same, whose gradient comes back multiplied by a factor."""

    @staticmethod
    def forward(ctx, x, factor):
        ctx.factor = factor
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return ctx.factor * dy, None


def scaled(x: torch.Tensor, factor: float) -> torch.Tensor:
    return x if factor == 1 else Scaled.apply(x, factor)


class Between(nn.Module):
    """Two modules, with a factor on the gradient that flows between them."""

    def __init__(self, first: nn.Module, second: nn.Module, factor: float) -> None:
        super().__init__()
        self.first, self.second, self.factor = first, second, factor

    def forward(self, x):
        return self.second(scaled(self.first(x), self.factor))


class Last(nn.Module):
    """What an LSTM gives at each step."""

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = lstm

    def forward(self, x):
        return self.lstm(x)[0]


class Block(nn.Module):
    """Two convolutions with norms, around them a shortcut."""

    def __init__(self, channels: int, factor: float) -> None:
        super().__init__()
        self.a, self.b = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.m, self.n = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.factor = factor

    def forward(self, x):
        inside = scaled(functional.relu(self.m(self.a(x))), self.factor)
        return functional.relu(x + self.n(self.b(inside)))


class UNet(nn.Module):
    """One step down and one up, and what was on the way beside it."""

    def __init__(self, channels: int, factor: float) -> None:
        super().__init__()
        self.down, self.deep = nn.Conv2d(1, channels, 3, padding=1), nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.out = nn.Conv2d(2 * channels, 1, 3, padding=1)
        self.factor = factor

    def forward(self, x):
        beside = functional.gelu(self.down(x))
        deep = functional.gelu(self.deep(functional.avg_pool2d(beside, 2)))
        return self.out(torch.cat([scaled(beside, self.factor), self.up(deep)], 1))


def modules(factor: float) -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Return each module in float64, with one gradient inside multiplied by `factor`, and its input."""
    torch.manual_seed(0)
    encoder = nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, batch_first=True)
    return {
        "Linear(64, 64)": (Between(nn.Linear(64, 64), nn.Identity(), factor), torch.randn(8, 64)),
        "TransformerEncoderLayer(64, 4, 128)": (Between(encoder, nn.Linear(64, 8), factor), torch.randn(2, 4, 64)),
        "LSTM(32, 32)": (Between(nn.Linear(32, 32), Last(nn.LSTM(32, 32)), factor), torch.randn(4, 2, 32)),
        "a block with BatchNorm": (Block(8, factor), torch.randn(4, 8, 5, 5)),
        "a small U-Net": (UNet(8, factor), torch.randn(2, 1, 8, 8)),
    }


def verdict_of(name: str, dtype: torch.dtype, factor: float) -> tuple[str, str, float]:
    """Return the verdict on a module, why, and the seconds it took."""
    module, x = modules(factor)[name]
    start = time.process_time()
    try:
        report = check_torch(module.to(dtype), [x.to(dtype)], raises=False)
        word, why = str(report.verdict), "; ".join(map(str, report.findings)) or report.summary
    except CheckError as error:
        word, why = "refused", str(error)
    return word, why, time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Check modules of coarse types.")
    parser.add_argument("--only", default="", help="a part of a module's name")
    only = parser.parse_args().only
    rows = []
    for name in [name for name in modules(1.0) if only in name]:
        for dtype, factor in FACTORS.items():
            right, why, seconds = verdict_of(name, dtype, 1.0)
            wrong, found, longer = verdict_of(name, dtype, factor)
            kind = str(dtype).removeprefix("torch.")
            rows.append((name, kind, right, f"{factor:g}", wrong, time_text(seconds), time_text(longer)))
            print(f"{name} {kind}: {right} ({why})\n    with {factor:g}: {wrong} ({found})", flush=True)
    head = "module", "type", "as it is", "a gradient times", "is", "processor seconds", "and where it is wrong"
    print(f"\n{markdown(head, rows)}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    main()
