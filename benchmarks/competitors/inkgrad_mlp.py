"""Epochs of 784-HIDDEN-10 in inkgrad, as a user writes them."""

from collections.abc import Iterator
from itertools import chain, repeat

from compete import N_THREADS, compete
from workloads import LR, MOMENTUM, digits, mlp, mlp_options, start

from inkgrad.data import Examples
from inkgrad.fast import Fast
from inkgrad.optimizers import SGD
from inkgrad.training import Plain, Run

options = mlp_options(__doc__)
options.add_argument("--plain", action="store_true", help="NumPy alone")
settings = options.parse_args()
objective, examples = mlp(settings.hidden), digits(settings.images)
first = Examples(examples.x[: settings.batch], examples.t[: settings.batch])
run = Run(
    objective,
    SGD(LR, MOMENTUM),
    settings.batch,
    theta=start(objective),
    engine=(Plain if settings.plain else Fast)(N_THREADS),
)


def epochs() -> Iterator[float]:
    for some in chain([first, first], repeat(examples)):
        for step in run.steps(some):
            cost = step.cost
        yield cost


compete(epochs())
