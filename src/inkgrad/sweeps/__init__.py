"""Sweeps: many trainings with other settings each, to find the best; on one machine, one after another."""

from inkgrad.sweeps.files import SweepPaths
from inkgrad.sweeps.one_after_another import one_after_another
from inkgrad.sweeps.picture import picture
from inkgrad.sweeps.plan import Plan
from inkgrad.sweeps.reading import read_plan
from inkgrad.sweeps.search import Search
from inkgrad.sweeps.space import Choice, Range
from inkgrad.sweeps.store import Store
from inkgrad.sweeps.sweep import Sweep, resume_sweep, start_sweep
from inkgrad.sweeps.trial import Outcome, Trial, ranked
from inkgrad.sweeps.walk import Held, walk

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
