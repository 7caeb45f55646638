"""`inkgrad plot`, used as a stranger would, with right and with silly input."""

import json

import numpy as np
import pytest
from PIL import Image
from support.commands import assert_refused, last_line, names_in

from inkgrad import load
from inkgrad.costs import CrossEntropy
from inkgrad.data import animals, load_data, write_idx
from inkgrad.data.idx_set import IMAGES, LABELS
from inkgrad.layers import Chain, Dense, Flatten, ReLU, Softmax, Tanh
from inkgrad.layout import Layout
from inkgrad.models import Model
from inkgrad.sessions import Paths, start


def new_model(network, labels, input_shape):
    rng = np.random.default_rng(0)
    theta = rng.normal(size=Layout(network.shapes()).size).astype(np.float32)
    return Model(network, CrossEntropy(), theta, labels, input_shape)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, small_folder):
    """A folder with a trained model and its log, another log, and models of two inputs and of none of the kinds."""
    folder = tmp_path_factory.mktemp("plots")
    session = start(Paths(folder / "digits.safetensors"), {"model": "seed", "epochs": 2}, small_folder)
    list(session.steps())
    session.save_model()
    (folder / "digits.curves.png").unlink()
    (folder / "other.log.jsonl").write_text('{"epoch": 1, "step": 9, "cost": 0.5, "test_accuracy": 0.5}\n')
    (folder / "broken.log.jsonl").write_text('{"epoch": 1}\nnothing\n')
    (folder / "empty.log.jsonl").touch()
    network = Chain((Dense(2, 8), Tanh(), Dense(8, 2), Softmax()))
    new_model(network, animals().labels, (2,)).save(folder / "animals.safetensors")
    new_model(Chain((Dense(2, 3), Softmax())), ("a", "b", "c"), (2,)).save(folder / "three.safetensors")
    new_model(Chain((ReLU(), Softmax())), ("a", "b"), (2,)).save(folder / "bare.safetensors")
    return folder


@pytest.fixture
def plot(folder, monkeypatch, inkgrad_here):
    """The command in that folder."""
    monkeypatch.chdir(folder)
    return lambda *words: inkgrad_here("plot", *words)


def colours_in(path):
    with Image.open(path) as picture:
        return len(picture.convert("RGB").getcolors(maxcolors=1_000_000))


@pytest.mark.parametrize(
    ("arguments", "picture", "needs_data"),
    [
        (["curves"], "digits.curves.png", False),
        (["curves", "digits.log.jsonl", "other.log.jsonl"], "curves.png", False),
        (["confusion", "digits.safetensors"], "digits.confusion.png", True),
        (["misread", "digits.safetensors"], "digits.misread.png", True),
        (["weights", "digits.safetensors"], "digits.weights.png", False),
        (["weights", "animals.safetensors"], "animals.weights.png", False),
        (["weights", "cnn"], "cnn.weights.png", False),
        (["calibration", "digits.safetensors"], "digits.calibration.png", True),
        (["check", "animals.safetensors"], "animals.check.png", False),
        (["boundary", "animals.safetensors"], "animals.boundary.png", False),
        (["boundary", "three.safetensors"], "three.boundary.png", False),
        (["boundary", "animals.safetensors", "--data", "spirals"], "animals.boundary.png", False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_picture_lies_where_the_command_says(plot, folder, small_folder, arguments, picture, needs_data):
    found = plot(*arguments, *(["--data", small_folder] if needs_data else []))
    assert found.returncode == 0, found.stderr
    assert last_line(found.stderr).endswith(f" in {picture}")
    assert colours_in(folder / picture) > 20
    (folder / picture).unlink()


@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")])
def test_the_ending_says_which_kind(plot, tmp_path, name, start):
    assert plot("weights", "cnn", "--out", tmp_path / name).returncode == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_the_calibration_error_is_printed_too(plot, small_folder, tmp_path, folder):
    arguments = "--data", small_folder, "--bins", 1, "--out", tmp_path / "a.png"
    printed = plot("calibration", "digits.safetensors", *arguments).stdout
    model, test = load(folder / "digits.safetensors"), load_data(small_folder).test
    sure, right = model.probabilities(test.x).max(axis=1).mean(), (model.predict(test.x) == test.t).mean()
    assert printed == f"expected calibration error {abs(sure - right):.4f} (200 examples, 1 bins)\n"


def test_when_nothing_is_misread_there_is_no_picture(plot, folder, tmp_path):
    model, test = load(folder / "digits.safetensors"), load_data(None).test
    images = test.x[:50]
    for part in "train", "test":
        write_idx(tmp_path / IMAGES[part], images[..., 0])
        write_idx(tmp_path / LABELS[part], model.predict(images).astype(np.uint8))
    found = plot("misread", "digits.safetensors", "--data", tmp_path, "--out", tmp_path / "a.png")
    assert found.returncode == 0
    assert found.stderr.endswith("inkgrad: no digit was misread, so there is no picture of them\n")
    assert not (tmp_path / "a.png").exists()


def test_logs_of_the_same_name_are_told_apart_by_their_folder(plot, folder, tmp_path):
    (tmp_path / "digits.log.jsonl").write_text(json.dumps({"epoch": 1, "cost": 1}) + "\n")
    out = tmp_path / "both.svg"
    found = plot("curves", "digits.log.jsonl", tmp_path / "digits.log.jsonl", "--out", out)
    assert found.returncode == 0, found.stderr


def test_a_letter_that_the_font_lacks_is_said_in_one_line(plot, folder, tmp_path):
    model = new_model(Chain((Flatten(), Dense(784, 10), Softmax())), tuple("零一二三四五六七八九"), (28, 28, 1))
    model.save(tmp_path / "chinese.safetensors")
    found = plot("confusion", tmp_path / "chinese.safetensors")
    assert found.returncode == 0
    assert all(line.startswith("inkgrad: ") for line in found.stderr.splitlines())
    assert "missing from font" in found.stderr


def test_a_wrong_gradient_ends_with_1_and_a_picture(plot, tmp_path):
    code = "from dataclasses import dataclass\nfrom inkgrad.layers import Tanh\n\n\n@dataclass(frozen=True)\n"
    code += "class Wrong(Tanh):\n    def vjp(self, x, y, dy):\n        return dy * (1 - y)\n"
    (tmp_path / "mine.py").write_text(code)
    found = plot("check", f"{tmp_path / 'mine.py'}:Wrong", "--input-shape", 4)
    assert found.returncode == 1
    assert "the gradient is wrong in 1 place; the picture is in" in found.stderr
    assert (tmp_path / "mine.Wrong.check.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["curves", "none.log.jsonl"], "none.log.jsonl: No such file or directory"),
        (["curves", "broken.log.jsonl"], "broken.log.jsonl, line 2 is not JSON"),
        (["curves", "empty.log.jsonl"], "empty.log.jsonl has no rows"),
        (["curves", "digits.safetensors"], "digits.safetensors, line 1 is not JSON"),
        (["curves", "other.log.jsonl", "other.log.jsonl"], "other.log.jsonl is given twice: name each log once"),
        (["curves", "--out", "a.gif"], "a picture's name ends in .png, .svg or .pdf, got a.gif"),
        (["curves", "--out", "a"], "ends in .png, .svg or .pdf, got a"),
        (["curves", "--out", "no/where/a.png"], "no/where: there is no such folder"),
        (
            ["boundary", "digits.safetensors"],
            "a model of two inputs, but digits.safetensors takes inputs of shape (28",
        ),
        (["boundary", "animals.safetensors", "--data", "fish"], "there are no points 'fish', only xor, animals"),
        (["boundary", "three.safetensors", "--data", "xor"], "three.safetensors knows 3 classes, but xor has 2"),
        (
            ["confusion", "animals.safetensors"],
            "of shape (2,), but the data have (28, 28, 1): give others with --data",
        ),
        (["misread", "animals.safetensors"], "takes inputs of shape (2,), but the data have (28, 28, 1)"),
        (["calibration", "digits.safetensors", "--bins", "0"], "1 to 1000 bins, got --bins 0"),
        (["weights", "bare.safetensors"], "bare.safetensors has no layer with weights W; its parameters are none"),
        (["weights", "none.safetensors"], "none.safetensors: No such file or directory"),
        (["weights", "other.log.jsonl"], "other.log.jsonl is not a "),
        (["weights", "."], ".: Is a directory"),
        (["curves", "."], ".: Is a directory"),
        (["check", "nothing"], "there is no model file nothing"),
        (["dreams"], "No such command 'dreams'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_silly_input_gets_one_clear_line(plot, folder, arguments, words):
    before = names_in(folder)
    assert_refused(plot(*arguments), words)
    assert names_in(folder) == before


def test_no_picture_takes_the_place_of_what_it_is_made_from(plot, tmp_path, folder):
    picture = tmp_path / "model.png"
    picture.write_bytes((folder / "digits.safetensors").read_bytes())
    found = plot("weights", picture, "--out", picture)
    assert_refused(found, "this file is read here, so it cannot be written")
    assert picture.read_bytes() == (folder / "digits.safetensors").read_bytes()


@pytest.mark.parametrize("kind", ["curves", "confusion", "misread", "weights", "calibration", "check", "boundary"])
def test_help_teaches(plot, kind):
    found = plot(kind, "--help")
    assert found.returncode == 0
    assert "--out" in found.stdout
