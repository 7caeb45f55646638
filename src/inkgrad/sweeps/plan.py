"""Plan: what a sweep tries, how it searches, and the settings of each of its trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import islice, product
from math import prod
from typing import Any

import numpy as np

from inkgrad.errors import SettingError
from inkgrad.sessions import DEFAULT_MODEL, TrainingSettings, usual_settings
from inkgrad.sweeps.space import Choice, Range
from inkgrad.sweeps.trial import Trial
from inkgrad.whole_numbers import refuse_bad_seed, shown_whole

MOST_TRIALS = 10_000


@dataclass(frozen=True)
class Search:
    """How a space is searched.

    how                  "random", "grid" (every combination), or "asha": random, and after `first_rung`
                         epochs, and each time `factor` times as many, only the best 1 / `factor` go on
                         (Li et al. 2020, https://arxiv.org/abs/1810.05934, algorithm 2)
    trials               how many; None is 20, or the whole grid
    seed                 where the settings, and the choice of validation examples, come from
    validation_fraction  the part of the training examples that is held out to compare trials on

    Raises SettingError when one of them makes no sense.
    """

    how: str = "random"
    trials: int | None = None
    seed: int = 0
    validation_fraction: float = 0.1
    first_rung: int = 1
    factor: int = 3

    def __post_init__(self) -> None:
        ways = ("random", "grid", "asha")
        if self.how not in ways:
            raise SettingError(f"how is one of {', '.join(ways)}, got {self.how!r}")
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise SettingError(f"a sweep has 1 to {MOST_TRIALS} trials, got trials = {shown_whole(self.trials)}")
        try:
            refuse_bad_seed(self.seed)
        except SettingError as error:
            raise SettingError(f"seed in [search]: {error}") from None
        if not 0 < self.validation_fraction < 1:
            raise SettingError(f"validation_fraction is between 0 and 1, got {self.validation_fraction:g}")
        if self.first_rung < 1 or self.factor < 2:
            raise SettingError(
                f"asha takes a first_rung of 1 epoch or more and a factor of 2 or more, "
                f"got {shown_whole(self.first_rung)} and {shown_whole(self.factor)}"
            )


@dataclass(frozen=True)
class Plan:
    """What a sweep tries: settings that are `fixed`, a `space` for others by name, and how it is searched.

    Raises SettingError when nothing is searched, a setting is out of its range anywhere in the space, a grid
    has a range or more combinations than trials, or asha has no epoch to stop at.
    """

    fixed: Mapping[str, Any]
    space: Mapping[str, Choice | Range]
    search: Search

    def __post_init__(self) -> None:
        if not self.space:
            raise SettingError("nothing is searched: name at least one setting in [space]")
        places = {name: "" for name in self.fixed} | {name: " in [space]" for name in self.space}
        for name, place in places.items():
            for value in (self.fixed[name],) if name in self.fixed else self.space[name].ends():
                try:
                    _refuse_bad(name, value, self.fixed.get("model", DEFAULT_MODEL))
                except SettingError as error:
                    raise SettingError(f"{name}{place}: {error}") from None
        if self.search.how == "grid":
            self._refuse_bad_grid()
        elif all(isinstance(values, Choice) for values in self.space.values()):
            self._refuse_repeats()
        if self.search.how == "asha":
            self._refuse_no_rungs()

    def trials(self) -> list[Trial]:
        """Return all trials; those of a plan with more trials begin with the same ones."""
        every = product(*(each.ends() for each in self.space.values()))
        grid = (dict(zip(self.space, values, strict=True)) for values in every)
        combinations = grid if self.search.how == "grid" else self._draws()
        found = islice(combinations, self.n_trials)
        return [Trial(k, self._settings(given)) for k, given in enumerate(found, start=1)]

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        if self.search.how == "grid":
            return self._n_combinations()
        return 20 if self.search.trials is None else self.search.trials

    @property
    def rungs(self) -> list[int]:
        """The epochs after which the worse trials stop, in rising order; none but for asha."""
        if self.search.how != "asha":
            return []
        rungs, epochs = [], self._epochs()
        rung = self.search.first_rung
        while rung < epochs:
            rungs.append(rung)
            rung *= self.search.factor
        return rungs

    def described(self) -> dict[str, Any]:
        """Return what makes the trials what they are, as JSON has it; their number is no part of it."""
        search = asdict(self.search)
        del search["trials"]
        space = {name: values.written() for name, values in self.space.items()}
        return {"fixed": dict(self.fixed), "search": search, "space": space}

    def _settings(self, given: Mapping[str, Any]) -> TrainingSettings:
        chosen = {**self.fixed, **given}
        return replace(usual_settings(chosen.get("model", DEFAULT_MODEL)), **chosen)

    def _draws(self) -> Iterator[dict[str, Any]]:
        seen: set[tuple[Any, ...]] = set()
        for number in range(MOST_TRIALS):
            rng = np.random.default_rng(np.random.SeedSequence(self.search.seed, spawn_key=(number,)))
            for _ in range(100):  # tries to draw settings that no earlier trial has
                drawn = {name: values.draw(rng) for name, values in self.space.items()}
                if tuple(drawn.values()) not in seen:
                    break
            seen.add(tuple(drawn.values()))
            yield drawn

    def _n_combinations(self) -> int:
        return prod(len(values.ends()) for values in self.space.values())

    def _refuse_bad_grid(self) -> None:
        for name, values in self.space.items():
            if isinstance(values, Range):
                raise SettingError(
                    f'a grid takes lists, and {name} is a range: list its values, or search with how = "random"'
                )
        n, most = self._n_combinations(), self.search.trials or MOST_TRIALS
        if n > most:
            raise SettingError(
                f'the grid has {n} combinations, more than {most} trials: list fewer values, or use how = "random"'
            )

    def _refuse_repeats(self) -> None:
        n = self._n_combinations()
        if n < self.n_trials:
            raise SettingError(
                f"the lists have {n} combinations, fewer than {self.n_trials} trials: ask for {n} trials or fewer, "
                'or search with how = "grid"'
            )

    def _epochs(self) -> int:
        return int(self._settings({}).epochs)

    def _refuse_no_rungs(self) -> None:
        if "epochs" in self.space or ("model" in self.space and "epochs" not in self.fixed):
            raise SettingError(
                "asha compares trials after the same epochs: give epochs a number, epochs = 9, before [search]"
            )
        if not self.rungs:
            raise SettingError(
                f"asha never stops a trial of {self._epochs()} epochs with first_rung = {self.search.first_rung}: "
                'give more epochs, or use how = "random"'
            )


def _refuse_bad(name: str, value: Any, model: str) -> None:
    """Raise SettingError where a setting cannot have a value, in the words of what would train with it."""
    settings = replace(usual_settings(value if name == "model" else model), **{name: value})
    settings.optimizer(n_examples=1)
