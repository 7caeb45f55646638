"""check_torch beside both modes of torch.autograd.gradcheck: seconds for a right module, and for one with a mistake.

    python benchmarks/check/rivals.py [--rounds 5] [--longest 60] [--only LSTM]

All compute on one thread (set inside; NumPy's own is set before it is imported).  Seconds are medians of --rounds
rounds in turn after one that does not count; first those of the processor, then those of the clock, which other
work on the machine makes longer.  gradcheck's slow mode moves each number of inputs and parameters alone, and goes
backward twice for each output; it is run once.  Where that would last longer than --longest seconds it is not run
but reckoned, from 20 moves and 20 ways backward, and marked with ~: without its own bookkeeping, so too low.
gradcheck says that a gradient of the whole module is wrong, never where inside.  Its fast mode is not asked about wrong
modules: where it finds that something is wrong it runs the slow one too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from rival_modules import EXAMPLES, MISTAKES, Example
from tables import markdown, time_text
from torch.func import functional_call

from inkgrad.check import check_torch

N_STEPS = 20


@dataclass(frozen=True)
class Cost:
    """Seconds of the processor and of the clock."""

    processor: float
    wall: float
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.mark}{time_text(self.processor)} ({time_text(self.wall)})"


def timed(work: Callable[[], Any]) -> tuple[Cost, Any]:
    processor, wall = time.process_time(), time.perf_counter()
    found = work()
    return Cost(time.process_time() - processor, time.perf_counter() - wall), found


class Rival:
    """A module as gradcheck takes it: a function of its input and all its parameters."""

    def __init__(self, module: torch.nn.Module, x: torch.Tensor) -> None:
        self.module, self.names = module, [name for name, _ in module.named_parameters()]
        self.leaves = [each.detach().clone().requires_grad_() for each in (x, *module.parameters())]

    def __call__(self, x: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        y = functional_call(self.module, dict(zip(self.names, parameters, strict=True)), (x,))
        return y[0] if isinstance(y, tuple) else y

    def fast(self) -> str:
        return self._says(fast_mode=True)

    def slow(self, longest: float) -> tuple[Cost, str]:
        """Return what the slow mode costs, and what it says where it takes no longer than that."""
        reckoned = self._reckoned()
        return timed(lambda: self._says(fast_mode=False)) if reckoned.processor < longest else (reckoned, "not run")

    def _says(self, fast_mode: bool) -> str:
        try:
            torch.autograd.gradcheck(self, self.leaves, fast_mode=fast_mode)
        except RuntimeError as error:
            if "mismatch" not in str(error):
                raise
            return "wrong"
        return "right"

    def _reckoned(self) -> Cost:
        y = self(*self.leaves)
        dy = torch.zeros_like(y)
        back = lambda: torch.autograd.grad(y, self.leaves, dy, retain_graph=True)  # noqa: E731
        backs, _ = timed(lambda: [back() for _ in range(N_STEPS)])
        with torch.no_grad():
            moves, _ = timed(lambda: [self(*self.leaves) for _ in range(2 * N_STEPS)])
        n_moves, n_backs = sum(each.numel() for each in self.leaves) / N_STEPS, 2 * y.numel() / N_STEPS
        return Cost(
            n_moves * moves.processor + n_backs * backs.processor, n_moves * moves.wall + n_backs * backs.wall, "~"
        )


def check(module: torch.nn.Module, x: torch.Tensor) -> Any:
    return check_torch(module, [x], raises=False)


def in_turn(rounds: int, *works: Callable[[], Any]) -> list[tuple[Cost, Any]]:
    """Return of each work the medians of its costs, after one round that does not count, and what came out last."""
    found = [[timed(work) for work in works] for _ in range(rounds + 1)]
    return [(middle([cost for cost, _ in column]), column[-1][1]) for column in zip(*found[1:], strict=True)]


def middle(costs: list[Cost]) -> Cost:
    return Cost(median(each.processor for each in costs), median(each.wall for each in costs))


def times(theirs: Cost, ours: Cost) -> str:
    return f"{theirs.mark}{theirs.processor / ours.processor:.3g}"


def row_of_right(example: Example, rounds: int, longest: float) -> tuple[str, ...]:
    module, x = example.built()
    rival = Rival(module, x)
    (ours, report), (fast, fast_says) = in_turn(rounds, lambda: check(module, x), rival.fast)
    slow, slow_says = rival.slow(longest)
    n_parameters = f"{sum(each.numel() for each in module.parameters()):,}"
    least = f"{max(each.least for each in report.arrays):.0e}"
    theirs = fast_says, str(fast), times(fast, ours), slow_says, str(slow), times(slow, ours)
    return example.name, n_parameters, str(report.verdict), str(ours), *theirs, least


def row_of_wrong(example: Example, mistake: str, rounds: int, longest: float) -> tuple[str, ...]:
    module, x = example.built(mistake)
    ((ours, report),) = in_turn(rounds, lambda: check(module, x))
    slow, says = Rival(module, x).slow(longest)
    found = ", ".join(f"{each.layer}: {each.kind}" for each in report.findings)
    return example.name, mistake, example.where, found, str(ours), says, str(slow), times(slow, ours)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--longest", type=float, default=60.0, help="seconds that a slow gradcheck may take")
    parser.add_argument("--only", default="", help="modules whose names contain this")
    chosen = parser.parse_args()
    examples = [each for each in EXAMPLES if chosen.only in each.name]
    rights = [row_of_right(each, chosen.rounds, chosen.longest) for each in examples]
    slow = "slow mode", "its seconds", "times ours"
    head = "module", "parameters", "inkgrad", "seconds", "fast mode", "its seconds", "times ours", *slow, "seen from"
    print(f"## Right\n\n{markdown(head, rights)}", flush=True)
    wrongs = [row_of_wrong(each, name, chosen.rounds, chosen.longest) for each in examples for name in MISTAKES]
    head = "module", "mistake", "where", "inkgrad finds", "seconds", *slow
    print(f"\n## One Function inside wrong\n\n{markdown(head, wrongs)}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    main()
