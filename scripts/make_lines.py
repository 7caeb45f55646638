"""Train the model that reads lines of writing, on made-up lines: an hour and a half.

python -m scripts.make_lines lines.safetensors
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inkgrad.data import Examples, mnist
from inkgrad.fast import Fast
from inkgrad.files import refuse_unwritable
from inkgrad.models import MODELS, Model, Recipe
from inkgrad.training import Objective, Run, TrainingLoop, evaluate_lines, read_checkpoint, save_checkpoint
from lab.synthetic.lines import LABELS, LineMaker, LineSource, made_batches

N_VALIDATION = 10_000  # digits of MNIST's training set that no line to train on has
VALIDATION_SEED = 1
CHECKPOINT_SECONDS = 60.0
COUNTS = "epochs", "lines", "n_validation", "threads", "workers", "uses"  # options that are 1 or more


def main(argv: Sequence[str] | None = None) -> None:
    """Train, say how it goes, and save."""
    given = options(argv)
    recipe, digits = MODELS["lines"], mnist().train
    training, held_back = (
        LineMaker(Examples(digits.x[part], digits.t[part]))
        for part in (slice(None, -N_VALIDATION), slice(-N_VALIDATION, None))
    )
    n = given.n_validation
    validation = made_batches(held_back, n, recipe.batch_size, np.random.default_rng(VALIDATION_SEED))
    source = LineSource(training, given.lines, given.workers, given.uses)
    checkpoint = checkpoint_of(given.out)
    run = begun(recipe, source, given, checkpoint)
    run.engine = Fast(given.threads)

    def measure(loop: TrainingLoop) -> dict[str, float]:
        found = evaluate_lines(run.objective, run.answer, validation, engine=run.engine)
        return {"cost": loop.mean_cost, "validation cost": found.cost, "lines right": found.accuracy,
                "characters right": found.character_accuracy}  # fmt: skip

    loop = TrainingLoop(run, source, measure, checkpoint_seconds=CHECKPOINT_SECONDS)
    try:
        for row in loop.steps(given.epochs):
            if row:
                save(run, recipe, given.out)
                report(row, loop, given)
            if loop.is_checkpoint_due():
                save_checkpoint(checkpoint, run, {})
                loop.note_checkpoint()
    finally:
        source.close()


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="where to write the model, after each epoch; with .checkpoint, to go on from")
    parser.add_argument("--epochs", type=int, default=MODELS["lines"].epochs)
    parser.add_argument("--lines", type=int, default=10_240, help="to train on in each epoch")
    parser.add_argument("--n-validation", type=int, default=1024, help="lines of digits that were held back")
    parser.add_argument("--lr", type=float, default=MODELS["lines"].lr)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="that train")
    parser.add_argument("--workers", type=int, default=1, help="processes that make lines")
    parser.add_argument("--uses", type=int, default=3, help="of each line, as making one takes longer than steps on it")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    given = parser.parse_args(argv)
    if bad := [name for name in COUNTS if getattr(given, name) < 1]:
        parser.error(f"--{bad[0].replace('_', '-')} is 1 or more, got {getattr(given, bad[0])}")
    try:
        refuse_unwritable(Path(given.out))  # before the first epoch, not after it
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    if given.resume and not checkpoint_of(given.out).exists():
        parser.error(f"{checkpoint_of(given.out)}: there is no checkpoint to go on from: leave --resume out")
    return given


def checkpoint_of(out: str) -> Path:
    """Return where the checkpoint of a training is."""
    return Path(f"{out}.checkpoint")


def begun(recipe: Recipe, source: LineSource, given: argparse.Namespace, checkpoint: Path) -> Run:
    """Return a new training, or the one in the checkpoint where it is to go on."""
    objective = Objective(recipe.network(len(LABELS)), recipe.cost)
    n_steps = given.epochs * -(-len(source) // recipe.batch_size)
    optimizer = recipe.optimizer_for(given.lr, recipe.momentum, n_steps)
    if given.resume:
        return read_checkpoint(checkpoint).run(objective, optimizer)
    return Run(objective, optimizer, recipe.batch_size, given.seed)


def save(run: Run, recipe: Recipe, out: str) -> None:
    """Write the model as it stands."""
    Model(run.objective.network, run.objective.cost, run.answer, LABELS, recipe.input_shape).save(out)


def report(row: dict[str, float], loop: TrainingLoop, given: argparse.Namespace) -> None:
    """Say on standard error how it goes."""
    n = loop.steps_done * loop.run.batch_size
    print(
        f"epoch {loop.run.epoch} of {given.epochs}: cost {row['cost']:.3f}, held-back lines: cost "
        f"{row['validation cost']:.3f}, right {row['lines right']:.4f}, characters {row['characters right']:.4f}; "
        f"{row['seconds']:.0f} s, {n / row['seconds']:.0f} lines a second",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    main()
