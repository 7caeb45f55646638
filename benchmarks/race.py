"""A race: each competitor in a warm process of its own, one sample each in turn.

A competitor is a file in competitors/ with its arguments, "torch_cnn 32 64 --channels-last"; compete.py
says what it does.  In turn, because a change of the machine's pace then meets all of them alike.  Samples
while other processes were at work are dropped, and taken anew up to as many times again.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import mean, median
from typing import Any

from quiet import Sample
from tables import threads_text

COMPETITORS = Path(__file__).parent / "competitors"
COMMAND = Path(__file__).parent / "inkgrad_command.py"
SHORTEST = 0.2  # seconds of a sample; quick work is repeated so often
PAUSE = 0.02  # seconds before each, so that the idle threads of the one before have stopped spinning
FEWEST = 3  # calm samples, or the fastest half of all is taken


def environment(n_threads: int) -> dict[str, str]:
    """Return the environment in which every library in the race has `n_threads` threads."""
    names = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"  # the last is XLA's
    return os.environ | dict.fromkeys(names, str(n_threads)) | {"PYTHONPATH": str(Path(__file__).parent)}


def _stay_on_one_core() -> None:
    """Let this process have one core alone: XLA minds no setting."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@dataclass
class Result:
    """The samples of one competitor, or why there are none."""

    first: float = float("nan")
    answer: float = float("nan")
    samples: list[Sample] = field(default_factory=list)
    failure: str = ""

    @property
    def calm(self) -> list[float]:
        return [sample.seconds for sample in self.samples if sample.is_calm]

    @property
    def is_calm(self) -> bool:
        return len(self.calm) >= min(FEWEST, len(self.samples))

    @property
    def kept(self) -> list[float]:
        """The seconds that count: of calm samples, or of the fastest half where those are too few."""
        if self.is_calm:
            return self.calm
        fastest = sorted(sample.seconds for sample in self.samples)
        return fastest[: ceil(len(fastest) / 2)]

    @property
    def median(self) -> float:
        return median(self.kept) if self.samples else float("nan")

    @property
    def cores(self) -> float:
        return mean(sample.cores for sample in self.samples)

    @property
    def count(self) -> str:
        """How many samples count, and why not all."""
        n = len(self.samples)
        if self.is_calm:
            return f"{n}" if len(self.kept) == n else f"{len(self.kept)} of {n}"
        return f"fastest {len(self.kept)} of {n}, {len(self.calm)} calm"


class Competitor:
    """A competitor's process, ready when this is made."""

    def __init__(self, command: str, n_threads: int) -> None:
        name, *arguments = command.split()
        self.result, self.repeats, self.errors = Result(), 1, tempfile.TemporaryFile("w+")  # noqa: SIM115  closed in end()
        self.process = subprocess.Popen(
            [sys.executable, COMPETITORS / f"{name}.py", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=environment(n_threads),
            preexec_fn=_stay_on_one_core if n_threads == 1 else None,
        )
        ready = self._answer()
        if ready:
            self.result.first, self.result.answer = ready["first"], ready["answer"]

    @property
    def runs(self) -> bool:
        return not self.result.failure

    def sample(self) -> Sample | None:
        """Return the next sample; None where the process has ended."""
        time.sleep(PAUSE)
        self.process.stdin.write(f"{self.repeats}\n")
        self.process.stdin.flush()
        found = self._answer()
        return found and Sample(*found)

    def warm_up(self) -> None:
        for _ in range(2):
            found = self.sample() if self.runs else None
            if found:
                self.repeats = max(1, ceil(SHORTEST / found.seconds))

    def _answer(self) -> Any:
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self.errors.seek(0)
        self.result.failure = _reason(self.errors.read())
        return None

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.errors.close()


def _reason(errors: str) -> str:
    """Return the line of a traceback that says what is wrong."""
    lines = [line for line in errors.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Compiler)\b.*: ", line)]
    return (named or lines or ["it ended without a word"])[-1][:200]


def race(commands: Mapping[str, str], rounds: int, n_threads: int = 1) -> dict[str, Result]:
    """Return what became of each command, by the names given to them."""
    running: dict[str, Competitor] = {}
    for name, command in commands.items():
        say(f"{threads_text(n_threads)}, starting {name}: {command}")
        running[name] = Competitor(command, n_threads)
    for competitor in running.values():
        competitor.warm_up()
    for round_ in range(2 * rounds):
        in_want = [each for each in running.values() if each.runs and len(each.result.calm) < rounds]
        if round_ >= rounds and not in_want:
            break
        again = "" if round_ < rounds else ", once more for what was disturbed"
        say(f"{threads_text(n_threads)}, round {round_ % rounds + 1} of {rounds}{again}")
        for competitor in running.values() if round_ < rounds else in_want:
            found = competitor.sample() if competitor.runs else None
            if found:
                competitor.result.samples.append(found)
    for competitor in running.values():
        competitor.end()
    say("")
    return {name: competitor.result for name, competitor in running.items()}


def say(text: str) -> None:
    """Show progress, in one line that is written over."""
    end = "\r" if sys.stderr.isatty() else "\n"
    if text or end == "\r":
        print(f"\033[K  {text}" if end == "\r" else f"  {text}", end=end, file=sys.stderr, flush=True)
