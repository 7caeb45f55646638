"""Sweeps: many trainings with other settings each, to find the best; on one machine, one after another."""

from inkgrad.sweeps.one_after_another import one_after_another
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.plan_file import read_plan
from inkgrad.sweeps.search import Search
from inkgrad.sweeps.space import Choice, Range
from inkgrad.sweeps.store import Store
from inkgrad.sweeps.sweep_files import SweepPaths
from inkgrad.sweeps.sweep_results import picture
from inkgrad.sweeps.sweep_session import Sweep, resume_sweep, start_sweep
from inkgrad.sweeps.trial import Outcome, Trial, ranked
from inkgrad.sweeps.trial_training import Held, walk

__all__ = [
    "Choice",
    "Held",
    "Outcome",
    "Plan",
    "Range",
    "Search",
    "Store",
    "Sweep",
    "SweepPaths",
    "Trial",
    "one_after_another",
    "picture",
    "ranked",
    "read_plan",
    "resume_sweep",
    "start_sweep",
    "walk",
]
