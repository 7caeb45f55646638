"""The cost model of planning: formulas against schedules played through, known results and hand-worked numbers."""

import math

import numpy as np
import pytest
from support import name_of

from inkgrad.errors import SettingError
from lab.planning import (
    Halving,
    Link,
    Machines,
    Ring,
    Tree,
    Workload,
    amdahl,
    best_number,
    efficiency,
    gustafson,
    speed_up,
    step_seconds,
)

LINK, GAMMA = Link(alpha=3e-4, beta=2e-9), 5e-10
BYTES = 8  # of a number in what is played through


class Clock:
    """Workers with a clock each: a message keeps sender and receiver busy from when both are free."""

    def __init__(self, n):
        self.at = np.zeros(n)

    def send(self, sender, receiver, numbers):
        self.at[[sender, receiver]] = max(self.at[sender], self.at[receiver]) + LINK.seconds(BYTES * len(numbers))

    def add(self, worker, numbers):
        self.at[worker] += GAMMA * BYTES * len(numbers)


def played_tree(vectors, fan_in):
    """Add up a tree of reducers with processes of their own; return what each worker gets, and the time."""
    time, below = 0.0, list(vectors)
    while len(below) > 1:
        groups = [below[i : i + fan_in] for i in range(0, len(below), fan_in)]
        slowest = 0.0
        for group in groups:
            clock = Clock(1 + len(group))  # the reducer, and those below it
            for child, vector in enumerate(group):
                clock.send(1 + child, 0, vector)
                if child:
                    clock.add(0, vector)
            for child, vector in enumerate(group):  # the way down takes the same messages
                clock.send(0, 1 + child, vector)
            slowest = max(slowest, clock.at[0])
        time, below = time + slowest, [sum(group) for group in groups]
    return [below[0]] * len(vectors), time


def played_ring(vectors):
    n = len(vectors)
    parts = [[part.copy() for part in np.split(vector, n)] for vector in vectors]
    time = 0.0
    for turn in range(2 * (n - 1)):
        moving = [(i, (i - turn) % n) if turn < n - 1 else (i, (i + 1 - (turn - n + 1)) % n) for i in range(n)]
        sent = [parts[i][k].copy() for i, k in moving]
        for (i, k), part in zip(moving, sent, strict=True):  # all at once: links of a ring go one way
            parts[(i + 1) % n][k] = parts[(i + 1) % n][k] + part if turn < n - 1 else part
        time += LINK.seconds(BYTES * len(sent[0])) + (GAMMA * BYTES * len(sent[0]) if turn < n - 1 else 0)
    return [np.concatenate(part) for part in parts], time


def played_halving(vectors):
    n, size = len(vectors), len(vectors[0])
    held, spans, time, distance = [v.copy() for v in vectors], [(0, size)] * n, 0.0, 1
    while distance < n:
        before, halves = [v.copy() for v in held], []
        for i, (low, high) in enumerate(spans):
            middle = (low + high) // 2
            halves.append((low, middle) if not i & distance else (middle, high))
            a, b = halves[-1]
            held[i][a:b] += before[i ^ distance][a:b]
        spans, distance = halves, 2 * distance
        moved = BYTES * (spans[0][1] - spans[0][0])
        time += LINK.seconds(moved) + GAMMA * moved
    while distance > 1:
        distance //= 2
        before, wholes = [v.copy() for v in held], list(spans)
        for i in range(n):
            a, b = spans[i ^ distance]
            held[i][a:b] = before[i ^ distance][a:b]
            wholes[i] = min(spans[i][0], a), max(spans[i][1], b)
        time += LINK.seconds(BYTES * (spans[0][1] - spans[0][0]))
        spans = wholes
    return held, time


SCHEDULES = [
    *[(Tree(k), lambda v, k=k: played_tree(v, k), n) for k in (2, 3, 4, 8) for n in (2, 3, 4, 5, 8, 9, 16, 64)],
    *[(Ring(), played_ring, n) for n in (2, 3, 4, 8, 12)],
    *[(Halving(), played_halving, n) for n in (2, 4, 8, 16)],
]


@pytest.mark.parametrize(("reduction", "play", "n"), SCHEDULES, ids=name_of)
def test_a_reduction_takes_as_long_as_its_schedule_played_through(reduction, play, n, rng):
    vectors = list(rng.normal(size=(n, 48 * n)))
    sums, time = play(vectors)
    for found in sums:  # a schedule that does not add up proves nothing
        np.testing.assert_allclose(found, np.sum(vectors, axis=0), atol=1e-9)
    assert reduction.seconds(n, BYTES * 48 * n, LINK, GAMMA) == pytest.approx(time, rel=1e-9)


@pytest.mark.parametrize("reduction", [Tree(2), Tree(4), Ring(), Halving()], ids=str)
def test_one_worker_has_nobody_to_wait_for(reduction):
    assert reduction.seconds(1, 1e9, LINK, GAMMA) == 0


@pytest.mark.parametrize("reduction", [Tree(2), Tree(4), Ring(), Halving()], ids=str)
def test_nothing_sends_less_than_the_ring_bound(reduction):
    for n in 2, 3, 7, 64, 1000:
        assert reduction.seconds(n, 1e8, Link(0, 1e-9)) >= 2 * (n - 1) / n * 1e8 * 1e-9 * (1 - 1e-12)


def test_workers_that_are_no_power_of_two_first_pair_up():
    spare = 2 * LINK.seconds(1e6) + 1e6 * GAMMA
    assert Halving().seconds(5, 1e6, LINK, GAMMA) == pytest.approx(Halving().seconds(4, 1e6, LINK, GAMMA) + spare)


def test_a_fan_in_of_two_to_four_is_better_than_more():
    """k / ln k is least at e."""
    times = {k: Tree(k).seconds(k**8 if k < 5 else 4096, 1e6, LINK) / (8 * math.log(k)) for k in (2, 3, 4)}
    assert min(times, key=times.get) == 3
    assert times[2] == pytest.approx(times[4])
    assert Tree(4).seconds(4096, 1e6, LINK) < Tree(16).seconds(4096, 1e6, LINK) < Tree(4096).seconds(4096, 1e6, LINK)


WORK = Workload(n_parameters=1000, fixed=0.01, per_example=0.001)
FREE = Machines(Link(0, 0), Tree())


def test_a_step_by_hand():
    machines = Machines(Link(alpha=0.001, beta=1e-6), Tree(2), gamma=1e-7)
    compute = 0.01 + 25 * 0.001
    level = 2 * 2 * (0.001 + 4000e-6) + 4000e-7
    assert step_seconds(WORK, 100, 4, machines) == pytest.approx(compute + 2 * level)
    assert step_seconds(WORK, 100, 4, machines, sync_every=8) == pytest.approx(compute + 2 * level / 8)


def test_without_a_network_strong_scaling_is_amdahls_law_and_weak_scaling_is_perfect():
    serial = 0.01 / (0.01 + 1.0)
    for n in 1, 2, 10, 1000:
        assert speed_up(WORK, 1000, n, FREE) == pytest.approx(amdahl(serial, n))
        assert efficiency(WORK, 10, n, FREE) == pytest.approx(1)


def test_the_laws_by_hand():
    assert amdahl(0.05, 20) == pytest.approx(20 / 1.95)
    assert gustafson(0.05, 20) == pytest.approx(19.05)
    assert amdahl(0, 64) == gustafson(0, 64) == 64
    assert amdahl(1, 64) == gustafson(1, 64) == 1


def test_more_workers_than_examples_do_not_help():
    assert step_seconds(WORK, 8, 8, FREE) == step_seconds(WORK, 8, 1000, FREE)


def test_workers_that_share_cores_take_turns():
    shared = Machines(Link(0, 0), Tree(), cores=2)
    assert step_seconds(WORK, 100, 4, shared) == pytest.approx(2 * (0.01 + 0.025))
    assert speed_up(WORK, 100, 4, shared) < 2
    link = Machines(LINK, Ring(), GAMMA, cores=2)
    assert link.reduction.seconds(4, 1e6, LINK, GAMMA, 2) == 2 * link.reduction.seconds(4, 1e6, LINK, GAMMA)


def test_the_best_number_is_where_the_last_worker_still_pays():
    machines = Machines(LINK, Tree(4), GAMMA)
    times = {n: step_seconds(WORK, 1000, n, machines) for n in range(1, 400)}
    best = best_number(WORK, 1000, machines, times)
    assert times[best] == min(times.values())
    assert best > 4


def test_a_wire_adds_its_latency_and_its_bytes():
    assert Link(1e-3, 1e-9).over(gigabits=10, latency=2e-5).seconds(1e9) == pytest.approx(1e-3 + 2e-5 + 1 + 0.8)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Link(-1, 0), r"alpha, seconds a message, is a number, at least 0, got -1"),
        (lambda: Link(0, math.nan), "beta, seconds a byte, is a number, at least 0, got nan"),
        (lambda: LINK.over(0, 0), r"bandwidth, Gbit/s, is a number above 0, got 0"),
        (lambda: Tree(1), "fan-in is a whole number, at least 2, got 1"),
        (lambda: Ring().seconds(0, 1, LINK), "the number of workers is a whole number, at least 1, got 0"),
        (lambda: Workload(0, 0, 0), "the number of parameters is a whole number, at least 1, got 0"),
        (lambda: Workload(1, math.inf, 0), "the fixed seconds of a step is a number, at least 0, got inf"),
        (lambda: Machines(LINK, Ring(), cores=0), "the number of cores is at least 1, got 0"),
        (lambda: step_seconds(WORK, 0, 1, FREE), "the batch is a whole number, at least 1, got 0"),
        (lambda: step_seconds(WORK, 1, 1, FREE, 0), "the steps between averages is a whole number, at least 1, got 0"),
        (lambda: step_seconds(WORK, 1, True, FREE), "the number of workers is a whole number, at least 1, got True"),
        (lambda: amdahl(1.5, 2), "the part that is not shared is 0 to 1, got 1.5"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(SettingError, match=says):
        make()
