"""Training on several workers of a real Ray goes on when they are killed."""

import os
import re
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from support.commands import command, last_line, output_of, started, wait_for

from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import Dataset, Examples
from inkgrad.distributed.training import TrainingPool, train_together
from inkgrad.layers import Chain, Dense, Flatten, ReLU
from inkgrad.optimizers import SGD
from inkgrad.sessions import Paths, resume, start
from inkgrad.training import Objective, Run
from inkgrad.training.checkpoint import read_checkpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, by Ray

OBJECTIVE = Objective(Chain((Flatten(), Dense(784, 64), ReLU(), Dense(64, 10))), SoftmaxCrossEntropy())
EPOCHS = 2000  # of 10 steps each


@pytest.fixture(scope="module")
def few(digits):
    """A thousand digits to train on and two hundred to test on."""
    train, test = digits.train, digits.test
    return Dataset(Examples(train.x[:1000], train.t[:1000]), Examples(test.x[:200], test.t[:200]), digits.labels)


def new_run():
    return Run(OBJECTIVE, SGD(0.01, 0.9), batch_size=100, dtype=np.float64)


def workers():
    """Return the names of the processes that are workers of this program, by their numbers."""
    parents, found = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            about, name = (folder / "stat").read_text(), (folder / "cmdline").read_text()
        except OSError:
            continue  # it has ended
        parents[int(folder.name)] = int(about.rpartition(")")[2].split()[1])
        if name.startswith("ray::Worker"):
            found[int(folder.name)] = name

    def is_ours(process):
        while process in parents:
            if process == os.getpid():
                return True
            process = parents[process]
        return False

    return {process: name for process, name in found.items() if is_ours(process)}


def test_a_training_survives_twenty_kills_at_random_moments(local_ray, few):
    """Every second comes as soon as there are workers, the others after up to 1.5 s of work, in a step."""
    rng = np.random.default_rng(0)
    alone = new_run()
    for _ in range(EPOCHS):
        for _ in alone.steps(few.train):
            pass
    run, rows, killed, deaths, n_kills, idle = new_run(), [], set(), [], 0, time.monotonic()
    for news in train_together(run, few, EPOCHS, TrainingPool(2)):
        rows += news.rows
        deaths += [news.death] if news.death else []
        there = {process: name for process, name in workers().items() if process not in killed}
        at_work = any(name.startswith("ray::Worker.work") for name in there.values())
        idle = idle if at_work else time.monotonic()
        if n_kills < 20 and there and time.monotonic() >= idle + (n_kills % 2) * rng.uniform(0, 1.5):
            os.kill(int(rng.choice(list(there))), signal.SIGKILL)
            killed |= there.keys()  # the others are about to be ended, too
            n_kills += 1
    assert deaths == ["killed, or its machine is gone"] * 20
    assert [row["step"] for row in rows] == list(range(10, 10 * EPOCHS + 1, 10))
    np.testing.assert_allclose(run.theta, alone.theta, rtol=0, atol=1e-9)


def test_workers_that_find_no_core_are_not_waited_for_and_come_in_later(local_ray, few):
    class Idle:  # in a function, so that it travels whole: workers do not have this file
        pass

    others = [local_ray.remote(num_cpus=1)(Idle).remote() for _ in range(3)]
    local_ray.get([other.__ray_ready__.remote() for other in others])
    numbers, steps = [], []
    for news in train_together(new_run(), few, 10**6, TrainingPool(2), lambda: numbers[-2:] == [2, 2]):
        steps += [row["step"] for row in news.rows]
        if 1 in numbers or news.n_workers == 1:
            numbers.append(news.n_workers)
            while others:
                local_ray.kill(others.pop())
    assert numbers[0] == 1
    assert steps == list(range(10, steps[-1] + 1, 10))


def test_a_training_that_is_stopped_before_its_workers_are_there_stays_where_it_was(local_ray, few):
    run, before = new_run(), new_run().theta
    *_, last = train_together(run, few, 1, TrainingPool(1), lambda: True)
    assert (last.rows, run.epoch, run.step) == ([], 0, 0)
    np.testing.assert_array_equal(run.theta, before)


def spoken(script, *arguments):
    """Return what a program of its own, with its own Ray, prints last."""
    return last_line(output_of(script, *arguments, timeout=300))


LOSING_A_NODE = """
import numpy as np
from ray.cluster_utils import Cluster
from inkgrad.costs import SoftmaxCrossEntropy
from inkgrad.data import load_data
from inkgrad.distributed import connect
from inkgrad.distributed.training import TrainingPool, train_together
from inkgrad.layers import Chain, Dense, Flatten
from inkgrad.optimizers import SGD
from inkgrad.training import Objective, Run
from pathlib import Path
import sys

def new_run():
    return Run(Objective(Chain((Flatten(), Dense(784, 10))), SoftmaxCrossEntropy()), SGD(0.01, 0.9), dtype=np.float64)

few = load_data(Path(sys.argv[1]), 10)
cluster = Cluster()
nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
alone, run, steps = new_run(), new_run(), []
with connect(cluster.address, n_workers=3) as found:
    assert found.n_nodes == 3
    for news in train_together(run, few, 200, TrainingPool(3)):
        steps += [row["step"] for row in news.rows]
        if steps[-1:] > [100] and nodes:
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            nodes.clear()
for _ in range(200):
    for _ in alone.steps(few.train):
        pass
assert not nodes
assert steps == list(range(10, 2001, 10)), steps
np.testing.assert_allclose(run.theta, alone.theta, rtol=0, atol=1e-9)
cluster.shutdown()
print("went on")
"""


def test_a_training_goes_on_when_a_node_is_lost(small_folder):
    assert spoken(LOSING_A_NODE, str(small_folder)) == "went on"


def training(folder, data, *arguments):
    words = command("train", "--model", "seed", "--data", data, *arguments)
    return started(words, cwd=folder, start_new_session=True)


N_EPOCHS = 1000  # of the commands, of 10 steps each


@pytest.fixture(scope="module")
def whole(tmp_path_factory, small_folder):
    """The session of an undisturbed training in this process."""
    path = tmp_path_factory.mktemp("alone") / "digits.safetensors"
    session = start(Paths(path), {"model": "seed", "epochs": N_EPOCHS}, small_folder)
    for _ in session.steps():
        pass
    return session


def finished(tmp_path, small_folder, whole):
    """Go on in this process, and compare with the undisturbed training."""
    session = resume(Paths(tmp_path / "digits.safetensors"), {}, small_folder)
    assert 0 < session.steps_done < 10 * N_EPOCHS
    for _ in session.steps():
        pass
    assert [row["step"] for row in session.rows] == [row["step"] for row in whole.rows]
    assert session.rows[-1]["test_accuracy"] == pytest.approx(whole.rows[-1]["test_accuracy"], abs=0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["killed", "interrupted", "ended"])
def test_what_a_command_left_behind_is_gone_on_with(tmp_path, small_folder, whole, how):
    checkpoint = Paths(tmp_path / "digits.safetensors").checkpoint
    with training(tmp_path, small_folder, "--workers", 2, "--epochs", N_EPOCHS) as process:
        wait_for(lambda: checkpoint.exists() and read_checkpoint(checkpoint).place["epoch"], "it had trained", process)
        (os.killpg if how == signal.SIGINT else os.kill)(process.pid, how)  # Ctrl-C is for all in the terminal
        output, said = process.communicate(timeout=60)
    if how != signal.SIGKILL:
        assert process.returncode == 2
        assert re.search(r"inkgrad: interrupted after step \d+ of epoch \d+; to go on: inkgrad train --resume", said)
        assert "Traceback" not in said
        assert output == ""
    finished(tmp_path, small_folder, whole)


def children_of(pid):
    """Return the command lines of the processes that a process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue  # it has ended
    return found


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_ray_that_is_just_starting_can_be_interrupted(tmp_path, small_folder, how):
    with training(tmp_path, small_folder, "--workers", 1) as process:
        wait_for(lambda: any("gcs_server" in line for line in children_of(process.pid)), "Ray was starting", process)
        os.kill(process.pid, how)
        output, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.splitlines()[-1].startswith("inkgrad: interrupted")
    assert "Traceback" not in said
    assert output == ""
