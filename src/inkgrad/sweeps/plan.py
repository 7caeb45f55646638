"""Plan: what a sweep tries and how it searches, as Optuna has it, and the TOML file that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from inkgrad.data import Dataset
from inkgrad.errors import SettingError
from inkgrad.saving import quoted, read_toml, refuse_unknown, value_of, values_of
from inkgrad.sessions import DEFAULT_MODEL, TrainingSettings, usual_settings
from inkgrad.whole_numbers import refuse_bad_seed, shown_whole

MOST_TRIALS = 10_000
KINDS = dict(how=str, trials=int, seed=int, validation_fraction=float, pruner=str, first_rung=int, factor=int)
KNOWN = {"how": ("random", "grid", "tpe"), "pruner": ("none", "halving", "hyperband")}


@dataclass(frozen=True)
class Plan:
    """What a sweep tries.

    fixed                settings that all trials have
    space                what the others are drawn from, by name
    how                  "random"; "grid": every combination; or "tpe": where good trials are denser than the others
                         (Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization, section 4)
    trials               how many; None is 20, or the whole grid
    seed                 where the settings, and the choice of validation examples, come from
    validation_fraction  the part of the training examples that is held out to compare trials on
    pruner               "none"; "halving": after `first_rung` epochs, and each time `factor` times as many, only the
                         best 1 / `factor` go on (Li et al. 2020, https://arxiv.org/abs/1810.05934, algorithm 2); or
                         "hyperband": with several first rungs (Li et al. 2018, https://arxiv.org/abs/1603.06560)

    Raises SettingError when one of them makes no sense, anywhere in the space.
    """

    fixed: Mapping[str, Any]
    space: Mapping[str, BaseDistribution]
    how: str = "random"
    trials: int | None = None
    seed: int = 0
    validation_fraction: float = 0.1
    pruner: str = "none"
    first_rung: int = 1
    factor: int = 3

    def __post_init__(self) -> None:
        if not self.space:
            raise SettingError("nothing is searched: name at least one setting in [space]")
        for name, known in KNOWN.items():
            if (value := getattr(self, name)) not in known:
                raise SettingError(f"{name} is one of {', '.join(known)}, got {value!r}")
        if not 1 <= self.n_trials <= MOST_TRIALS:
            raise SettingError(f"a sweep has 1 to {MOST_TRIALS} trials, got trials = {shown_whole(self.n_trials)}")
        refuse_bad_seed(self.seed)
        if self.how == "grid" and not all(isinstance(each, CategoricalDistribution) for each in self.space.values()):
            raise SettingError('a grid takes lists, not ranges: list the values, or use "random"')
        for name, value in [*self.fixed.items(), *((each, end) for each in self.space for end in self._ends(each))]:
            model = value if name == "model" else self.fixed.get("model", DEFAULT_MODEL)
            try:
                replace(usual_settings(model), **{name: value}).optimizer(n_examples=1)  # it refuses bad rates
            except SettingError as error:
                raise SettingError(f"{name}: {error}") from None
        varies = "epochs" in self.space or ("model" in self.space and "epochs" not in self.fixed)
        if self.pruner != "none" and (varies or not 1 <= self.first_rung < self.settings({}).epochs or self.factor < 2):
            wanted = "epochs as a number before [search], a first_rung from 1 to below that, and a factor of 2 or more"
            got = f"first_rung = {shown_whole(self.first_rung)} and factor = {shown_whole(self.factor)}"
            raise SettingError(f"a pruner takes {wanted}, got {got}")

    def _ends(self, name: str) -> tuple[Any, ...]:
        """Return the values that must be allowed for all to be so."""
        values: Any = self.space[name]
        return values.choices if isinstance(values, CategoricalDistribution) else (values.low, values.high)

    @property
    def n_trials(self) -> int:
        """How many trials there are."""
        if self.how == "grid":
            n = prod(len(self._ends(name)) for name in self.space)
            return n if self.trials is None else min(n, self.trials)
        return 20 if self.trials is None else self.trials

    def new_pruner(self) -> optuna.pruners.BasePruner:
        """Return what stops the worse trials."""
        if self.pruner == "hyperband":
            return optuna.pruners.HyperbandPruner(self.first_rung, self.settings({}).epochs, self.factor)
        halving = optuna.pruners.SuccessiveHalvingPruner(self.first_rung, self.factor)
        return halving if self.pruner == "halving" else optuna.pruners.NopPruner()

    def new_trial(self, study: optuna.Study, k: int) -> FrozenTrial:
        """Return trial k, from 0 on, with its settings: the same in any process, though TPE looks at what has ended.

        Of a range come numbers of 4 digits, which a person can type again.
        """
        drawn = dict[str, Any]()
        for place, (name, values) in enumerate(self.space.items()):
            (seed,) = np.random.SeedSequence(self.seed, spawn_key=(k, place)).generate_state(1)
            sampler = (optuna.samplers.TPESampler if self.how == "tpe" else optuna.samplers.RandomSampler)(seed=seed)
            value = sampler.sample_independent(study, create_trial(state=TrialState.RUNNING), name, values)
            is_real = isinstance(values, FloatDistribution)
            drawn[name] = min(max(float(f"{value:.4g}"), values.low), values.high) if is_real else value
        if self.how == "grid":
            drawn = dict(zip(self.space, next(islice(product(*map(self._ends, self.space)), k, None)), strict=True))
        return create_trial(state=TrialState.RUNNING, params=drawn, distributions=dict(self.space))

    def settings(self, drawn: Mapping[str, Any]) -> TrainingSettings:
        """Return the settings of a trial."""
        chosen = {**self.fixed, **drawn}
        return replace(usual_settings(chosen.get("model", DEFAULT_MODEL)), **chosen)

    def fitted(self, dataset: Dataset) -> Plan:
        """Return it for the classes of the data; SettingError where a network does not fit them."""
        n = len(dataset.labels)
        if (said := self.fixed.get("classes", n)) != n:
            raise SettingError(f"the plan has classes = {said}, and the data have {n}: leave it out there")
        plan = replace(self, fixed={**self.fixed, "classes": n})
        for drawn in [{"model": model} for model in self._ends("model")] if "model" in self.space else [{}]:
            plan.settings(drawn).objective(dataset.train.input_shape)
        return plan


def read_plan(path: Path, trials: int | None = None) -> Plan:
    """Return the plan in a TOML file; `trials` goes before the number in the file.

    Raises SettingError, beginning with the file's name, when it is not TOML, has a name that means nothing here,
    or a plan that makes no sense; OSError when it cannot be read.
    """
    kinds, parts = get_type_hints(TrainingSettings), {"search": dict, "space": dict}
    try:
        found = read_toml(path.read_bytes())
        fixed = values_of(found, kinds | parts, "a setting of inkgrad train or a part of the file")
        search, space = fixed.pop("search", {}), fixed.pop("space", {})
        free = [name for name in kinds if name not in fixed and name != "classes"]  # which belong to the data
        refuse_unknown(space, free, "a setting that is left to search")
        if search.get("how") == "asha":  # of before there was Optuna
            search = {"pruner": "halving"} | search | {"how": "random"}
        how = values_of(search, KINDS, "a setting of [search]") | ({} if trials is None else {"trials": trials})
        return Plan(fixed, {name: _values(name, space[name], kinds[name]) for name in space}, **how)
    except ValueError as error:  # Optuna's, or ours
        raise SettingError(f"{path}: {error}", setting=getattr(error, "setting", None)) from None


def _values(name: str, found: Any, kind: type) -> BaseDistribution:
    """Return a list, or a range, of a setting of some kind."""
    if isinstance(found, list) and found:
        return CategoricalDistribution([value_of(name, value, kind) for value in found])
    if not isinstance(found, dict) or kind is str or not {"low", "high"} <= found.keys():
        wanted = "a list, such as [1, 2], or, of numbers, a range, such as {low = 1, high = 2}"
        raise SettingError(f"{name} in [space] is {wanted}, got {quoted(found)}: what is fixed comes before [search]")
    parts = values_of(found, {"low": kind, "high": kind, "log": bool}, f"a part of a range of {name}")
    return IntDistribution(**parts) if kind is int else FloatDistribution(**parts)
