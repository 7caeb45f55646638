"""`inkgrad sweep` as a stranger would use it: in a process of its own, killed, resumed, and without Ray."""

import json
import signal

import pytest
from support.commands import assert_refused, command, inkgrad, inkgrad_without, last_line, names_in, started

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


def trials_in(path):
    return [line["trial"] for line in map(json.loads, path.read_text().splitlines()[1:]) if "trial" in line]


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
    journal = tmp_path / "best.sweep.jsonl"
    assert_refused(sweep(*arguments, cwd=tmp_path), "holds an unfinished sweep")
    resumed = sweep(*arguments, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert sorted(trials_in(journal)) == [1, 2, 3]
    assert (tmp_path / "best.safetensors").read_bytes() == (swept[0] / "best.safetensors").read_bytes()


def test_a_trial_whose_checkpoint_is_damaged_begins_anew_with_a_word(swept, tmp_path, small_folder):
    (tmp_path / "sweep.toml").write_text(PLAN)
    lines = (swept[0] / "best.sweep.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "best.sweep.jsonl").write_text("".join(lines[:3]))  # the plan, and two trials that have ended
    damaged = tmp_path / "best.sweep" / "trial-00003.checkpoint.safetensors"
    damaged.parent.mkdir()
    damaged.write_bytes(b"damaged")
    resumed = sweep("sweep.toml", "--data", small_folder, "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    word = "inkgrad: a trial began anew, as its checkpoint could not be used, which is kept as best.sweep/"
    assert f"{word}{damaged.name}.unusable" in resumed.stderr.splitlines()
    assert damaged.with_name(f"{damaged.name}.unusable").read_bytes() == b"damaged"
    assert (tmp_path / "best.safetensors").read_bytes() == (swept[0] / "best.safetensors").read_bytes()


def test_ctrl_c_says_how_to_go_on(tmp_path):
    (tmp_path / "sweep.toml").write_text(PLAN)
    with started(command("sweep", "sweep.toml"), cwd=tmp_path) as process:
        process.stderr.readline()  # on all of MNIST: it goes on for seconds
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 2
    assert said.endswith("; to go on: inkgrad sweep sweep.toml --out best.safetensors --resume\n")


def test_without_ray_the_trials_run_one_after_another(swept, tmp_path, small_folder):
    (tmp_path / "sweep.toml").write_text(PLAN)
    arguments = "sweep.toml", "--data", small_folder, "--workers", 2
    found = inkgrad_without("ray", "sweep", *arguments, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "pip install 'inkgrad[ray]'; the trials run one after another" in found.stderr
    assert (tmp_path / "best.safetensors").read_bytes() == (swept[0] / "best.safetensors").read_bytes()
    refused = inkgrad_without("ray", "sweep", *arguments, "--ray", "10.0.0.1:6379", cwd=tmp_path)
    assert_refused(refused)
    assert last_line(refused.stderr).endswith("needs Ray, which is not installed: pip install 'inkgrad[ray]'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.toml",), "none.toml: No such file or directory"),
        (("sweep.toml", "--resume", "--anew"), "choose one of them"),
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


@pytest.mark.parametrize("wrong", [["--ray", "nonsense"], ["--workers", "4096"]])
def test_workers_that_cannot_work_leave_a_finished_sweep_as_it_is(swept, wrong, small_folder):
    pytest.importorskip("ray", reason="Ray, an extra, is not installed")
    folder, _ = swept
    before = {path: path.read_bytes() for path in sorted(folder.glob("best.*"))}
    found = sweep("sweep.toml", "--data", small_folder, *wrong, cwd=folder)
    assert found.returncode == 2
    assert "Traceback" not in found.stderr
    assert {path: path.read_bytes() for path in sorted(folder.glob("best.*"))} == before
