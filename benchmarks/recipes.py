"""Test accuracy and seconds of `inkgrad train`, for several seeds, and the same recipe in PyTorch.

python benchmarks/recipes.py cnn --seeds 0 1 2 --pytorch 0
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median, stdev
from typing import NamedTuple

from quiet import Sample, measured
from race import COMMAND, COMPETITORS, environment, say

from inkgrad.models import MODELS

SEEDS = {"cnn": range(5), "seed": range(10)}  # of the whole report
PYTORCH_SEEDS = {"cnn": range(1)}  # a minute each


class Outcome(NamedTuple):
    """Seconds of the training, accuracy on the test digits, and how it went for the whole process."""

    seconds: float
    accuracy: float
    whole: Sample


def train(name: str, seed: int, epochs: int) -> Outcome:
    """Return what `inkgrad train` came to, by its own log."""
    say(f"inkgrad train --model {name} --seed {seed} --epochs {epochs}")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, COMMAND, "train", "--model", name, "--seed", str(seed)]
        command += ["--epochs", str(epochs)]
        whole = measured(lambda: subprocess.run(command, cwd=folder, capture_output=True, check=True))
        (log,) = Path(folder).glob("*.log.jsonl")
        last = json.loads(log.read_text().splitlines()[-1])
    return Outcome(last["seconds"], last["test_accuracy"], whole)


def train_in_pytorch(name: str, seed: int) -> Outcome | str:
    """Return what PyTorch came to, or why it did not."""
    say(f"the {name} recipe in PyTorch, seed {seed}")
    command = [sys.executable, COMPETITORS / "torch_recipe.py", name, "--seed", str(seed)]
    threads, found = environment(os.cpu_count() or 1), []
    whole = measured(lambda: found.append(subprocess.run(command, env=threads, capture_output=True, text=True)))
    if found[0].returncode:
        return found[0].stderr.strip().splitlines()[-1]
    return Outcome(**json.loads(found[0].stdout), whole=whole)


def described(name: str, seeds: list[int], pytorch_seeds: list[int], epochs: int | None = None) -> str:
    """Return a section on one recipe."""
    epochs = epochs or MODELS[name].epochs
    outcomes = [train(name, seed, epochs) for seed in seeds]
    parts = [
        f"## `inkgrad train --model {name} --epochs {epochs}`, seeds {', '.join(map(str, seeds))}",
        f"{MODELS[name].about}; the recipe has {MODELS[name].epochs} epochs.",
        f"inkgrad: {_summary(outcomes)}, an evaluation after each epoch included; the whole command "
        f"{median(outcome.whole.seconds for outcome in outcomes):.1f} s.",
    ]
    if pytorch_seeds:
        theirs = [train_in_pytorch(name, seed) for seed in pytorch_seeds]
        failures = [each for each in theirs if isinstance(each, str)]
        parts.append(
            f"PyTorch eager, the same recipe, the training alone: {failures[0] if failures else _summary(theirs)}."
        )
        if not failures:
            ratio = median(each.seconds for each in theirs) / median(each.seconds for each in outcomes)
            calm = all(outcome.whole.is_calm for outcome in [*outcomes, *theirs])
            parts.append(f"It takes {ratio:.1f} times as long." if calm else f"Disturbed; (times ours: {ratio:.1f}).")
    return "\n\n".join(parts)


def _summary(outcomes: list[Outcome]) -> str:
    accuracies = [100 * outcome.accuracy for outcome in outcomes]
    listed = ", ".join(f"{accuracy:.2f}" for accuracy in accuracies)
    spread = f" ± {stdev(accuracies):.2f}, lowest {min(accuracies):.2f}" if len(accuracies) > 1 else ""
    mean_ = f"; mean {mean(accuracies):.2f}{spread}" if len(accuracies) > 1 else ""
    return f"test accuracy {listed} %{mean_}; {median(outcome.seconds for outcome in outcomes):.1f} s (median)"


def report(rounds: int) -> str:
    """Return a section on each recipe that trains in seconds; few rounds mean few seeds."""
    sections = [
        described(name, list(seeds)[: 2 * rounds], list(PYTORCH_SEEDS.get(name, []))[:rounds])
        for name, seeds in SEEDS.items()
    ]
    return "\n\n".join([*sections, described("cnn", list(SEEDS["cnn"])[: 2 * rounds], [], epochs=1)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=MODELS, metavar="NAME", help=f"any of {', '.join(MODELS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--pytorch", type=int, nargs="*", default=[], metavar="SEED", help="seeds for PyTorch too")
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    arguments = parser.parse_args()
    for name in arguments.names:
        print(described(name, arguments.seeds, arguments.pytorch, arguments.epochs), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
