"""Two commands that would write the same files: the second is refused, and what a killed one left is taken over."""

import signal

import pytest
from support.commands import TIMEOUT, assert_refused, command, last_line, names_in, started, wait_for

SLOW = "--model", "seed", "--batch-size", 1, "--lr", 0.001, "--epochs", 2
SWEEP = """
model = "seed"
epochs = 2
batch_size = 1

[search]
trials = 2

[space]
lr = {low = 0.0001, high = 0.001, log = true}
"""


@pytest.fixture
def stopped_at(tmp_path, monkeypatch):
    """Start a command in the folder of the test, and make it pause once a file there has a line; end it at last."""
    monkeypatch.chdir(tmp_path)
    processes = []

    def start(name, *words):
        process, there = started(command(*words)), tmp_path / name
        processes.append(process)
        wait_for(lambda: there.exists() and b"\n" in there.read_bytes(), f"{name} had a line", process)
        process.send_signal(signal.SIGSTOP)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=TIMEOUT)


def test_a_second_training_is_refused_and_the_first_ends_well(tmp_path, stopped_at, inkgrad_here, small_folder):
    train = "train", *SLOW, "--data", small_folder
    first = stopped_at("digits.log.jsonl", *train)
    held = f"digits.lock is held by process {first.pid}, which writes these files: wait for its end, or choose another "
    for way in "--anew", "--resume":
        assert_refused(inkgrad_here(*train, way), f"{held}--out")
    first.send_signal(signal.SIGCONT)
    assert first.wait(TIMEOUT) == 0
    assert (tmp_path / "digits.log.jsonl").read_text().count("\n") == 20  # two epochs of 1,000 steps, a row every 100
    assert "digits.lock" not in names_in(tmp_path)


@pytest.mark.parametrize("way", ["--resume", "--anew"])
def test_the_lock_of_a_killed_training_is_taken_over_with_a_word(tmp_path, stopped_at, inkgrad_here, small_folder, way):
    train = "train", *SLOW, "--data", small_folder
    process = stopped_at("digits.log.jsonl", *train)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    assert "digits.lock" in names_in(tmp_path)
    found = inkgrad_here(*train, way)
    assert found.returncode == 0, found.stderr
    word = f"inkgrad: process {process.pid} has ended without removing digits.lock: taken over"
    assert word in found.stderr.splitlines()
    assert "digits.lock" not in names_in(tmp_path)


def test_a_sweep_and_a_training_of_its_name_exclude_each_other(tmp_path, stopped_at, inkgrad_here, small_folder):
    (tmp_path / "sweep.toml").write_text(SWEEP)
    sweep = "sweep", "sweep.toml", "--data", small_folder
    process = stopped_at("best.sweep.jsonl", *sweep)
    held = f"best.lock is held by process {process.pid}"
    for words in (*sweep, "--resume"), (*sweep, "--anew"), ("train", *SLOW, "--out", "best.safetensors"):
        assert_refused(inkgrad_here(*words), held)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    found = inkgrad_here(*sweep, "--resume")
    assert f"inkgrad: process {process.pid} has ended without removing best.lock: taken over\n" in found.stderr
    assert "best.lock" not in names_in(tmp_path)


def test_a_checkpoint_that_cannot_be_read_is_kept(tmp_path, monkeypatch, inkgrad_here, small_folder):
    monkeypatch.chdir(tmp_path)
    checkpoint = tmp_path / "digits.checkpoint.safetensors"
    checkpoint.write_bytes(b"not one")
    train = "train", "--model", "seed", "--epochs", 1, "--data", small_folder
    assert_refused(
        inkgrad_here(*train),
        "digits.checkpoint.safetensors is not a",
        "move it away, or begin with --anew, which drops it",
    )
    (tmp_path / "sweep.toml").write_text(SWEEP)
    found = inkgrad_here("sweep", "sweep.toml", "--out", "digits.safetensors", "--data", small_folder)
    assert_refused(found, "digits.checkpoint.safetensors is not a", "choose another --out, or begin with --anew")
    assert checkpoint.read_bytes() == b"not one"
    found = inkgrad_here(*train, "--anew")
    assert (found.returncode, last_line(found.stdout)[:13]) == (0, "test accuracy")
