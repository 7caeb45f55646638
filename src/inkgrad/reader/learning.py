"""Learning: a network for single digits learns from corrections of a person's writing, and keeps what it knew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inkgrad import data
from inkgrad.arrays import NDArray
from inkgrad.data import Dataset, Examples, as_inputs, mnist
from inkgrad.data.idx_set import idx_set_of
from inkgrad.errors import DataError, SettingError
from inkgrad.models import MODELS, Model, calibrated
from inkgrad.optimizers import Adam, OneCycle
from inkgrad.reader.corrections import CorrectedDigits
from inkgrad.reader.eye import DIGITS
from inkgrad.training import Engine, Objective, train

COMPOSED_FOLDER = Path(data.__file__).parent / "composed"
NOTHING = "none"  # the label of what is no digit


@dataclass(frozen=True)
class LearningSettings:
    """How a network learns from corrections.

    n_steps        of training
    n_corrected    corrected digits in each batch, a little changed each time
    n_known        digits of MNIST in it, so that these are not forgotten
    n_composed     composed digits, and things that are none, in it: the most of it, as of what the reader learned from
                   (with 32 of 128 it lost up to 0.9 points on them, with 88 up to 0.35)
    lr             largest learning rate
    known_back     training digits of MNIST, the last, by which it is chosen how far to go, and calibrated
    composed_back  composed training digits, the last, by which it is chosen how far to go
    chosen_on      the share of the corrected pictures that is kept to see whether they are read any better
    held_out       the share that is kept to measure what was gained, when all is chosen
    fewest         pictures with digits that are needed
    most_lost      the accuracy on MNIST, and on composed digits, that were held back falls by at most this
    parts          of the way from the old parameters to the new, of which the first is taken that loses no more
    """

    n_steps: int = 150
    n_corrected: int = 24
    n_known: int = 16
    n_composed: int = 88
    lr: float = 5e-4
    known_back: int = 10_000
    composed_back: int = 1_000
    chosen_on: float = 0.1
    held_out: float = 0.2
    fewest: int = 10
    most_lost: float = 0.001
    parts: tuple[float, ...] = (1.0, 0.7, 0.5, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Gain:
    """How many of n digits were read right before and after."""

    n: int
    before: int
    after: int

    @property
    def points(self) -> float:
        """By how many points of a hundred the accuracy rose; below 0 where it fell."""
        return 100 * (self.after - self.before) / self.n


@dataclass(frozen=True)
class Learned:
    """What came of learning: the model, which part of the way to it was taken, and what was gained and lost.

    n         corrected digits that it learned from
    held_out  others, by which nothing was chosen
    known     the test digits of MNIST
    composed  composed digits to test on, and things that are none
    """

    model: Model
    part: float
    n: int
    held_out: Gain
    known: Gain
    composed: Gain


def learn(
    model: Model,
    digits: CorrectedDigits,
    engine: Engine,
    seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
    settings: LearningSettings = LearningSettings(),
    known: Dataset | None = None,
) -> Learned:
    """Return what a model for digits, and for what is none, becomes by learning from corrected digits.

    It learns from them among digits that it is `known` to read, those of MNIST, and composed ones.  Of the way from its
    old parameters to the new ones it goes so far that it keeps what it knew, of digits that were held back for that;
    then it is calibrated anew, and measured on others.  (That parameters between the two are good for both: Wortsman et
    al. 2022, https://arxiv.org/abs/2109.01903, equation 1.)

    Raises DataError for too few corrections; SettingError for a model of other labels, and where, of what was held
    back, MNIST or composed digits are read worse than before by more than `most_lost`, or corrections worse at all.
    """
    if model.labels != (*DIGITS, NOTHING):
        raise SettingError(
            f'a reader learns digits, with the labels "0" to "9" and "{NOTHING}", got {", ".join(model.labels)}: '
            "give reader, or what came of it",
            setting="model",
        )
    if digits.n_pictures < settings.fewest:
        raise DataError(
            f"there are {digits.n_pictures} corrections with digits, and {settings.fewest} are needed: correct more",
            setting="from_corrections",
        )
    order = np.random.default_rng(seed).permutation(digits.n_pictures)
    n_chosen_on, n_held_out = (
        max(1, round(share * digits.n_pictures)) for share in (settings.chosen_on, settings.held_out)
    )
    chosen_on, held_out, corrected = (
        digits.of(some) for some in np.split(order, [n_chosen_on, n_chosen_on + n_held_out])
    )
    known, composed = known or mnist(), _composed()
    (known_train, known_back), (composed_train, composed_back) = (
        (Examples(train.x[:-n], train.t[:-n]), Examples(train.x[-n:], train.t[-n:]))
        for train, n in ((known.train, settings.known_back), (composed[0], settings.composed_back))
    )
    model = replace(model, engine=engine)
    choosing, tests = (chosen_on, known_back, composed_back), (held_out, known.test, composed[1])
    progress("measuring what it knows")
    before = _n_right(model, choosing)
    sources = (
        (corrected, settings.n_corrected),
        (known_train, settings.n_known),
        (composed_train, settings.n_composed),
    )
    theta = _trained(model, sources, seed, progress, settings)
    for part in settings.parts:
        progress(f"measuring what it kept, {100 * part:.0f} % of the way")
        found = replace(model, theta=model.theta + model.theta.dtype.type(part) * (theta - model.theta))
        own, *kept = map(Gain, map(len, choosing), before, _n_right(found, choosing))
        if all(gain.points >= -100 * settings.most_lost for gain in kept):
            break
    _refuse_worse(own, kept[0], kept[1], settings)
    progress("measuring what was gained")
    gains = map(Gain, map(len, tests), _n_right(model, tests), _n_right(found, tests))
    return Learned(calibrated(found, known_back), part, len(corrected), *gains)


def _n_right(model: Model, sets: Iterable[Examples]) -> list[int]:
    """Return how many of each set are read right."""
    return [model.evaluate(examples).n_right for examples in sets]


def _composed() -> tuple[Examples, Examples]:
    """Return the composed digits that come along, to train on and to test on; class 10 is no digit."""
    files = idx_set_of(COMPOSED_FOLDER)
    assert files is not None
    found = files.read()
    assert found.test is not None
    return Examples(found.train.x, found.train.labels), Examples(found.test.x, found.test.labels)


def _trained(
    model: Model,
    sources: tuple[tuple[Examples, int], ...],
    seed: int,
    progress: Callable[[str], None],
    settings: LearningSettings,
) -> NDArray:
    """Return the parameters after training on batches with so many examples of each source."""
    rng, engine, dtype = np.random.default_rng(seed), model.engine, model.theta.dtype.type
    augmentation = MODELS["reader"].augmentation
    assert augmentation is not None

    def batches() -> Iterator[tuple[NDArray, NDArray, np.random.Generator]]:
        for _ in range(settings.n_steps):
            chosen = [(examples, rng.integers(len(examples), size=n)) for examples, n in sources]
            x = np.concatenate([examples.x[some] for examples, some in chosen])
            t = np.concatenate([examples.t[some] for examples, some in chosen])
            x = engine.warp(x, augmentation.draw(len(x), x.shape[1:3], rng))
            yield as_inputs(x, dtype), t, rng

    theta = model.theta
    optimizer = engine.fuse_optimizer(Adam(OneCycle(settings.lr, settings.n_steps)))
    objective = Objective(model.network, model.cost).on(engine)
    for step in train(objective, theta.copy(), batches(), optimizer):
        theta = step.theta
        progress(f"learning, step {step.number} of {settings.n_steps}")
    return theta


def _refuse_worse(own: Gain, known: Gain, composed: Gain, settings: LearningSettings) -> None:
    """Raise SettingError where, of what was held back, too much is lost, or corrections are read worse."""
    most = 100 * settings.most_lost
    for what, gain in ("held-back digits of MNIST", known), ("held-back composed digits", composed):
        if gain.points < -most:
            raise SettingError(
                f"it would read {gain.after:,} of {gain.n:,} {what} instead of {gain.before:,}, a loss of more than "
                f"{most:g} points, so nothing was learned: give more corrections, and see that they are right",
                setting="from_corrections",
            )
    if own.after < own.before:
        raise SettingError(
            f"it would read {own.after} of {own.n} held-back corrections instead of {own.before}, so "
            "nothing was learned: give more corrections, and see that they are right",
            setting="from_corrections",
        )
