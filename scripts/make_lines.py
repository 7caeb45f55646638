"""Train the model that reads lines of writing, on made-up lines, and calibrate it: an hour and a half.

python -m scripts.make_lines lines.safetensors
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from importlib.metadata import version
from math import isfinite, nan
from pathlib import Path

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.costs import CTC
from inkgrad.costs.line_targets import said_in
from inkgrad.data import Examples, mnist
from inkgrad.decoding import align, beam_search
from inkgrad.errors import InkgradError
from inkgrad.fast import Fast
from inkgrad.files import refuse_unwritable
from inkgrad.metrics import reliability
from inkgrad.models import MODELS, Card, Model, Recipe, calibrated_on_lines, load
from inkgrad.training import Objective, Run, TrainingLoop, evaluate_lines, read_checkpoint, save_checkpoint
from lab.synthetic.lines import LABELS, LineMaker, LineSource, made_batches

N_TRAINING, N_VALIDATION = 50_000, 10_000  # digits of MNIST's training set; no line to train on has the latter
VALIDATION_SEED, TEST_SEED = 1, 2  # of the lines that a model is calibrated on, and of those that it is tested on
CHECKPOINT_SECONDS = 60.0
BEAM_WIDTH = 8  # of the search that tells how probable a line is
Batch = tuple[NDArray, NDArray]
COUNTS = "epochs", "lines", "n_validation", "threads", "workers", "uses"  # options that are 1 or more


def main(argv: Sequence[str] | None = None) -> None:
    """Train, say how it goes, and save."""
    given = options(argv)
    recipe, digits = MODELS["lines"], mnist().train
    held_back = LineMaker(Examples(digits.x[-N_VALIDATION:], digits.t[-N_VALIDATION:]))
    validation, test = (
        made_batches(held_back, given.n_validation, recipe.batch_size, np.random.default_rng(seed))
        for seed in (VALIDATION_SEED, TEST_SEED)
    )
    if given.calibrate_only:
        model = load(given.out)
    else:
        model = trained(recipe, Examples(digits.x[:-N_VALIDATION], digits.t[:-N_VALIDATION]), validation, given)
    model = replace(model, engine=Fast(given.threads))
    after = calibrated_on_lines(model, validation)
    for each, when in ((model, "before"), (after, "after")):
        of_characters, of_lines = calibration_errors(each, test)
        say(f"calibration error {when}: {of_characters:.2%} of characters, {of_lines:.2%} of lines")
    found = after.evaluate_lines(test)
    say(f"other held-back lines: right {found.accuracy:.4f}, characters {found.character_accuracy:.4f}")
    tested = replace(after.card, n_test=len(found.predicted), n_right=found.n_right)
    replace(after, card=tested).save(given.out)


def trained(recipe: Recipe, digits: Examples, validation: list[Batch], given: argparse.Namespace) -> Model:
    """Train to the end, saving as it goes, and return the model."""
    source = LineSource(LineMaker(digits), given.lines, given.workers, given.uses)
    checkpoint = checkpoint_of(given.out)
    run, seconds = begun(recipe, source, given, checkpoint)
    run.engine = Fast(given.threads)

    def measure(loop: TrainingLoop) -> dict[str, float]:
        found = evaluate_lines(run.objective, run.answer, validation, engine=run.engine)
        return {"cost": loop.mean_cost, "validation cost": found.cost, "lines right": found.accuracy,
                "characters right": found.character_accuracy}  # fmt: skip

    loop = TrainingLoop(run, source, measure, seconds=seconds, checkpoint_seconds=CHECKPOINT_SECONDS)
    try:
        for row in loop.steps(given.epochs):
            if row:
                model_of(run, recipe, given, loop.seconds).save(given.out)
                report(row, loop, given)
            if loop.is_checkpoint_due():
                save_checkpoint(checkpoint, run, {"seconds": loop.seconds})
                loop.note_checkpoint()
    finally:
        source.close()
    return model_of(run, recipe, given, loop.seconds)


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="where to write the model, after each epoch; with .checkpoint, to go on from")
    parser.add_argument("--epochs", type=int, default=MODELS["lines"].epochs)
    parser.add_argument("--lines", type=int, default=10_240, help="to train on in each epoch")
    parser.add_argument("--n-validation", type=int, default=1024, help="lines of digits that were held back")
    parser.add_argument("--lr", type=float, default=MODELS["lines"].lr)
    parser.add_argument("--begin-with", help="the weights of another model, such as one that knows most of it")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1, help="that train")
    parser.add_argument("--workers", type=int, default=1, help="processes that make lines")
    parser.add_argument("--uses", type=int, default=3, help="of each line, as making one takes longer than steps on it")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint; at its end, calibrate again")
    parser.add_argument("--calibrate-only", action="store_true", help="calibrate the model that is there, untrained")
    given = parser.parse_args(argv)
    if bad := [name for name in COUNTS if getattr(given, name) < 1]:
        parser.error(f"--{bad[0].replace('_', '-')} is 1 or more, got {getattr(given, bad[0])}")
    try:
        refuse_unwritable(Path(given.out))  # before the first epoch, not after it
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    if given.resume and not checkpoint_of(given.out).exists():
        parser.error(f"{checkpoint_of(given.out)}: there is no checkpoint to go on from: leave --resume out")
    if given.begin_with:
        refuse_beginning(given, parser)
    if given.calibrate_only and not Path(given.out).exists():
        parser.error(f"{given.out}: there is no model to calibrate: leave --calibrate-only out")
    return given


def refuse_beginning(given: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Refuse to begin with what is no model of such lines, and with a model where a checkpoint is gone on from."""
    if given.resume:
        parser.error("--resume goes on from the checkpoint: leave --begin-with out")
    try:
        first = load(given.begin_with)
    except (OSError, InkgradError) as error:
        parser.error(f"--begin-with: {error}")
    if first.labels != LABELS or first.card.recipe != "lines":
        parser.error(f"--begin-with takes a model of the recipe lines, got {given.begin_with}: {first.card.recipe}")


def checkpoint_of(out: str) -> Path:
    """Return where the checkpoint of a training is."""
    return Path(f"{out}.checkpoint")


def begun(recipe: Recipe, source: LineSource, given: argparse.Namespace, checkpoint: Path) -> tuple[Run, float]:
    """Return a new training, or the one in the checkpoint where it is to go on, and the seconds that it took so far.

    They are NaN where the checkpoint does not say.
    """
    objective = Objective(recipe.network(len(LABELS)), recipe.cost)
    n_steps = given.epochs * -(-len(source) // recipe.batch_size)
    optimizer = recipe.optimizer_for(given.lr, recipe.momentum, n_steps)
    if given.resume:
        saved = read_checkpoint(checkpoint)
        return saved.run(objective, optimizer), float(saved.notes.get("seconds", "nan"))
    theta = load(given.begin_with).theta if given.begin_with else None
    return Run(objective, optimizer, recipe.batch_size, given.seed, theta=theta), 0.0


def model_of(run: Run, recipe: Recipe, given: argparse.Namespace, seconds: float) -> Model:
    """Return the model as it stands, with what made it in so many seconds."""
    card = Card(
        data=f"lines made of {N_TRAINING:,} digits of MNIST, of digits drawn from strokes, and of print",
        recipe="lines",
        optimizer=str(run.optimizer),
        epochs=run.epoch,
        batch_size=run.batch_size,
        seed=run.seed,
        made_by=f"inkgrad {version('inkgrad')}",
        notes=f"python -m scripts.make_lines {Path(given.out).name} --epochs {given.epochs} --lines {given.lines} "
        f"--lr {given.lr} --seed {given.seed} --uses {given.uses}"
        + begun_with(given.begin_with)
        + f"\ntested on lines of the {N_VALIDATION:,} digits of MNIST's training set that were left"
        + f"; trained in {seconds:.0f} seconds" * isfinite(seconds),
    )
    return Model(run.objective.network, run.objective.cost, run.answer, LABELS, recipe.input_shape, card=card)


def begun_with(path: str | None) -> str:
    """Return the option that begins with the model of a file, and the command that made that; nothing without one."""
    if path is None:
        return ""
    command, _, _ = load(path).card.notes.partition("\n")
    return f" --begin-with {Path(path).name}, made by {command}"


def calibration_errors(model: Model, batches: list[Batch]) -> tuple[float, float]:
    """Return the expected calibration error of characters and of lines, each in [0, 1].

    That of characters is NaN where none is read.

    A line is as probable as the sum over its paths says, a character as the most probable of its frames in the best
    of them.  A character is right where it stands in a longest common part of what is said and what is read.
    """
    assert isinstance(model.cost, CTC)
    characters: list[tuple[float, bool]] = []
    lines: list[tuple[float, bool]] = []
    for x, t in batches:
        n_frames, labellings, lengths = said_in(t)
        for q, n, wanted, length in zip(model.probabilities(x), n_frames, labellings.tolist(), lengths, strict=True):
            log_q = np.log(np.maximum(q[:n], np.finfo(np.float32).tiny))
            best = beam_search(log_q, model.cost.blank, BEAM_WIDTH)[0]
            frames = align(log_q, best.labelling, model.cost.blank).frames
            said, right = wanted[:length], np.zeros(len(best.labelling), bool)
            for block in SequenceMatcher(None, best.labelling, said, autojunk=False).get_matching_blocks():
                right[block.a : block.a + block.size] = True
            p = [float(q[start:stop, k].max()) for k, (start, stop) in zip(best.labelling, frames, strict=True)]
            characters += zip(p, right.tolist(), strict=True)
            lines.append((float(np.exp(best.log_p)), list(best.labelling) == said))
    of_characters, of_lines = (reliability(*np.transpose(each)).error if each else nan for each in (characters, lines))
    return of_characters, of_lines


def report(row: dict[str, float], loop: TrainingLoop, given: argparse.Namespace) -> None:
    """Say on standard error how it goes."""
    n = loop.steps_done * loop.run.batch_size
    say(
        f"epoch {loop.run.epoch} of {given.epochs}: cost {row['cost']:.3f}, held-back lines: cost "
        f"{row['validation cost']:.3f}, right {row['lines right']:.4f}, characters {row['characters right']:.4f}; "
        f"{row['seconds']:.0f} s, {n / row['seconds']:.0f} lines a second"
    )


def say(words: str) -> None:
    """Say it on standard error, now."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
