"""`inkgrad sweep` as a stranger would use it: in processes of its own, killed, resumed, and without Optuna."""

import os
import signal
from pathlib import Path

import pytest
from support.commands import assert_refused, command, inkgrad, inkgrad_without, names_in, started

from inkgrad import load

PLAN = """model = "seed"
epochs = 2
[search]
trials = 3
[space]
lr = {low = 0.01, high = 0.2, log = true}
"""


def sweep(*arguments, cwd):
    return inkgrad("sweep", *arguments, cwd=cwd)


def children(pid):
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def swept(tmp_path_factory, small_folder):
    """A folder in which a sweep was made, and what it printed."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "sweep.toml").write_text(PLAN)
    return folder, sweep("sweep.toml", "--data", small_folder, cwd=folder)


def test_a_sweep_ends_with_a_table_the_best_model_and_its_accuracy(swept):
    folder, found = swept
    assert found.returncode == 0, found.stderr
    table = found.stdout.splitlines()
    assert table[0].split() == ["trial", "lr", "epochs", "accuracy", "seconds"]
    accuracies = [float(row.split()[3]) for row in table[1:4]]
    assert accuracies == sorted(accuracies, reverse=True)
    card = load(folder / "best.safetensors").card
    assert table[4] == f"test accuracy {card.accuracy:.4f} ({card.n_right} of 200)"
    assert f"trial {table[1].split()[0]} is the best; now on all training digits: inkgrad train --model seed" in (
        found.stderr
    )
    assert "3 of 3: trial " in found.stderr
    names = names_in(folder)
    assert set(names) >= {"best.safetensors", "best.sweep.jsonl", "best.sweep.csv", "best.sweep.png", "best.curves.png"}
    assert "best.sweep" not in names


def test_a_sweep_that_is_done_is_resumed_without_running_anything(swept, small_folder):
    folder, found = swept
    again = sweep("sweep.toml", "--data", small_folder, "--resume", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert again.stdout == found.stdout
    assert "0 of 3 trials to run" in again.stderr


def test_a_sweep_killed_in_the_middle_is_resumed(swept, tmp_path, small_folder):
    (tmp_path / "sweep.toml").write_text(PLAN)
    arguments = "sweep.toml", "--data", small_folder
    with started(command("sweep", *arguments), cwd=tmp_path) as process:
        assert "1 of 3" in "".join(process.stderr.readline() for _ in range(3))
        process.send_signal(signal.SIGKILL)
    assert_refused(sweep(*arguments, cwd=tmp_path), "holds an unfinished sweep")
    resumed = sweep(*arguments, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert len((tmp_path / "best.sweep.csv").read_text().splitlines()) == 4
    assert (tmp_path / "best.safetensors").read_bytes() == (swept[0] / "best.safetensors").read_bytes()


def test_ctrl_c_says_how_to_go_on(tmp_path):
    (tmp_path / "sweep.toml").write_text(PLAN)
    with started(command("sweep", "sweep.toml"), cwd=tmp_path) as process:
        process.stderr.readline()  # on all of MNIST: it goes on for seconds
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 2
    assert said.endswith("; to go on: inkgrad sweep sweep.toml --out best.safetensors --resume\n")


def test_workers_make_the_same_model_and_a_killed_one_is_replaced_with_a_word(swept, tmp_path, small_folder):
    (tmp_path / "sweep.toml").write_text(PLAN)
    with started(command("sweep", "sweep.toml", "--data", small_folder, "--workers", 2), cwd=tmp_path) as process:
        said = [process.stderr.readline() for _ in range(2)]
        while not (workers := [pid for pid in children(process.pid) if is_python(pid)]):
            assert process.poll() is None
        os.kill(workers[0], signal.SIGKILL)
        said += process.stderr.readlines()
    assert process.wait(60) == 0, said
    assert any(f"worker {workers[0]} was killed" in line and "another takes its place" in line for line in said), said
    assert (tmp_path / "best.safetensors").read_bytes() == (swept[0] / "best.safetensors").read_bytes()


def is_python(pid):
    """Whether a process is a worker, not what multiprocessing tidies up with."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
    return b"popen_loky_posix" in words


def test_a_second_process_joins_a_sweep(tmp_path, small_folder):
    (tmp_path / "sweep.toml").write_text(PLAN.replace("trials = 3", "trials = 60"))
    arguments = "sweep", "sweep.toml", "--data", small_folder
    assert_refused(inkgrad(*arguments, "--join", cwd=tmp_path), "there is no sweep under way in best.sweep.jsonl")
    with started(command(*arguments), cwd=tmp_path) as first:
        assert "of 60" in "".join(first.stderr.readline() for _ in range(3))
        joined = inkgrad(*arguments, "--join", cwd=tmp_path)
        rest = first.stdout.read()
    assert joined.returncode == 0, joined.stderr
    assert first.wait(60) == 0
    assert len(rest.splitlines()) == 62
    assert "test accuracy" in rest
    assert "test accuracy" not in joined.stdout


def test_without_optuna_one_line_names_the_extra(tmp_path):
    (tmp_path / "sweep.toml").write_text(PLAN)
    refused = inkgrad_without("optuna", "sweep", "sweep.toml", cwd=tmp_path)
    assert_refused(refused, "sweeps need Optuna, which is not installed: pip install 'inkgrad[sweep]'")
    assert inkgrad_without("optuna", "sweep", "--example", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.toml",), "none.toml: No such file or directory"),
        (("sweep.toml", "--resume", "--anew"), "choose one of them"),
        (("sweep.toml", "--join", "--anew"), "choose one of them"),
        (("sweep.toml", "--workers", "0"), "work takes at least 1 worker, got --workers 0"),
        (("sweep.toml", "--out", "nowhere/best.safetensors"), "nowhere: there is no such folder"),
        (("sweep.toml", "--data", "nowhere"), "there is no folder nowhere"),
        (("sweep.toml", "--threads", "0"), "1 to 256 threads, got 0"),
    ],
)
def test_bad_input_is_refused_in_one_line(tmp_path, arguments, said):
    (tmp_path / "sweep.toml").write_text(PLAN)
    assert_refused(sweep(*arguments, cwd=tmp_path), said)
    assert names_in(tmp_path) == ["sweep.toml"]


def test_the_example_can_be_used_as_it_is(tmp_path):
    found = sweep("--example", cwd=tmp_path)
    assert found.returncode == 0
    assert found.stdout.startswith("# What `inkgrad sweep` tries.")
