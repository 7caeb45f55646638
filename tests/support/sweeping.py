"""What the tests of sweeps share: plans, and sweeps on the small folder."""

from inkgrad.sweeps import Choice, Plan, Range, Search, SweepPaths, TrialResult, start_sweep
from inkgrad.sweeps.trial import TrialStatus

LR = Range(0.01, 0.3, log=True)
BATCH = Choice((50, 100))


def plan_of(how="random", trials=4, epochs=2, space=None, **search):
    """A plan for the smallest network, whose trials take a tenth of a second each on the small folder."""
    space = {"lr": LR, "batch_size": BATCH} if space is None else space
    return Plan({"model": "seed", "epochs": epochs}, space, Search(how, trials, **search))


def sweep_in(folder, data, plan=None, name="best", **how):
    return start_sweep(SweepPaths(folder / f"{name}.safetensors"), plan or plan_of(), data, **how)


class Seen:
    """Takes what is shown of a sweep; `stop` is true once `enough(seen)` is."""

    def __init__(self, enough=lambda seen: False):
        self.shown, self.enough = [], enough

    def __call__(self, outcome):
        assert isinstance(outcome, TrialResult)
        self.shown.append(outcome)

    def stop(self):
        return self.enough(self)

    @property
    def ended(self):
        return [each.trial.number for each in self.shown if each.status != TrialStatus.RUNNING]


def without_seconds(outcomes):
    """TrialResults by number, as far as they are the same on any machine."""
    return {
        number: (each.trial, each.status, [{k: v for k, v in row.items() if k != "seconds"} for row in each.rows])
        for number, each in outcomes.items()
    }
