"""What the tests of sweeps share: plans, and sweeps on the small folder."""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from inkgrad.sessions import SweepPaths
from inkgrad.sweeps import Plan, Sweep

LR = FloatDistribution(0.01, 0.3, log=True)
BATCH = CategoricalDistribution((50, 100))


def choice(*values):
    return CategoricalDistribution(values)


def plan_of(how="random", trials=4, epochs=2, space=None, **search):
    """A plan for the smallest network, whose trials take a tenth of a second each on the small folder."""
    space = {"lr": LR, "batch_size": BATCH} if space is None else space
    return Plan({"model": "seed", "epochs": epochs}, space, how, trials, **search)


class SweepsIn:
    """Sweeps of one name in a folder, each of which takes its lock from the one before."""

    def __init__(self, folder, data, plan=None, name="best"):
        self.paths, self.data, self.plan = SweepPaths(folder / f"{name}.safetensors"), data, plan or plan_of()
        self.lock = None

    def open(self, plan=None, **how):
        if self.lock is None:
            self.lock = self.paths.take()
        return Sweep(self.paths, plan or self.plan, self.data, self.lock, **how)

    def join(self):
        return Sweep(self.paths, self.plan, self.data)


class Seen:
    """Takes what is shown of a sweep; `stop` is true once `enough(seen)` is."""

    def __init__(self, enough=lambda seen: False):
        self.shown, self.enough = [], enough

    def __call__(self, results):
        self.shown.append(results)

    def stop(self):
        return self.enough(self)

    @property
    def ended(self):
        return [each.number for each in self.shown[-1] if each.status != "running"] if self.shown else []


def without_seconds(sweep):
    """What came of the trials by number, as far as it is the same on any machine."""
    return {each.number: (each.status, each.settings, each.accuracies) for each in sweep.results()}
