"""Training steps of the convolutional network in inkgrad, as a user writes them."""

from collections.abc import Iterator
from itertools import chain, repeat

from compete import N_THREADS, compete
from workloads import cnn, cnn_options, digits, start

from inkgrad.data import Examples
from inkgrad.fast import Fast
from inkgrad.optimizers import Adam
from inkgrad.training import Plain, Run

options = cnn_options(__doc__)
options.add_argument("--plain", action="store_true", help="NumPy alone")
settings = options.parse_args()
objective, examples = cnn(*settings.channels), digits(settings.images)
first = Examples(examples.x[: settings.batch], examples.t[: settings.batch])
run = Run(
    objective, Adam(), settings.batch, theta=start(objective), engine=(Plain if settings.plain else Fast)(N_THREADS)
)


def steps() -> Iterator[float]:
    for some in chain([first, first], repeat(examples)):
        yield from (step.cost for step in run.steps(some))


compete(steps())
