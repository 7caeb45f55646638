"""Sweeps: many trainings with other settings each, to find the best; on one machine, one after another."""

from inkgrad.sweeps.plan import Plan, Search
from inkgrad.sweeps.plan_file import EXAMPLE, read_plan
from inkgrad.sweeps.space import Choice, Range
from inkgrad.sweeps.sweep_files import SweepPaths, TrialFolder
from inkgrad.sweeps.sweep_results import picture
from inkgrad.sweeps.sweep_session import Show, Sweep, resume_sweep, start_sweep
from inkgrad.sweeps.trial import Trial, TrialResult, TrialStatus, ranked
from inkgrad.sweeps.trial_training import one_after_another, train_trial
from inkgrad.sweeps.validation_split import ValidationSplit

__all__ = [
    "EXAMPLE",
    "Choice",
    "Plan",
    "Range",
    "Search",
    "Show",
    "Sweep",
    "SweepPaths",
    "Trial",
    "TrialFolder",
    "TrialResult",
    "TrialStatus",
    "ValidationSplit",
    "one_after_another",
    "picture",
    "ranked",
    "read_plan",
    "resume_sweep",
    "start_sweep",
    "train_trial",
]
