"""Sweeps: many trainings with other settings each, to find the best, by Optuna, in one process or in several."""

from inkgrad.extras import extra

with extra("sweep", "sweeps need"):
    import optuna as _optuna  # noqa: F401  before the files, which take it for given

from inkgrad.sweeps.plan import Plan, read_plan
from inkgrad.sweeps.sweep_session import Sweep
from inkgrad.sweeps.trial import TrialResult

__all__ = ["Plan", "Sweep", "TrialResult", "read_plan"]
