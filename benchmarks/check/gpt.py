"""What check_torch says of a GPT of the shape of GPT-2 small, how long it takes, and how much memory.

124 million parameters in float64, 8 tokens: once right, and then with one part of one of the twelve blocks, or the
embedding, written by hand with a mistake in its backward.  Each is checked in a process of its own, whose peak of
memory is given beside the parameters alone.  Run it as

    python benchmarks/check/gpt.py [--small] [--untied] [right activation attention norm embedding]

which takes as many threads as there are cores.  The head is tied to the embedding, as in GPT-2; --untied gives it
a matrix of its own, 163 million parameters.  --small has 4 blocks of width 64.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from tables import markdown, time_text
from torch import nn
from torch.nn import functional

from inkgrad.check import check_torch

CASES = "right", "activation", "attention", "norm", "embedding"


class HalfGELU(torch.autograd.Function):
    """y = x Φ(x), whose backward takes Φ for a constant: dx = dy Φ(x), without x φ(x)."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return functional.gelu(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * torch.special.ndtr(x)


class UnscaledAttention(torch.autograd.Function):
    """y = softmax(q kᵀ / √n) v, of which each sees what is before it; dq and dk lack the 1 / √n."""

    @staticmethod
    def forward(ctx, q, k, v):
        hidden = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).triu(1)
        weights = (q @ k.mT / sqrt(q.shape[-1])).masked_fill(hidden, -torch.inf).softmax(-1)
        ctx.save_for_backward(q, k, v, weights)
        return weights @ v

    @staticmethod
    def backward(ctx, dy):
        q, k, v, weights = ctx.saved_tensors
        d_weights = dy @ v.mT
        d_scores = weights * (d_weights - (weights * d_weights).sum(-1, keepdim=True))
        return d_scores @ k, d_scores.mT @ q, weights.mT @ dy


class FixedVarianceNorm(torch.autograd.Function):
    """y = (x - mean) / deviation, whose backward takes the deviation for a constant."""

    @staticmethod
    def forward(ctx, x):
        ctx.deviation = (x.var(-1, unbiased=False, keepdim=True) + 1e-5).sqrt()
        return (x - x.mean(-1, keepdim=True)) / ctx.deviation

    @staticmethod
    def backward(ctx, dy):
        return (dy - dy.mean(-1, keepdim=True)) / ctx.deviation


class LastComesEmbedding(torch.autograd.Function):
    """Rows of a table, whose backward keeps only the last gradient of a row that is taken twice."""

    @staticmethod
    def forward(ctx, ids, table):
        ctx.ids, ctx.shape = ids, table.shape
        return table[ids]

    @staticmethod
    def backward(ctx, dy):
        d_table = dy.new_zeros(ctx.shape)
        for row, gradient in zip(ctx.ids.flatten(), dy.flatten(0, -2), strict=True):  # in a single step it is random
            d_table[row] = gradient
        return None, d_table


class WrongGELU(nn.Module):
    def forward(self, x):
        return HalfGELU.apply(x)


class WrongAttention(nn.Module):
    def forward(self, q, k, v):
        return UnscaledAttention.apply(q, k, v)


class WrongNorm(nn.LayerNorm):
    def forward(self, x):
        return FixedVarianceNorm.apply(x) * self.weight + self.bias


class WrongEmbedding(nn.Embedding):
    def forward(self, ids):
        return LastComesEmbedding.apply(ids, self.weight)


class Attention(nn.Module):
    def forward(self, q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)


class Block(nn.Module):
    """Attention and two layers, each after a norm, x past both."""

    def __init__(self, width: int, heads: int, wrong: str) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv, self.attention, self.mixed = nn.Linear(width, 3 * width), Attention(), nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.wide, self.activation, self.narrow = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        if wrong == "activation":
            self.activation = WrongGELU()
        if wrong == "attention":
            self.attention = WrongAttention()
        if wrong == "norm":
            self.norm2 = WrongNorm(width)

    def forward(self, x):
        parts = self.qkv(self.norm1(x)).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).swapaxes(1, 2) for part in parts)
        x = x + self.mixed(self.attention(q, k, v).swapaxes(1, 2).flatten(-2))
        return x + self.narrow(self.activation(self.wide(self.norm2(x))))


@dataclass(frozen=True)
class Shape:
    """The sizes of a GPT; in block `bad` is what is wrong."""

    n_tokens: int = 50_257
    n_places: int = 1_024
    width: int = 768
    heads: int = 12
    n_blocks: int = 12
    bad: int = 5


SMALL = Shape(1_000, 64, 64, 4, 4, 2)


class GPT(nn.Module):
    def __init__(self, shape: Shape, wrong: str, is_tied: bool) -> None:
        super().__init__()
        embedding = WrongEmbedding if wrong == "embedding" else nn.Embedding
        self.tokens = embedding(shape.n_tokens, shape.width)
        self.places = nn.Embedding(shape.n_places, shape.width)
        blocks = (Block(shape.width, shape.heads, wrong if k == shape.bad else "") for k in range(shape.n_blocks))
        self.blocks, self.norm = nn.ModuleList(blocks), nn.LayerNorm(shape.width)
        self.head = nn.Linear(shape.width, shape.n_tokens, bias=False)
        for table in self.tokens, self.places:
            nn.init.normal_(table.weight, std=0.02)
        if is_tied:
            self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def place_of(wrong: str, shape: Shape) -> str:
    """Return the name of the module that is wrong."""
    if wrong == "embedding":
        return "tokens"
    return {"right": ""}.get(wrong, f"blocks.{shape.bad}." + {"norm": "norm2"}.get(wrong, wrong))


def answer_on(wrong: str, shape: Shape, is_tied: bool) -> dict[str, object]:
    """Return what is said of a GPT, and what it cost."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    model = GPT(shape, wrong, is_tied)
    ids = torch.randint(shape.n_tokens, (1, 8))
    ids[0, 6] = ids[0, 2]  # a token twice, which the embedding must add
    wall, processor = time.perf_counter(), time.process_time()
    report = check_torch(model, [ids], raises=False)
    return {
        "parameters": sum(each.numel() for each in model.parameters()),
        "verdict": str(report.verdict),
        "found": [f"{each.layer}: {each.kind}" for each in report.findings],
        "least": max((each.least for each in report.arrays), default=None),
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
    }


def row_of(wrong: str, shape: Shape, found: dict) -> tuple[str, ...]:
    size = 8 * found["parameters"]
    return (
        wrong,
        place_of(wrong, shape),
        found["verdict"],
        ", ".join(found["found"]),
        time_text(found["wall"]),
        time_text(found["processor"]),
        f"{size / 1e9:.3g} GB",
        f"{found['peak'] / 1e9:.3g} GB",
        f"{found['peak'] / size:.2f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=CASES, help=f"some of {', '.join(CASES)}")
    parser.add_argument("--small", action="store_true", help="4 blocks of width 64")
    parser.add_argument("--untied", action="store_true", help="a head with a matrix of its own")
    parser.add_argument("--here", action="store_true", help="answer on one case, in this process, in JSON")
    chosen = parser.parse_args()
    shape = SMALL if chosen.small else Shape()
    if chosen.here:
        print(json.dumps(answer_on(chosen.cases[0], shape, not chosen.untied)))
        return
    rows = []
    options = [name for name in ("--small", "--untied") if name in sys.argv]
    for case in chosen.cases:
        command = [sys.executable, __file__, "--here", case, *options]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        found = json.loads(told)
        rows.append(row_of(case, shape, found))
        print(case, told.strip(), file=sys.stderr, flush=True)
    print(f"{found['parameters']:,} parameters\n")
    head = (
        "what is wrong",
        "where",
        "inkgrad",
        "finds",
        "wall",
        "processor",
        "model",
        "peak of memory",
        "times the model",
    )
    print(markdown(head, rows))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
