"""Training steps of the convolutions of a recogniser of lines in inkgrad."""

from argparse import ArgumentParser
from collections.abc import Iterator

import numpy as np
from compete import N_THREADS, compete
from workloads import line, lines, start

from inkgrad.fast import Fast
from inkgrad.optimizers import Adam
from inkgrad.training import Plain

options = ArgumentParser(description=__doc__)
options.add_argument("batch", type=int)
options.add_argument("--plain", action="store_true", help="NumPy alone")
settings = options.parse_args()
engine = (Plain if settings.plain else Fast)(N_THREADS)
objective, (x, t) = line(), lines(settings.batch)
theta, gradient, optimizer = start(objective), np.empty_like(start(objective)), engine.fuse_optimizer(Adam())
evaluate, state = objective.on(engine).at(theta, gradient), optimizer.init(theta)


def steps() -> Iterator[float]:
    while True:
        cost = evaluate(x, t)
        optimizer.step(theta, gradient, state)
        yield cost


compete(steps())
