"""What check_torch says of PyTorch's own differentiable operations, at the inputs of PyTorch's own tests.

PyTorch ships inputs for the tests of its operations, 540 of which are differentiable; all of these are right but
for what PyTorch's own tests leave out too.  With --broken the gradient of one input, chosen at random, comes back
1.001 times too large, which must be found.  Each line that is not as it should be says why, and what PyTorch's
gradcheck says of the same; the table at the end counts.  Run it as

    python benchmarks/check/op_db.py
    python benchmarks/check/op_db.py --dtype float32 --broken
    python benchmarks/check/op_db.py --only cumsum

which takes a minute or two each.  Needs the package expecttest, as benchmarks/requirements.txt has it.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from tables import markdown, time_text
from torch.testing._internal.common_methods_invocations import op_db

from inkgrad.check import Report, check_torch
from inkgrad.errors import CheckError

WORDS = "right", "approximate", "cannot tell", "wrong", "refused", "broken off"
N_SLOWEST = 8
LEAST_GRADIENT = 1e-6  # what is less is 0 but for rounding, and no error when it is multiplied


class OutOfTime(Exception):
    """A check took longer than it was given."""


class TooLarge(torch.autograd.Function):
    """The same, whose gradient is 1.001 times too large."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, dy):
        return 1.001 * dy


@dataclass(frozen=True)
class Outcome:
    """What came of one input of an operation: one of WORDS, and why."""

    name: str
    word: str
    why: str
    seconds: float
    torch_says: str = ""

    def __str__(self) -> str:
        says = f"  [gradcheck: {self.torch_says}]" if self.torch_says else ""
        return f"{self.word.upper():12} {self.name}  {time_text(self.seconds)}  {self.why}{says}"


@dataclass(frozen=True)
class Sample:
    """An operation at one of its inputs, as PyTorch's tests of gradients call it."""

    name: str
    operation: object
    given: object

    @property
    def inputs(self) -> tuple:
        return (self.given.input, *self.given.args)

    def __call__(self, *inputs, **kwargs):
        y = self.operation.gradcheck_wrapper(self.operation.get_op(), *inputs, **kwargs)
        return self.given.output_process_fn_grad(y)

    def leaves(self) -> list[torch.Tensor]:
        """Return the inputs that require gradients, in the order of the arguments."""
        found, waiting = [], [*self.inputs, *self.given.kwargs.values()]
        while waiting:
            each = waiting.pop(0)
            if torch.is_tensor(each):
                found += [each] if each.requires_grad else []
            elif isinstance(each, (list, tuple)):
                waiting[:0] = each
        return found


def samples(dtype: torch.dtype, only: str, count: int) -> Iterator[Sample]:
    """Yield `count` inputs of each differentiable operation that takes this type."""
    for operation in op_db:
        if not (operation.supports_autograd and dtype in operation.dtypes) or only not in operation.full_name:
            continue
        torch.manual_seed(0)
        given_first = islice(operation.sample_inputs("cpu", dtype, requires_grad=True), count)
        for k, given in enumerate(given_first):
            yield Sample(f"{operation.full_name}[{k}]", operation, given)


def broken(sample: Sample) -> Sample | None:
    """Return the sample with one gradient 1.001 times too large; None where all gradients are 0, or sparse."""
    y = sample(*sample.inputs, **sample.given.kwargs)
    outputs = [each for each in (y if isinstance(y, (list, tuple)) else [y]) if torch.is_tensor(each)]
    outputs = [each for each in outputs if each.requires_grad]
    leaves = sample.leaves()
    if not leaves or any(each.layout != torch.strided for each in [*outputs, *leaves]):
        return None
    found = torch.autograd.grad(outputs, leaves, [torch.randn_like(each) for each in outputs], allow_unused=True)
    sizes = [0.0 if each is None else float(each.abs().nan_to_num(nan=torch.inf).sum()) for each in found]
    chosen = [k for k, size in enumerate(sizes) if LEAST_GRADIENT < size < torch.inf]
    return _Broken(sample.name, sample.operation, sample.given, Random(sample.name).choice(chosen)) if chosen else None


@dataclass(frozen=True)
class _Broken(Sample):
    place: int = 0

    def __call__(self, *inputs, **kwargs):
        positions = iter(range(len(self.leaves())))
        own = {id(each) for each in self.leaves()}

        def changed(mine, theirs):
            if torch.is_tensor(mine):
                is_it = id(mine) in own and next(positions) == self.place
                return TooLarge.apply(theirs) if is_it else theirs
            if isinstance(mine, (list, tuple)):
                return type(mine)(changed(a, b) for a, b in zip(mine, theirs, strict=True))
            return theirs

        inputs = [changed(mine, theirs) for mine, theirs in zip(self.inputs, inputs, strict=True)]
        kwargs = {key: changed(self.given.kwargs[key], each) for key, each in kwargs.items()}
        return super().__call__(*inputs, **kwargs)


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    def stop(*_):
        raise OutOfTime

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome(sample: Sample, most_seconds: int) -> Outcome:
    start = time.process_time()
    try:
        with limited(most_seconds):
            report = check_torch(sample, sample.inputs, sample.given.kwargs, raises=False)
        word, why = str(report.verdict), reason(report)
    except CheckError as error:
        word, why = "refused", str(error)
    except OutOfTime:
        word, why = "broken off", f"after {most_seconds} s"
    except Exception as error:  # a fault of the checker, to be seen and counted
        word, why = "broken off", f"{type(error).__name__}: {error}"
    return Outcome(sample.name, word, why, time.process_time() - start)


def reason(report: Report) -> str:
    """Return why a report is not right, in a line."""
    if report.findings:
        return "; ".join(f"{each.kind}: {each}" for each in report.findings)
    return "" if report.verdict == "right" else report.summary


def by_torch(sample: Sample) -> str:
    """Return what PyTorch's own check says of the same, in a line."""
    try:
        names = list(sample.given.kwargs)

        def called(*inputs):
            count = len(inputs) - len(names)
            return sample(*inputs[:count], **dict(zip(names, inputs[count:], strict=True)))

        torch.autograd.gradcheck(called, (*sample.inputs, *sample.given.kwargs.values()), check_batched_grad=False)
    except Exception as error:  # whatever it raises is what it says
        return str(error).strip().splitlines()[0][:100]
    return "right"


def table(outcomes: list[Outcome]) -> str:
    counts = [str(sum(each.word == word for each in outcomes)) for word in WORDS]
    seconds = [each.seconds for each in outcomes]
    slowest = sorted(outcomes, key=lambda each: -each.seconds)[:N_SLOWEST]
    head = "inputs", *WORDS, "processor seconds, median", "worst", "all"
    row = str(len(outcomes)), *counts, time_text(median(seconds)), time_text(max(seconds)), f"{sum(seconds):.0f} s"
    names = ", ".join(f"{each.name} {time_text(each.seconds)}" for each in slowest)
    return f"{markdown(head, [row])}\n\nSlowest: {names}."


def main() -> None:
    asked = arguments()
    outcomes, n_flat = [], 0
    chosen = list(samples(getattr(torch, asked.dtype), asked.only, asked.samples))
    first, step = map(int, asked.part.split("/"))
    for sample in chosen[first::step][: asked.limit]:
        checked = broken(sample) if asked.broken else sample
        if checked is None:
            n_flat += 1
            continue
        found = outcome(checked, asked.seconds)
        outcomes.append(found)
        if found.word != ("wrong" if asked.broken else "right"):
            says = "" if asked.broken or not asked.beside else by_torch(sample)
            print(Outcome(found.name, found.word, found.why, found.seconds, says), flush=True)
        elif found.seconds > asked.slow or asked.all:
            print(found, flush=True)
    print(f"\n{asked.dtype}{', one gradient 1.001 times too large' * asked.broken}\n\n{table(outcomes)}")
    if n_flat:
        print(f"\nLeft out as all gradients are 0 there, or sparse: {n_flat} inputs.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check PyTorch's own operations.")
    parser.add_argument("--only", default="", help="a part of the names of operations")
    parser.add_argument("--limit", type=int, help="so many inputs at most")
    parser.add_argument("--samples", type=int, default=2, help="inputs of each operation")
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("--broken", action="store_true", help="with one gradient 1.001 times too large")
    parser.add_argument("--beside", action="store_true", help="ask gradcheck about what is not right")
    parser.add_argument("--part", default="0/1", help="only every n-th input from the k-th on: k/n")
    parser.add_argument("--seconds", type=int, default=300, help="the most that one check may take")
    parser.add_argument("--slow", type=float, default=3.0, help="say which take longer than so many seconds")
    parser.add_argument("--all", action="store_true", help="say what comes of each")
    return parser.parse_args()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed = torch.default_generator.manual_seed  # which some samples call each time: 100 times as fast
    main()
