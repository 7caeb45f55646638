"""Search: how a space is gone through."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.errors import SettingError

WAYS = ("random", "grid", "asha")
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
        if self.how not in WAYS:
            raise SettingError(f"how is one of {', '.join(WAYS)}, got {self.how!r}")
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise SettingError(f"a sweep has 1 to {MOST_TRIALS} trials, got trials = {self.trials}")
        if self.seed < 0:
            raise SettingError(f"a seed is a whole number of 0 or more, got seed = {self.seed} in [search]")
        if not 0 < self.validation_fraction < 1:
            raise SettingError(f"validation_fraction is between 0 and 1, got {self.validation_fraction:g}")
        if self.first_rung < 1 or self.factor < 2:
            raise SettingError(
                f"asha takes a first_rung of 1 epoch or more and a factor of 2 or more, "
                f"got {self.first_rung} and {self.factor}"
            )
