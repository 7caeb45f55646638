"""The command line, used as a stranger would: in a process of its own, with good and with silly input."""

import json
import os
import re
import shutil
import signal
import sys

import numpy as np
import pytest
from PIL import Image
from support.commands import (
    TIMEOUT,
    assert_refused,
    command,
    completed,
    ended,
    inkgrad,
    last_line,
    names_in,
    output_of,
    python,
    started,
    wait_for,
)

from inkgrad import load
from inkgrad.data import load_data, read_idx, write_idx
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.fast import instruction_set

SEED = "--model", "seed"  # the small network: most of what the command does is the same for all


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small_folder):
    """A folder with a model trained on a thousand digits, and what the training printed."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, inkgrad("train", *SEED, "--data", small_folder, "--check", cwd=folder)


def test_train_shows_a_digit_and_ends_with_the_accuracy(trained):
    folder, found = trained
    assert found.returncode == 0, found.stderr
    assert re.fullmatch(r"test accuracy 0\.\d{4} \(\d+ of 200\)\n", found.stdout)
    about, *lines = found.stderr.splitlines()
    assert re.fullmatch(r"inkgrad: small\d*: 1,000 training and 200 test images in 10 classes, 28 × 28, grey", about)
    assert lines[0].startswith("┌─ 5 ──")
    assert set("".join(lines[1:29])) == set("│ ░▒▓█")
    assert lines[29].startswith("└──")
    assert lines[30].startswith("inkgrad: step 0: the gradient is right; an error of ")
    assert [line[:12] for line in lines[31:36]] == [f"epoch {k} of 5" for k in range(1, 6)]
    assert names_in(folder) == [
        "digits.checkpoint.safetensors",
        "digits.curves.png",
        "digits.log.jsonl",
        "digits.safetensors",
    ]


def test_the_log_has_an_object_a_line(trained):
    folder, found = trained
    rows = [json.loads(line) for line in (folder / "digits.log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [10, 20, 30, 40, 50]
    assert rows[-1]["epoch"] == 5
    assert f"{rows[-1]['test_accuracy']:.4f}" in found.stdout
    assert rows[-1]["cost"] < rows[0]["cost"]


def test_evaluate_says_what_the_training_said(trained, small_folder, tmp_path):
    folder, training = trained
    picture = tmp_path / "wrong.png"
    found = inkgrad("evaluate", "digits.safetensors", "--data", small_folder, "--misread", picture, cwd=folder)
    assert found.returncode == 0, found.stderr
    accuracy = training.stdout.removeprefix("test ").strip()
    assert found.stdout.startswith(accuracy + ", 95 % interval 0.")
    numbers = [int(n) for line in found.stdout.splitlines() if line.startswith("│") for n in re.findall(r"\d+", line)]
    assert sum(numbers) - sum(range(10)) == 200  # each row of the matrix begins with its label
    with Image.open(picture) as drawn:
        assert drawn.width > 500


def test_evaluate_does_not_overwrite_the_model(trained, small_folder):
    folder, _ = trained
    found = inkgrad(
        "evaluate", "digits.safetensors", "--data", small_folder, "--misread", "digits.safetensors", cwd=folder
    )
    assert_refused(found, "digits.safetensors: this file is read here, so it cannot be written")


def test_the_cnn_is_trained_unless_another_is_named(small_folder, tmp_path):
    train = "train", "--data", small_folder, "--epochs", 2
    found = inkgrad(*train, "--threads", 1, "--check", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    least = re.search("the gradient is right; an error of (.*) of it would have been seen", found.stderr)[1]
    assert float(least) < 1e-3  # kinks do not count
    assert [type(layer).__name__ for layer in load(tmp_path / "digits.safetensors").network.layers].count("Conv2D") == 2
    twice = inkgrad(*train, "--threads", 2, "--anew", "--out", "twice.safetensors", cwd=tmp_path)
    assert twice.stdout == found.stdout
    once, again = (tmp_path / name for name in ("digits.safetensors", "twice.safetensors"))
    assert once.read_bytes() == again.read_bytes()  # the same on any number of threads


@pytest.mark.slow
def test_plain_layers_train_the_same_network(small_folder, tmp_path):
    train = "train", "--data", small_folder, "--epochs", 1
    assert inkgrad(*train, cwd=tmp_path).returncode == 0
    assert inkgrad(*train, "--plain", "--out", "plain.safetensors", cwd=tmp_path).returncode == 0
    fast, plain = (load(tmp_path / name) for name in ("digits.safetensors", "plain.safetensors"))
    assert fast.network == plain.network
    # Adam's first steps are lr long whatever the gradient: where that is nearly 0, rounding decides which way.
    apart = np.linalg.norm(fast.theta - plain.theta)
    assert apart < 0.01 * np.linalg.norm(fast.theta), apart
    x = fast.predict(load_data(small_folder).test.x)
    assert np.mean(x == plain.predict(load_data(small_folder).test.x)) > 0.97
    for flag in "--plain", "--threads=1":
        assert inkgrad("evaluate", "digits.safetensors", "--data", small_folder, flag, cwd=tmp_path).returncode == 0


def test_a_falling_learning_rate_does_not_go_on_for_longer(small_folder, tmp_path):
    assert inkgrad("train", "--data", small_folder, "--epochs", 1, cwd=tmp_path).returncode == 0
    found = inkgrad("train", "--resume", "--epochs", 2, cwd=tmp_path)
    assert_refused(found, "of 1 epochs, and its learning rate falls towards their end, got --epochs 2: leave it out")


def test_a_wide_confusion_matrix_keeps_its_numbers(trained, small_folder):
    folder, _ = trained
    narrow = os.environ | {"COLUMNS": "30"}
    found = inkgrad("evaluate", "digits.safetensors", "--data", small_folder, cwd=folder, env=narrow)
    assert "…" not in found.stdout
    assert max(map(len, found.stdout.splitlines())) > 50


def test_show_draws_a_digit_on_standard_output(tmp_path):
    found = inkgrad("show", 1, "--test", cwd=tmp_path)
    assert found.stdout.startswith("┌─ 2 ──")
    assert len(found.stdout.splitlines()) == 30


@pytest.mark.parametrize("problem", ["xor", "animals"])
def test_a_demo_trains_until_every_point_is_right_and_draws_it(tmp_path, problem):
    found = inkgrad("demo", problem, "--gif", "--every", 30, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    epochs = int(re.match(r"every point is right after (\d+) epochs", found.stdout)[1])
    pictures = sorted({*range(0, epochs, 30), epochs})
    expected = [f"{problem}-{epoch:05d}.png" for epoch in pictures] + [f"{problem}.gif"]
    assert names_in(tmp_path / f"demo-{problem}") == sorted(expected)
    assert ": 0 of" in found.stderr.splitlines()[-2]


@pytest.mark.slow
def test_a_demo_clears_away_the_pictures_of_the_last_one(tmp_path):
    (tmp_path / "xor-99999.png").touch()
    (tmp_path / "mine.png").touch()
    inkgrad("demo", "xor", "--out", tmp_path, cwd=tmp_path)
    assert "xor-99999.png" not in names_in(tmp_path)
    assert "mine.png" in names_in(tmp_path)


def test_a_demo_leaves_a_pipe_of_that_name_alone(tmp_path):
    os.mkfifo(tmp_path / "xor-99999.png")
    assert_refused(inkgrad("demo", "xor", "--out", tmp_path, cwd=tmp_path), "xor-99999.png: not an ordinary file")
    assert names_in(tmp_path) == ["xor-99999.png"]


# Stopping and going on.


SLOW = "--batch-size", 1, "--epochs", 2, "--lr", 0.001


def start_training(cwd, *arguments, rows=1):
    """Start a training, and return when its log has some rows."""
    process = started(command("train", *SEED, *SLOW, *arguments), cwd=cwd)
    log = cwd / "digits.log.jsonl"
    wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") >= rows, f"{rows} rows were in its log", process)
    return process


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, small_folder):
    folder = tmp_path_factory.mktemp("unbroken")
    assert inkgrad("train", *SEED, *SLOW, "--data", small_folder, cwd=folder).returncode == 0
    log = [json.loads(line) for line in (folder / "digits.log.jsonl").read_text().splitlines()]
    return (folder / "digits.safetensors").read_bytes(), log


@pytest.mark.parametrize(("number", "rows", "epoch"), [(signal.SIGINT, 1, 1), (signal.SIGTERM, 12, 2)])
def test_an_interrupted_training_goes_on_to_the_same_bits(tmp_path, small_folder, unbroken, number, rows, epoch):
    process = start_training(tmp_path, "--data", small_folder, rows=rows)
    process.send_signal(number)
    assert_refused(
        ended(process),
        "interrupted after step",
        f"of epoch {epoch}; to go on: inkgrad train --resume --out digits.safetensors",
        alone=False,
    )
    assert names_in(tmp_path) == ["digits.checkpoint.safetensors", "digits.log.jsonl"]
    found = inkgrad("train", *SEED, cwd=tmp_path)
    assert_refused(found, "holds an unfinished training,", "of 2 epochs: go on with --resume, or begin with --anew")
    found = inkgrad("train", *SEED, "--resume", cwd=tmp_path)  # it knows its data
    assert found.returncode == 0, found.stderr
    model, log = unbroken
    assert (tmp_path / "digits.safetensors").read_bytes() == model
    rows = [json.loads(line) for line in (tmp_path / "digits.log.jsonl").read_text().splitlines()]
    assert [row | {"seconds": 0} for row in rows] == [row | {"seconds": 0} for row in log]
    assert [row["seconds"] for row in rows] == sorted(row["seconds"] for row in rows)


def test_a_killed_training_goes_on_from_its_last_checkpoint(tmp_path, small_folder, unbroken):
    process = start_training(tmp_path, "--data", small_folder, rows=11)
    process.kill()
    process.communicate(timeout=TIMEOUT)
    assert inkgrad("train", *SEED, "--resume", "--data", small_folder, cwd=tmp_path).returncode == 0
    assert (tmp_path / "digits.safetensors").read_bytes() == unbroken[0]


def test_an_unfinished_training_is_dropped_when_that_is_said(tmp_path, small_folder):
    process = start_training(tmp_path, "--data", small_folder)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert inkgrad("train", *SEED, "--anew", "--epochs", 1, "--data", small_folder, cwd=tmp_path).returncode == 0


def test_ctrl_c_outside_the_training_is_said_so(tmp_path):
    process = started(command("demo", "animals", "--every", 1), cwd=tmp_path)
    process.stderr.readline()  # the first picture
    process.send_signal(signal.SIGINT)
    found = ended(process)
    assert (found.returncode, last_line(found.stderr)) == (2, "inkgrad: interrupted")


def test_the_gradient_is_checked_on_the_way_when_that_is_said(tmp_path, small_folder):
    found = inkgrad("train", *SEED, "--data", small_folder, "--epochs", 3, "--check-every", 12, cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    checked = re.findall(r"inkgrad: step (\d+): the gradient is right; an error of", found.stderr)
    assert checked == ["0", "12", "24"]
    found = inkgrad("train", *SEED, "--check-every", 0, cwd=tmp_path)
    assert_refused(found, "checks are at least 1 step apart, got --check-every 0")


def test_a_wrong_gradient_stops_the_training_with_exit_status_1(tmp_path, small_folder):
    program = f"""
import sys
from dataclasses import replace
from inkgrad.cli import main
from inkgrad.layers import Chain, Dense, ELU, Flatten, Softmax
from inkgrad.models import MODELS
class Diagonal(Softmax):
    def vjp(self, x, y, dy):
        return dy * y * (1 - y)
network = lambda n, shape: Chain((Flatten(), Dense(784, n), Diagonal()))
MODELS["seed"] = replace(MODELS["seed"], network=network)
sys.argv = ["inkgrad", "train", "--model", "seed", "--check", "--data", {str(small_folder)!r}]
main()
"""
    found = python(program, cwd=tmp_path)
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1].startswith("inkgrad: ")
    assert names_in(tmp_path) == []


@pytest.mark.slow
def test_a_finished_training_goes_on_with_more_epochs(tmp_path, small_folder):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    train = "train", *SEED, "--data", small_folder
    inkgrad(*train, "--epochs", 3, "--out", whole, cwd=tmp_path)
    inkgrad(*train, "--epochs", 1, "--out", parts, cwd=tmp_path)
    inkgrad("train", *SEED, "--resume", "--epochs", 3, "--out", parts, cwd=tmp_path)
    assert parts.read_bytes() == whole.read_bytes()
    found = inkgrad("train", *SEED, "--resume", "--epochs", 2, "--out", parts, cwd=tmp_path)
    assert_refused(found, "is of a training of 3 epochs so far, got --epochs 2")


def test_a_finished_training_writes_its_model_once_more(trained, tmp_path):
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "digits.safetensors").read_bytes()
    (tmp_path / "digits.safetensors").unlink()
    found = inkgrad("train", *SEED, "--resume", cwd=tmp_path)
    assert found.stdout == trained[1].stdout
    assert (tmp_path / "digits.safetensors").read_bytes() == before


def test_going_on_with_another_setting_or_other_data_is_refused(trained, tmp_path, small_folder):
    shutil.copytree(trained[0], tmp_path, dirs_exist_ok=True)
    before = (tmp_path / "digits.checkpoint.safetensors").read_bytes()
    found = inkgrad("train", *SEED, "--resume", "--epochs", 9, "--lr", 0.1, cwd=tmp_path)
    assert_refused(found, "is of a training with --lr 0.05, got 0.1: leave it out")
    other = tmp_path / "other"
    shutil.copytree(small_folder, other)
    labels = read_idx(other / LABELS["train"])
    labels[0] = 6
    write_idx(other / LABELS["train"], labels)
    found = inkgrad("train", *SEED, "--resume", "--epochs", 9, "--data", other, cwd=tmp_path)
    assert_refused(found, "is of a training on other data: give the same --data as then")
    assert (tmp_path / "digits.checkpoint.safetensors").read_bytes() == before


# Silly input.


def spoil(folder, name, change):
    path = next(folder.glob(f"{name}*"))
    array = change(read_idx(path))
    path.unlink()
    write_idx(folder / name, array)


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        (LABELS["train"], lambda t: np.where(t == 3, 13, t).astype(np.uint8), "label 13 at index 7 is out of range"),
        (IMAGES["train"], lambda x: x[:, :20], "shape (20, 28, 1)"),
        (IMAGES["train"], lambda x: np.where(x > 254, np.nan, x / 255).astype(np.float32), "finite numbers, got nan"),
        (LABELS["train"], lambda t: t[:-1], "1000 inputs but 999 labels"),
    ],
)
def test_train_refuses_bad_data_and_writes_nothing(
    small_folder, tmp_path, monkeypatch, inkgrad_here, part, change, words
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_folder, tmp_path / "data")
    spoil(tmp_path / "data", part, change)
    found = inkgrad_here("train", *SEED, "--data", "data")
    assert_refused(found, words)
    assert names_in(tmp_path) == ["data"]


def test_train_refuses_images_that_are_too_small_for_the_network(small_folder, tmp_path, monkeypatch, inkgrad_here):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_folder, tmp_path / "data")
    for part in IMAGES.values():
        spoil(tmp_path / "data", part, lambda x: x[:, 10:13, 10:13])
    found = inkgrad_here("train", "--data", "data")
    assert_refused(found, "of at least 4 × 4 pixels, got (3, 3, 1): bring them to a larger --size")
    assert names_in(tmp_path) == ["data"]


@pytest.mark.parametrize("damage", ["missing", "cut off", "corrupt"])
def test_train_refuses_damaged_files_by_name(small_folder, tmp_path, monkeypatch, inkgrad_here, damage):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(small_folder, tmp_path / "data")
    path = tmp_path / "data" / f"{IMAGES['train']}.gz"
    raw = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(raw[: len(raw) // 2] + (b"" if damage == "cut off" else bytes(len(raw) // 2)))
    found = inkgrad_here("train", *SEED, "--data", "data")
    assert_refused(found, "data", IMAGES["train"])
    assert names_in(tmp_path) == ["data"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "--model", "huge"], "there is no model 'huge', only cnn, "),
        (["train", *SEED, "--lr", "-1"], "SGD takes a finite learning rate above 0, got -1.0"),
        (["train", *SEED, "--lr", "nan"], "SGD takes a finite learning rate above 0, got nan"),
        (["train", *SEED, "--momentum", "1"], "a momentum in [0, 1), got 1.0"),
        (["train", "--threads", "0"], "the work is done by 1 to 256 threads, got 0"),
        (["evaluate", "cnn", "--threads", "99999999999"], "1 to 256 threads, got 99999999999"),
        (
            ["check", "cnn", "--every-entry"],
            "has 18496 parameters, which --every-entry would move one by one, for many minutes: leave it out",
        ),
        (["train", "--epochs", "0"], "at least 1 epoch, got --epochs 0"),
        (["train", "--classes", "12"], "MNIST has 10 classes, got 12: give your own data with --data"),
        (["evaluate", "."], ".: Is a directory"),
        (["train", "--classes", "1"], "at least 2 classes to tell apart, got --classes 1"),
        (["train", "--batch-size", "0"], "at least 1 example, got a batch size of 0"),
        (["train", "--seed", "-1"], "a seed is a whole number of 0 or more, got -1"),
        (
            ["train", "--seed", str(2**63)],
            "a --seed is at most 9223372036854775807, as 64 bits hold it, got 92233720",
        ),
        (["train", "--batch-size", str(2**63)], "a --batch-size is at most 9223372036854775807, as 64 bits hold it"),
        (["train", "--epochs", str(2**63)], "a --epochs is at most 9223372036854775807, as 64 bits hold it"),
        (["train", "--batch-size", "many"], "'--batch-size': Input should be a valid integer"),
        (["train", "--data", "nowhere"], "there is no folder nowhere"),
        (["train", "--out", "no/such/folder/m.safetensors"], "no/such/folder: there is no such folder"),
        (["train", "--out", "."], "not an ordinary file"),
        (["train", "--resume"], "there is no digits.checkpoint.safetensors to go on from"),
        (["evaluate", "nothing.safetensors"], "nothing.safetensors: No such file or directory"),
        (["evaluate", "text.txt"], "text.txt is not a safetensors file"),
        (["show", "70000"], "there are 60000 training digits, 0 to 59999, got 70000"),
        (["show", "--", "-1"], "there are 60000 training digits, 0 to 59999, got -1"),
        (["demo", "xor", "--every", "0"], "at least 1 epoch apart, got --every 0"),
        (["demo", "mushrooms"], "No such command 'mushrooms'"),
        (["demo", "xor", "--out", "text.txt"], "text.txt: File exists"),
        (["sing"], "No such command 'sing'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_silly_input_gets_one_clear_line(tmp_path, monkeypatch, inkgrad_here, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text("a letter to a friend")
    assert_refused(inkgrad_here(*arguments), words)
    assert names_in(tmp_path) == ["text.txt"]


def test_a_model_with_a_layer_of_the_users_own_says_how_to_load_it(tmp_path):
    program = """
from dataclasses import dataclass
import numpy as np
from inkgrad.costs import SquaredError
from inkgrad.layers import Chain, Tanh
from inkgrad.models import Model
@dataclass(frozen=True)
class Mine(Tanh):
    pass
Model(Chain((Mine(),)), SquaredError(), np.zeros(0, np.float32), ("a", "b"), (2,)).save("mine.safetensors")
"""
    output_of(program, cwd=tmp_path)
    found = inkgrad("evaluate", "mine.safetensors", cwd=tmp_path)
    assert_refused(found, "'Mine', which is unknown here: load it in Python with load(path, layers=[...])")


def test_a_learning_rate_too_large_is_said_so(tmp_path, small_folder):
    found = inkgrad("train", *SEED, "--data", small_folder, "--lr", 1e30, cwd=tmp_path)
    assert_refused(found, "no longer a number at step", "of epoch 1: try a smaller learning rate", alone=False)
    assert "digits.safetensors" not in names_in(tmp_path)


def test_a_full_disk_is_said_so_and_leaves_nothing_half_written(tmp_path, small_folder):
    program = f"""
import os, resource
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
os.execv({sys.executable!r}, {command("train", *SEED, "--data", small_folder)!r})
"""
    found = python(program, cwd=tmp_path)
    assert_refused(found, "digits.checkpoint.safetensors: File too large", alone=False)
    assert names_in(tmp_path) == ["digits.log.jsonl"]


def test_whoever_reads_our_output_may_stop(tmp_path):
    pipe = completed(f"{sys.executable} -m inkgrad show | head -1", shell=True, cwd=tmp_path)
    assert pipe.stdout.startswith("┌─ 5 ─")
    assert (pipe.returncode, pipe.stderr) == (0, "")


def test_a_terminal_without_block_characters_gets_plain_ones(tmp_path):
    found = inkgrad("show", cwd=tmp_path, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("+- 5 ---")
    assert set(found.stdout) == set("+- 5|.*#\n")


def test_a_closed_standard_output_is_no_reason_to_fail(tmp_path):
    found = completed(f"{sys.executable} -m inkgrad show >&-", shell=True, cwd=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("target", ["nowhere.py:Scale", "mine.py:Nothing", "mine.py"])
def test_what_a_closed_standard_error_would_be_told_is_not_in_the_answer(tmp_path, target):
    (tmp_path / "mine.py").write_text("class Nothing: pass\n")
    found = completed(f"{sys.executable} -m inkgrad check {target} 2>&-", shell=True, cwd=tmp_path)
    assert (found.returncode, found.stdout) == (2, "")


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["evaluate"], ["read"], ["form"], ["review"], ["show"], ["demo"], ["demo", "xor"]]
)
def test_help_teaches(inkgrad_here, arguments):
    found = inkgrad_here(*arguments, "--help")
    assert found.returncode == 0
    assert "Usage: " in found.stdout


def test_the_version_is_that_of_the_library(tmp_path):
    import inkgrad as library

    first, second = inkgrad("--version", cwd=tmp_path).stdout.splitlines()
    assert first == f"inkgrad {library.__version__}"
    built = instruction_set()
    assert second.startswith(f"fast layers: compiled, using {built}" if built else "fast layers: none")


def test_training_on_mnist_takes_less_than_450_megabytes(tmp_path):
    program = f"""
import resource, subprocess
subprocess.run({command("train", *SEED, "--epochs", 1)!r}, capture_output=True, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
    assert float(output_of(program, cwd=tmp_path)) < 450
