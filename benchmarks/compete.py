"""What a competitor does: work once for each time it is asked to, and tell the seconds."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator

import instructions
import numpy as np
from quiet import measured

N_THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))  # as race.py sets it
instructions.take()


def again(work: Callable[[], object]) -> Iterator[object]:
    """Yield what work() returns, for ever."""
    while True:
        yield work()


def compete(works: Iterator[object]) -> None:
    """Be a competitor whose work is next(works).

    The first two works have the same small input in every competitor: the time of the first is told,
    with all it takes to get ready; and one number of what came out of the second, the answer, so that
    race.py sees whether all do the same.  Then, for each line with a number n, n works are done.
    """
    start = time.perf_counter()
    next(works)
    first = time.perf_counter() - start
    answer = float(np.square(np.asarray(next(works), np.float64)).mean())
    print(json.dumps({"first": first, "answer": answer}), flush=True)
    for line in sys.stdin:
        n = int(line)
        sample = measured(lambda n=n: [next(works) for _ in range(n)])
        print(json.dumps(sample._replace(seconds=sample.seconds / n)), flush=True)
