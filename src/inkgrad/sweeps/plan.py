"""Plan: what a sweep tries and how it searches, as Optuna has it, and the TOML file that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from optuna.distributions import BaseDistribution as Values
from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import FloatDistribution, IntDistribution, distribution_to_json
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import Trial

from inkgrad.errors import SettingError
from inkgrad.saving import quoted, read_toml, refuse_unknown, table_of, value_of
from inkgrad.sessions import DEFAULT_MODEL, TrainingSettings, refuse_lines, usual_settings
from inkgrad.whole_numbers import refuse_bad_seed, shown_whole

MOST_TRIALS = 10_000
KNOWN = {"how": ("random", "grid", "tpe", "asha"), "pruner": ("none", "halving", "hyperband")}


@dataclass(frozen=True)
class Search:
    """How a space is searched.

    how                  "random"; "grid": every combination; "tpe": where good trials are denser than the others
                         (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization, section 4); or "asha":
                         random with halving
    trials               how many; None is 20, or the whole grid
    seed                 where the settings, and the choice of validation examples, come from
    validation_fraction  the part of the training examples that is held out to compare trials on
    pruner               "none"; "halving": after `first_rung` epochs, and each time `factor` times as many, only the
                         best 1 / `factor` go on (Li et al. 2020, https://arxiv.org/abs/1810.05934, algorithm 2); or
                         "hyperband": with several first rungs (Li et al. 2018, https://arxiv.org/abs/1603.06560)

    Raises SettingError when one of them makes no sense.
    """

    how: str = "random"
    trials: int | None = None
    seed: int = 0
    validation_fraction: float = 0.1
    pruner: str = "none"
    first_rung: int = 1
    factor: int = 3

    def __post_init__(self) -> None:
        for name, known in KNOWN.items():
            if (value := getattr(self, name)) not in known:
                raise SettingError(f"{name} is one of {', '.join(known)}, got {value!r}")
        if self.trials is not None and not 1 <= self.trials <= MOST_TRIALS:
            raise SettingError(f"a sweep has 1 to {MOST_TRIALS} trials, got trials = {shown_whole(self.trials)}")
        try:
            refuse_bad_seed(self.seed)
        except SettingError as error:
            raise SettingError(f"seed in [search]: {error}") from None
        if not 0 < self.validation_fraction < 1:
            raise SettingError(f"validation_fraction is between 0 and 1, got {self.validation_fraction:g}")
        if self.first_rung < 1 or self.factor < 2:
            got = f"{shown_whole(self.first_rung)} and {shown_whole(self.factor)}"
            raise SettingError(f"a pruner takes a first_rung of 1 epoch or more and a factor of 2 or more, got {got}")
        if self.how == "asha":
            if self.pruner == "hyperband":
                raise SettingError('asha has a pruner, halving: use how = "random" with pruner = "hyperband"')
            object.__setattr__(self, "pruner", "halving")


@dataclass(frozen=True)
class Plan:
    """What a sweep tries: settings that are `fixed`, a `space` of others by name, and how it is searched.

    Raises SettingError when nothing is searched, a setting is out of its range anywhere in the space, a grid
    has a range or more combinations than trials, or a pruner has no epoch to stop at.
    """

    fixed: Mapping[str, Any]
    space: Mapping[str, Values]
    search: Search

    def __post_init__(self) -> None:
        if not self.space:
            raise SettingError("nothing is searched: name at least one setting in [space]")
        settings = [(name, name, (value,)) for name, value in self.fixed.items()]
        for name, place, values in [*settings, *((k, f"{k} in [space]", ends(v)) for k, v in self.space.items())]:
            for value in values:
                try:
                    usual = usual_settings(value if name == "model" else self.fixed.get("model", DEFAULT_MODEL))
                    replace(usual, **{name: value}).optimizer(n_examples=1)  # it refuses bad rates
                except SettingError as error:
                    raise SettingError(f"{place}: {error}") from None
        ranges = [name for name, values in self.space.items() if not isinstance(values, Choice)]
        n, most = self._n_combinations, self.search.trials or MOST_TRIALS
        if self.search.how == "grid" and ranges:
            raise SettingError(f'a grid takes lists, and {ranges[0]} is a range: list its values, or use "random"')
        if self.search.how == "grid" and n > most:
            raise SettingError(f'the grid has {n} combinations, more than {most} trials: list less, or use "random"')
        if not ranges and n < self.n_trials:
            raise SettingError(
                f"the lists have {n} combinations, fewer than {self.n_trials} trials: ask for {n} trials"
            )
        if self.search.pruner != "none":
            if "epochs" in self.space or ("model" in self.space and "epochs" not in self.fixed):
                raise SettingError("trials are compared after the same epochs: give epochs a number before [search]")
            epochs, first = self.settings({}).epochs, self.search.first_rung
            if first >= epochs:
                raise SettingError(
                    f"no trial of {epochs} epochs is stopped with first_rung = {first}: give more epochs"
                )

    @property
    def _n_combinations(self) -> int:
        return prod(len(ends(values)) for values in self.space.values())

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        return self._n_combinations if self.search.how == "grid" else self.search.trials or 20

    @property
    def grid(self) -> list[dict[str, Any]]:
        """Every combination of the lists, in the order of the file; none but for a grid."""
        every = product(*map(ends, self.space.values())) if self.search.how == "grid" else ()
        return [dict(zip(self.space, values, strict=True)) for values in every]

    @property
    def pruner(self) -> BasePruner:
        """What stops the worse trials."""
        first, factor = self.search.first_rung, self.search.factor
        if self.search.pruner == "hyperband":
            return HyperbandPruner(first, self.settings({}).epochs, factor)
        return SuccessiveHalvingPruner(first, factor) if self.search.pruner == "halving" else NopPruner()

    def sampler(self, number: int, place: int = 0) -> BaseSampler:
        """Return what draws a setting of a trial: the same in any process, and where it is drawn once more."""
        (seed,) = np.random.SeedSequence(self.search.seed, spawn_key=(number, place)).generate_state(1)
        return TPESampler(seed=int(seed)) if self.search.how == "tpe" else RandomSampler(int(seed))

    def draw(self, trial: Trial) -> None:
        """Draw those settings of a trial that it does not have yet."""
        for place, (name, values) in enumerate(self.space.items()):
            trial.study.sampler = self.sampler(trial.number, place)
            if isinstance(values, Choice):
                trial.suggest_categorical(name, values.choices)
            else:
                suggest = trial.suggest_int if isinstance(values, IntDistribution) else trial.suggest_float
                suggest(name, values.low, values.high, log=values.log)

    def settings(self, drawn: Mapping[str, Any]) -> TrainingSettings:
        """Return the settings of a trial; of a range numbers of 4 digits, which a person can type again."""
        chosen = dict(self.fixed) | {name: typed(self.space[name], value) for name, value in drawn.items()}
        return replace(usual_settings(chosen.get("model", DEFAULT_MODEL)), **chosen)

    def fitted(self, n_classes: int, input_shape: tuple[int, ...]) -> Plan:
        """Return it for data of so many classes; SettingError where a network does not fit them."""
        said = self.fixed.get("classes", n_classes)
        if said != n_classes:
            raise SettingError(f"the plan has classes = {said}, and the data have {n_classes}: leave it out there")
        plan = self if n_classes == 10 else replace(self, fixed={**self.fixed, "classes": n_classes})
        for drawn in [{"model": model} for model in ends(self.space["model"])] if "model" in self.space else [{}]:
            settings = plan.settings(drawn)
            refuse_lines(settings.model)
            settings.objective(input_shape)  # refuses images that are too small for it
        return plan

    @property
    def axes(self) -> dict[str, tuple[Any, ...] | bool]:
        """What its settings are drawn along: a list of values, or a range, which may be logarithmic."""
        return {name: ends(each) if isinstance(each, Choice) else each.log for name, each in self.space.items()}

    def described(self) -> dict[str, Any]:
        """Return what makes the trials what they are, as JSON has it; their number is no part of it."""
        space = {name: distribution_to_json(values) for name, values in self.space.items()}
        return {"fixed": dict(self.fixed), "search": asdict(replace(self.search, trials=None)), "space": space}


def ends(values: Values) -> tuple[Any, ...]:
    """Return the values that must be allowed for all to be so."""
    return values.choices if isinstance(values, Choice) else (values.low, values.high)


def typed(values: Values, drawn: Any) -> Any:
    """Return a drawn value, a number of a range with 4 digits."""
    return min(max(float(f"{drawn:.4g}"), values.low), values.high) if isinstance(values, FloatDistribution) else drawn


def read_plan(path: Path, trials: int | None = None) -> Plan:
    """Return the plan in a TOML file; `trials` goes before the number in the file.

    Raises SettingError, beginning with the file's name, when it is not TOML, has a name that means nothing here,
    or a plan that makes no sense; OSError when it cannot be read.
    """
    kinds, how_kinds = get_type_hints(TrainingSettings), get_type_hints(Search) | {"trials": int}
    try:
        found = read_toml(path.read_bytes())
        search, space = table_of(found, "search"), table_of(found, "space")
        refuse_unknown(found, (*kinds, "search", "space"), "a setting of inkgrad train or a part of the file")
        refuse_unknown(search, how_kinds, "a setting of [search]")
        refuse_unknown(space, kinds, "a setting of inkgrad train")
        fixed = {name: value_of(name, found[name], kinds[name]) for name in found if name in kinds}
        for name in space:
            if name in fixed:
                raise SettingError(f"{name} is both fixed and in [space]: leave one of them out")
            if name == "classes":
                raise SettingError("classes belongs to the data, so it cannot be searched: put it before [search]")
        how = {name: value_of(name, search[name], how_kinds[name]) for name in search}
        values = {name: _values(name, space[name], kinds[name]) for name in space}
        return Plan(fixed, values, Search(**(how | ({} if trials is None else {"trials": trials}))))
    except SettingError as error:
        raise SettingError(f"{path}: {error}", setting=error.setting) from None


def _values(name: str, found: Any, kind: type) -> Values:
    place = f"{name} in [space]"
    if isinstance(found, list):
        values = [value_of(name, value, kind) for value in found]
        if not values:
            raise SettingError(f"{place}: the list is empty: name at least one value")
        if twice := [value for k, value in enumerate(values) if value in values[:k]]:
            raise SettingError(f"{place}: the list has {twice[0]!r} twice")
        return Choice(values)
    if not isinstance(found, dict):
        wanted = "a list, such as [1, 2], or a range, {low = 1, high = 2}"
        raise SettingError(f"{place} is {wanted}, got {quoted(found)}: what is fixed comes before [search]")
    refuse_unknown(found, ("low", "high", "log"), f"a part of a range of {name}")
    if kind is str:
        raise SettingError(f"{name} is not a number, so it has no range: list its values")
    for end in {"low", "high"} - found.keys():
        raise SettingError(f"{name} is a range without {end}: it is written {{low = 1, high = 2}}")
    low, high, log = value_of(name, found["low"], kind), value_of(name, found["high"], kind), found.get("log", False)
    if type(log) is not bool:
        raise SettingError(f"{name} has log = {quoted(log)}: it is true or false")
    if low > high:
        raise SettingError(f"{place}: the range has low = {low:g} above high = {high:g}: swap them")
    if log and low <= 0:
        raise SettingError(f"{place}: a range with log = true takes a low above 0, got low = {low:g}")
    return IntDistribution(low, high, log) if kind is int else FloatDistribution(low, high, log)
