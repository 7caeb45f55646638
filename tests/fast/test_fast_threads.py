"""Threads in the kernels: the same bits on any number of them, from many callers at once, and after a fork."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support import TESTS
from support.commands import output_of, python

from inkgrad.costs import CrossEntropy, SoftmaxCrossEntropy
from inkgrad.data import Augmentation, Examples
from inkgrad.fast import REPLACEMENTS, Fast, fuse, fuse_optimizer, kernels, warp
from inkgrad.layers import ELU, Chain, Conv2D, Dense, Dropout, Flatten, GroupNorm, LeakyReLU, MaxPool2D, ReLU, Softmax
from inkgrad.layout import Layout
from inkgrad.optimizers import SGD, Adam
from inkgrad.training import Objective, Run

pytestmark = pytest.mark.skipif(
    kernels.compiled is None, reason="installed without a C++ compiler, so there are no kernels"
)

PLAIN = [  # with the shape of one input, and the part of it that is not zero
    (Chain((Conv2D(1, 9), ReLU(), MaxPool2D())), (9, 8, 1), 1),
    (Chain((Conv2D(9, 40), ReLU(), MaxPool2D())), (9, 8, 9), 1),
    (Chain((Conv2D(3, 40, (1, 5), (2, 1)), ReLU())), (9, 8, 3), 1),
    (Chain((Conv2D(9, 17, padding="valid"),)), (9, 8, 9), 1),
    (Chain((GroupNorm(2, 18), ReLU(), MaxPool2D((2, 1)))), (9, 8, 18), 1),
    (Chain((GroupNorm(2, 18), ReLU())), (9, 8, 18), 1),
    (Chain((GroupNorm(3, 9), MaxPool2D())), (9, 8, 9), 1),
    (Chain((GroupNorm(1, 9),)), (9, 8, 9), 1),
    (Chain((MaxPool2D((2, 1)),)), (9, 8, 9), 1),
    (Chain((Dense(300, 130), ReLU())), (300,), 0.2),
    (Chain((Dense(300, 130), LeakyReLU())), (300,), 0.9),
    (Chain((Dense(300, 20), ELU())), (300,), 0.2),
    (Chain((Dense(300, 20),)), (300,), 0.9),
]
IMAGE_LAYERS = Conv2D(1, 8), ReLU(), MaxPool2D(), Conv2D(8, 9), ReLU(), MaxPool2D()
NETWORK = Chain((*IMAGE_LAYERS, Flatten(), Dense(441, 20), ReLU(), Dropout(0.3), Dense(20, 10), Softmax()))

every_plain = pytest.mark.parametrize(("plain", "shape", "inked"), PLAIN, ids=str)
every_float = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)


def bits(plain, shape, inked, n_threads, dtype=np.float32, n=37, seed=0):
    """Return all that a fused layer gives, with and without dx, as bytes."""
    network, rng = fuse(plain, n_threads), np.random.default_rng(seed)
    layout = Layout(network.shapes())
    theta, x = rng.normal(size=layout.size).astype(dtype), rng.normal(size=(n, *shape)).astype(dtype)
    x *= rng.random(x.shape) < inked
    gradient, alone = np.full_like(theta, np.nan), np.full_like(theta, np.nan)
    y, cache = network.forward(layout.views(theta), x)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx = network.backward(layout.views(theta), layout.views(gradient), cache, dy)
    network.parameter_gradient(layout.views(theta), layout.views(alone), cache, dy)
    return b"".join(array.tobytes() for array in (y, dx, gradient, alone))


def test_every_row_of_the_table_is_here():
    assert {tuple(type(layer) for layer in plain.layers) for plain, _, _ in PLAIN} == set(REPLACEMENTS)


@every_plain
@every_float
@pytest.mark.parametrize("n", [1, 2, 7, 8, 37, 100])
def test_a_layer_gives_the_same_bits_on_any_number_of_threads(instructions, plain, shape, inked, dtype, n):
    alone = bits(plain, shape, inked, 1, dtype, n)
    for n_threads in 2, 3, 5:
        assert bits(plain, shape, inked, n_threads, dtype, n) == alone


@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9), Adam(0.01, weight_decay=0.1)], ids=str)
@pytest.mark.parametrize("size", [5, 16_384, 100_001])
def test_an_optimizer_gives_the_same_bits_on_any_number_of_threads(instructions, rng, optimizer, size):
    start, gradients = rng.normal(size=size).astype(np.float32), rng.normal(size=(3, size)).astype(np.float32)
    found = []
    for n_threads in 1, 2, 3:
        fast, theta = fuse_optimizer(optimizer, n_threads), start.copy()
        state = fast.init(theta)
        for gradient in gradients:
            fast.step(theta, gradient, state)
        found.append(theta.tobytes() + state["v"].tobytes())
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_images_are_bent_to_the_same_bits_on_any_number_of_threads(instructions, rng, kind):
    images = rng.integers(0, 2, (50, 28, 28, 1)).astype(kind)
    warps = Augmentation(shift=2, rotation=20, thickness=1, elastic=2).draw(50, (28, 28), rng)
    alone = warp(images, warps)
    for n_threads in 2, 3:
        np.testing.assert_array_equal(warp(images, warps, n_threads), alone)


@pytest.mark.parametrize("augmentation", [None, Augmentation(shift=2, elastic=1)], ids=str)
def test_a_training_gives_the_same_bits_on_any_number_of_threads(instructions, digits, augmentation):
    examples = Examples(digits.train.x[:200], digits.train.t[:200])
    found = []
    for n_threads in 1, 2, 3:
        objective = Objective(NETWORK, CrossEntropy())
        run = Run(objective, Adam(0.002), batch_size=25, augmentation=augmentation, engine=Fast(n_threads))
        for _ in run.steps(examples):
            pass
        found.append(run.theta.tobytes())
    assert found[0] == found[1] == found[2]


def test_many_callers_at_once_get_the_bits_they_get_alone():
    """Who finds the threads at work for another does all by himself."""
    jobs = [(*PLAIN[i % len(PLAIN)], 2, np.float32, 5 + i % 40, i) for i in range(240)]
    alone = [bits(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda job: bits(*job), jobs)) == alone


def test_more_threads_may_be_asked_for_from_call_to_call():
    plain, shape, inked = PLAIN[1]
    alone = bits(plain, shape, inked, 1)
    for n_threads in 2, 7, 3, 16, 1, 2:
        assert bits(plain, shape, inked, n_threads) == alone


def test_costs_of_many_callers_are_those_they_have_alone(rng):
    objective = Objective(NETWORK, CrossEntropy()).on(Fast(2))
    theta, x, t = objective.init(rng), rng.random((30, 10, 28, 28, 1), np.float32), rng.integers(0, 10, (30, 10))

    def gradient(i):
        return objective(theta, x[i], t[i], np.random.default_rng(i))[1].tobytes()

    alone = [gradient(i) for i in range(30)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(gradient, range(30))) == alone


FORK = """
import multiprocessing, os, sys
sys.path[:0] = {folders!r}
from test_fast_threads import PLAIN, bits

def child(wanted):
    assert bits(*PLAIN[1], 2) == wanted
    assert bits(*PLAIN[1], 3) == wanted
    if {depth}:
        grandchild()

def grandchild():
    pid = os.fork()
    if pid == 0:
        bits(*PLAIN[1], 2)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

wanted = bits(*PLAIN[1], 2)  # so there are threads, which a fork does not bring along
for _ in range(3):
    process = multiprocessing.get_context("fork").Process(target=child, args=[wanted])
    process.start()
    assert bits(*PLAIN[1], 2) == wanted
    process.join()
    assert process.exitcode == 0, process.exitcode
print("all well")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("depth", [0, 1])
def test_a_forked_process_makes_threads_of_its_own(depth):
    program = FORK.format(folders=[str(TESTS), str(TESTS / "fast")], depth=depth)
    assert output_of(program) == "all well\n"


def test_a_process_ends_while_threads_wait():
    program = f"""
import sys
sys.path[:0] = {[str(TESTS), str(TESTS / "fast")]!r}
from test_fast_threads import PLAIN, bits
bits(*PLAIN[1], 3)
"""
    output_of(program)


DAEMONS = """
import sys
import threading
sys.path[:0] = {folders!r}
from test_fast_threads import training_step

begun = threading.Barrier(4)

def work():
    step = training_step({n_threads})
    step()
    begun.wait()
    while True:
        step()

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
for _ in range(20):
    training_step({n_threads})()
"""


def training_step(n_threads, n=50):
    """Return a step that spends its time in the kernels of a training, and in those that bend images."""
    rng = np.random.default_rng(0)
    x, t = rng.integers(0, 256, (n, 28, 28, 1), np.uint8), rng.integers(0, 10, n)
    objective = Objective(NETWORK, CrossEntropy()).on(Fast(n_threads))
    optimizer, theta = fuse_optimizer(Adam(), n_threads), objective.init(rng).astype(np.float32)
    state, warps = optimizer.init(theta), Augmentation(shift=2, elastic=1).draw(n, (28, 28), rng)

    def step():
        _, gradient = objective(theta, warp(x, warps, n_threads), t, rng)
        optimizer.step(theta, gradient, state)

    return step


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("times", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_a_process_ends_quietly_while_threads_are_in_kernels(times, n_threads):
    program = DAEMONS.format(folders=[str(TESTS), str(TESTS / "fast")], n_threads=n_threads)
    for _ in range(times):
        found = python(program)
        assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_a_fast_cost_is_the_same_from_any_thread(rng):
    objective = Objective(Chain((Dense(20, 10),)), SoftmaxCrossEntropy()).on(Fast(1))
    theta, x, t = objective.init(rng), rng.random((50, 20), np.float32), rng.integers(0, 10, 50)
    with ThreadPoolExecutor(4) as pool:
        assert len({pool.submit(objective, theta, x, t).result()[0] for _ in range(20)}) == 1
