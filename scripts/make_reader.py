"""Train the model that reads real pictures, and calibrate it: twenty minutes.

python -m scripts.make_reader src/inkgrad/models/trained/reader.safetensors
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from inkgrad.data import Dataset
from inkgrad.fast import Fast, available_threads
from inkgrad.models import MODELS, Card, Model, calibrated
from inkgrad.training import Objective, Run
from lab.synthetic.practice import practice


def main() -> None:
    """Make the data, train, calibrate and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", help="where to write the model")
    parser.add_argument("--n", type=int, default=250_000, help="pictures of practice, besides 50,000 digits of MNIST")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=available_threads())
    given = parser.parse_args()
    start, recipe = time.perf_counter(), MODELS["reader"]
    data = practice(given.n, given.seed)
    print(f"{len(data.train)} examples made, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    objective = Objective(recipe.network(len(data.labels)), recipe.cost)
    n_steps = recipe.epochs * -(-len(data.train) // recipe.batch_size)
    optimizer = recipe.optimizer_for(recipe.lr, recipe.momentum, n_steps)
    run = Run(objective, optimizer, recipe.batch_size, given.seed, augmentation=recipe.augmentation)
    run.engine = Fast(given.threads)
    while run.epoch < recipe.epochs:
        for _ in run.steps(data.train):
            pass
        model = Model(objective.network, objective.cost, run.answer, data.labels, recipe.input_shape)
        right = model.evaluate(data.test).accuracy
        print(
            f"epoch {run.epoch} of {recipe.epochs}: validation accuracy {right:.4f}, "
            f"{time.perf_counter() - start:.0f} s",
            file=sys.stderr,
        )
    replace(calibrated(model, data.test), card=card_of(model, run, data, given)).save(given.out)


def card_of(model: Model, run: Run, data: Dataset, given: argparse.Namespace) -> Card:
    """Return what made a model."""
    return Card(
        data=f"{len(data.train) - given.n:,} digits of MNIST, and {given.n:,} of MNIST, strokes and print, or none, as "
        "pictures show them",
        n_train=len(data.train),
        n_test=len(data.test),
        n_right=model.evaluate(data.test).n_right,
        recipe="reader",
        optimizer=str(run.optimizer),
        augmentation=str(run.augmentation),
        epochs=run.epoch,
        batch_size=run.batch_size,
        seed=run.seed,
        made_by=f"inkgrad {version('inkgrad')}",
        notes=f"python -m scripts.make_reader {Path(given.out).name} --n {given.n} --seed {given.seed}\n"
        f"tested on the {len(data.test):,} digits of MNIST's training set that were left",
    )


if __name__ == "__main__":
    main()
