"""`inkgrad demo`: the two small examples, with pictures of the decision boundary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from inkgrad.arrays import NDArray
from inkgrad.cli.options import Seed
from inkgrad.cli.terminal import say
from inkgrad.costs import CrossEntropy
from inkgrad.data import Dataset, animals, xor
from inkgrad.errors import SettingError
from inkgrad.files import refuse_unwritable
from inkgrad.layers import Chain, Dense, Softmax, Tanh
from inkgrad.models import Model
from inkgrad.optimizers import SGD
from inkgrad.plots import decision_boundary, save_gif, save_png
from inkgrad.training import Objective, Run
from inkgrad.whole_numbers import shown_whole

demo = typer.Typer(no_args_is_help=True, help="Train a tiny network until every point is right, with pictures.")

Every = Annotated[int, typer.Option(metavar="EPOCHS", help="Epochs between pictures.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the pictures; made if it is not there.")]
Gif = Annotated[bool, typer.Option("--gif", help="Also make one moving picture of them all.")]


@dataclass(frozen=True)
class Example:
    """A small problem in the unit square, and a network for it."""

    name: str
    dataset: Dataset
    n_hidden: int
    batch_size: int
    axis_names: tuple[str, str]
    sure: float  # the probability that a right answer must have


@demo.command("xor")
def demo_xor(out: Out = None, every: Every = 10, gif: Gif = False, seed: Seed = 0) -> None:
    """Are two bits the same or different?  No straight line can part the four corners."""
    _run(Example("xor", xor(), 8, 4, ("first bit", "second bit"), 0.9), out, every, gif, seed)


@demo.command("animals")
def demo_animals(out: Out = None, every: Every = 10, gif: Gif = False, seed: Seed = 0) -> None:
    """Fish or goat, from how much hair it has and how well it swims: a curved boundary."""
    _run(Example("animals", animals(), 16, 10, ("hair", "swimming"), 0.5), out, every, gif, seed)


def _run(example: Example, out: Path | None, every: int, gif: bool, seed: int) -> None:
    if every < 1:
        raise SettingError(f"pictures are at least 1 epoch apart, got --every {shown_whole(every)}")
    dataset, n_points = example.dataset, sum(len(t) for _, t in groups_of(example.dataset).values())
    network = Chain((Dense(2, example.n_hidden), Tanh(), Dense(example.n_hidden, len(dataset.labels)), Softmax()))
    run = Run(Objective(network, CrossEntropy()), SGD(0.01, momentum=0.9), example.batch_size, seed)
    folder = out or Path(f"demo-{example.name}")
    folder.mkdir(parents=True, exist_ok=True)
    refuse_unwritable(folder / f"{example.name}.gif")
    for stale in folder.glob(f"{example.name}-[0-9][0-9][0-9][0-9][0-9].png"):
        refuse_unwritable(stale)
        stale.unlink()  # pictures of an earlier demo would look like this one's
    pictures: list[Path] = []
    while True:
        model = Model(network, CrossEntropy(), run.theta, dataset.labels, (2,))
        n_wrong = _count_wrong(model, example)
        if run.epoch % every == 0 or n_wrong == 0:
            pictures.append(folder / f"{example.name}-{run.epoch:05d}.png")
            save_png(_figure(example, model, run.epoch), pictures[-1])
            say(f"epoch {run.epoch}: {n_wrong} of {n_points} points wrong or unsure, {pictures[-1]}")
        if n_wrong == 0:
            break
        if run.epoch == 20_000:
            raise SettingError(f"after {run.epoch} epochs some points are still wrong: try another --seed")
        for _ in run.steps(dataset.train):
            pass
    if gif:
        save_gif(pictures, folder / f"{example.name}.gif")
        say(f"moving picture {folder / example.name}.gif")
    print(f"every point is right after {run.epoch} epochs; {len(pictures)} pictures are in {folder}")


def groups_of(dataset: Dataset) -> dict[str, tuple[NDArray, NDArray]]:
    """Return the points of a data set and their classes, (x, t), by the part that they are of."""
    if dataset.test is dataset.train:
        return {"all": (dataset.train.x, dataset.train.t)}
    return {"training": (dataset.train.x, dataset.train.t), "test": (dataset.test.x, dataset.test.t)}


def _count_wrong(model: Model, example: Example) -> int:
    """Return how many points do not get a probability above `sure` for what they are."""
    return sum(
        int((model.probabilities(x)[np.arange(len(t)), t] <= example.sure).sum())
        for x, t in groups_of(example.dataset).values()
    )


def _figure(example: Example, model: Model, epoch: int) -> Any:
    return decision_boundary(
        lambda points: model.probabilities(points)[:, 1],
        groups_of(example.dataset),
        example.dataset.labels,
        example.axis_names,
        f"{example.name} after {epoch} epochs",
    )
