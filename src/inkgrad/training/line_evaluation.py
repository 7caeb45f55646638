"""Line evaluation: what a network reads in lines, and how much of it is right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from inkgrad.arrays import AnyArray, NDArray
from inkgrad.costs.ctc import CTC
from inkgrad.costs.line_targets import said_in
from inkgrad.decoding import best_path
from inkgrad.errors import Diverged
from inkgrad.fast import Fast
from inkgrad.layout import Layout
from inkgrad.metrics import edits_between
from inkgrad.training.engine import Engine
from inkgrad.training.evaluation import outputs_at
from inkgrad.training.objective import Objective

Batch = tuple[NDArray, NDArray]


@dataclass(frozen=True)
class LineEvaluation:
    """The mean cost over some lines, and what is read in each.

    predicted     the labelling of each line, by its best path
    n_right       how many lines are right as a whole
    n_characters  that all of them say
    n_edits       characters put in, left out or changed that make what is read what is said
    """

    cost: float
    predicted: tuple[tuple[int, ...], ...]
    n_right: int
    n_characters: int
    n_edits: int

    @property
    def accuracy(self) -> float:
        """The part of the lines that is right as a whole, in [0, 1]."""
        return self.n_right / len(self.predicted)

    @property
    def character_accuracy(self) -> float:
        """1 less the edits for each character that is said; below 0 where there are more of them than characters."""
        return 1 - self.n_edits / max(1, self.n_characters)


def evaluate_lines(
    objective: Objective, theta: AnyArray, batches: Iterable[Batch], *, engine: Engine | None = None
) -> LineEvaluation:
    """Return how the network does on batches of lines and their targets, each batch of a width of its own.

    Fast layers on one thread answer unless another engine is given.

    Raises Diverged when the cost is not a number, SettingError for a theta of a library that the engine does not take.
    """
    engine = engine or Fast(1)
    engine.refuse_bad_arrays(theta)
    network, cost = engine.fuse(objective.network), objective.cost
    assert isinstance(cost, CTC)
    p, losses = Layout(network.shapes()).views(theta), list[float]()
    said: list[Sequence[int]] = []
    predicted: list[tuple[int, ...]] = []
    for x, t in batches:
        y = outputs_at(p, network, x, theta)
        losses += np.asarray(cost.losses(y, t)).tolist()
        predicted += labellings_of(cost.probabilities(y), t[:, 0].tolist(), cost.blank)
        said += [[k for k in row if k >= 0] for row in said_in(t)[1].tolist()]
    mean = float(np.mean(losses))
    if not isfinite(mean):
        raise Diverged(f"the cost of {len(said)} lines is {mean}", cost.remedy(t))
    edits = [edits_between(found, wanted) for found, wanted in zip(predicted, said, strict=True)]
    return LineEvaluation(mean, tuple(predicted), edits.count(0), sum(map(len, said)), sum(edits))


def labellings_of(q: NDArray, n_frames: Sequence[int], blank: int) -> list[tuple[int, ...]]:
    """Return what lines say by their best paths, for probabilities q (N, T, K), of which so many frames are theirs."""
    with np.errstate(divide="ignore"):  # log 0 is -inf, as it should be
        return [best_path(np.log(line[:n]), blank).labelling for line, n in zip(q, n_frames, strict=True)]
