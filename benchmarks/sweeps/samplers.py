"""Measure how soon TPE finds good settings of the recipe `mlp`, beside random search, and write the page RESULTS.md.

Both draw the learning rate, the momentum and the batch size, on the first training digits of MNIST, of which half are
held out to compare trials on, for a few epochs: short trainings, so that there can be many. Each sweep is run with
several seeds; one that was begun in --folder goes on. All of them take some minutes of one core.
"""

import argparse
import platform
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from textwrap import fill

from optuna.distributions import CategoricalDistribution, FloatDistribution

from inkgrad.data import mnist, write_idx
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.sessions import SweepPaths
from inkgrad.sweeps import Plan, Sweep

sys.path.append(str(Path(__file__).parents[1]))  # where tables.py is
from tables import markdown

SPACE = {
    "lr": FloatDistribution(1e-5, 0.1, log=True),
    "momentum": FloatDistribution(0.5, 0.99),
    "batch_size": CategoricalDistribution((32, 64, 128, 256)),
}
HOWS = ("random", "tpe")
N_TEST = 100  # which no trial looks at
LOOKS = (5, 10, 15, 20, 25, 30)
RANDOM_AT_FIRST = 10  # trials of TPE


def main() -> None:
    """Run the sweeps, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="sweeps of each kind")
    parser.add_argument("--trials", type=int, default=30, help="of each sweep")
    parser.add_argument("--epochs", type=int, default=3, help="of each trial")
    parser.add_argument("--examples", type=int, default=4_000, help="training digits, half of them held out")
    parser.add_argument("--folder", type=Path, help="where the sweeps are kept; a temporary one by default")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="the page")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        write_digits(folder / "digits", given.examples)
        found = {how: [sweep(folder, how, seed, given) for seed in range(given.seeds)] for how in HOWS}
    given.out.write_text(page(found, given))


def write_digits(folder: Path, n_train: int) -> None:
    """Write the first of MNIST's digits, as inkgrad reads data."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, examples, n in ("train", mnist().train, n_train), ("test", mnist().test, N_TEST):
        write_idx(folder / IMAGES[part], examples.x[:n].reshape(n, 28, 28))
        write_idx(folder / LABELS[part], examples.t[:n])


def sweep(folder: Path, how: str, seed: int, given: argparse.Namespace) -> list[float]:
    """Return the validation accuracies of a sweep's trials, in their order; 0 for one that diverged."""
    paths = SweepPaths(folder / f"{how}-{seed}.safetensors")
    fixed = {"model": "mlp", "epochs": given.epochs}
    plan = Plan(fixed, SPACE, how, given.trials, seed=seed, validation_fraction=0.5)
    with paths.take() as lock:
        found = Sweep(paths, plan, folder / "digits", lock, resume=paths.journal.exists())
        found.run()
    print(f"{how}, seed {seed}: {found.results()[0]}", file=sys.stderr)
    results = sorted(found.results(), key=lambda each: each.number)
    return [each.accuracy or 0.0 if each.status == "done" else 0.0 for each in results]


def page(found: dict[str, list[list[float]]], given: argparse.Namespace) -> str:
    """Return what was found, in words as far as a program can say it, and in a table."""
    rows = []
    for n in [n for n in LOOKS if n < given.trials] + [given.trials]:
        best = {how: [max(accuracies[:n]) for accuracies in found[how]] for how in HOWS}
        pairs = list(zip(best["tpe"], best["random"], strict=True))
        ahead, behind = sum(a > b for a, b in pairs), sum(a < b for a, b in pairs)
        rows.append([str(n), *(shown(best[how]) for how in HOWS), str(ahead), str(behind)])
    options = f"--seeds {given.seeds} --trials {given.trials} --epochs {given.epochs} --examples {given.examples}"
    versions = f"Python {platform.python_version()}, Optuna {version('optuna')}, NumPy {version('numpy')}"
    n_held = given.examples // 2
    paragraphs = [
        f"Measured on {date.today()} on one core of {platform.machine()}, {versions}.",
        f"`python benchmarks/sweeps/samplers.py {options}`",
        "Sweeps of the recipe `mlp` draw the learning rate from 0.00001 to 0.1, on a logarithmic scale, the momentum "
        "from 0.5 to 0.99, and the batch size from 32, 64, 128 and 256. "
        f"A trial takes {given.epochs} of the recipe's 40 epochs, "
        f"on {given.examples - n_held:,} of MNIST's training digits, and is judged on {n_held:,} others. "
        "So this says how soon a sampler finds what is good there, not how good the recipe is, and no accuracy here "
        "is one of test digits. Differences of a few tenths of a percent are chance with so few digits.",
        f"The best validation accuracy of so many trials: the median of {given.seeds} seeds, the range, and with how "
        "many of the seeds TPE was ahead, and behind.",
        markdown(["trials", "random", "TPE", "ahead", "behind"], rows),
        f"With the same seed TPE's first {RANDOM_AT_FIRST} trials are those of random search.",
    ]
    if given.trials > RANDOM_AT_FIRST:
        late = {how: shown([median(each[RANDOM_AT_FIRST:]) for each in found[how]]) for how in HOWS}
        paragraphs[-1] += (
            f" The median trial of the others: {late['random']} with random search, {late['tpe']} with TPE."
        )
    filled = [each if each[0] in "|`" else fill(each, 120) for each in paragraphs]
    return "\n\n".join(["# TPE beside random search", *filled]) + "\n"


def shown(accuracies: Sequence[float]) -> str:
    """Return a median with its range."""
    return f"{median(accuracies):.2%} ({min(accuracies):.2%} to {max(accuracies):.2%})"


if __name__ == "__main__":
    main()
