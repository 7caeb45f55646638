"""`inkgrad evaluate` of a model that reads lines: pictures of lines, and what each says."""

import numpy as np
import pytest
from PIL import Image

from inkgrad.costs import CTC
from inkgrad.layers import Chain, Conv2D, Frames, MaxPool2D
from inkgrad.layout import Layout
from inkgrad.models import Model


def bars(n):
    """Return a picture of n bars on paper."""
    picture = np.full((64, 200), 255, np.uint8)
    for k in range(n):
        picture[8:56, 30 + 25 * k : 37 + 25 * k] = 0
    return picture


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Go to a folder with a model that says 1 for each bar, and pictures of lines."""
    network = Chain((MaxPool2D((32, 1)), Conv2D(1, 2, kernel=1), Frames()))
    theta = np.zeros(4, np.float32)
    p = Layout(network.shapes()).views(theta)["1"]
    p.W, p.b = np.reshape([0, 20], (1, 1, 1, 2)), np.array([0, -10])
    Model(network, CTC(), theta, ("", "1"), (32, 100, 1)).save(tmp_path / "bars.safetensors")
    (tmp_path / "lines").mkdir()
    for n in range(1, 4):
        Image.fromarray(bars(n)).save(tmp_path / "lines" / f"{n}.png")
    Image.fromarray(255 - bars(5)).save(tmp_path / "lines" / "5.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(folder, text):
    (folder / "lines" / "labels.csv").write_text(text)


def test_lines_and_characters_that_are_right_are_counted_and_the_others_named(folder, inkgrad_here):
    listed(folder, "file,label,kind\n1.png,1,a\n2.png,11,a\n3.png,1211,b\n5.png,11111,b\n")
    found = inkgrad_here("evaluate", "bars.safetensors", "--data", "lines")
    assert found.returncode == 0
    assert found.stdout.splitlines() == [
        "lines right 0.7500 (3 of 4), 95 % interval 0.3006 to 0.9544",
        "characters right 0.9167 (1 edits to 12)",
        "3.png: '1211' was read as '111'",
    ]


@pytest.mark.parametrize(
    ("labels", "arguments", "words"),
    [
        (None, [], "bars.safetensors reads lines: give a folder of pictures of one line each, and a labels.csv in it"),
        (None, ["--misread", "x.png"], "misread lines are told in words, not as a picture: leave out --misread"),
        (None, ["--data", "lines"], "lines should hold labels.csv, with the columns file and label; it is not there"),
        ("", ["--data", "lines"], "labels.csv should have the columns file and label, and a picture in each row"),
        ("file,text\n1.png,1\n", ["--data", "lines"], "labels.csv should have the columns file and label"),
        ("file,label\n1.png\n", ["--data", "lines"], "labels.csv should have the columns file and label"),
        ("file,label\n,1\n", ["--data", "lines"], "labels.csv should have the columns file and label, and a picture"),
        ("file,label\n9.png,1\n", ["--data", "lines"], "9.png: No such file or directory"),
        ("file,label\nlabels.csv,1\n", ["--data", "lines"], "labels.csv"),
    ],
)
def test_what_is_no_folder_of_lines_is_refused_in_one_line(folder, inkgrad_here, labels, arguments, words):
    if labels is not None:
        listed(folder, labels)
    found = inkgrad_here("evaluate", "bars.safetensors", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert words in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_a_csv_of_another_encoding_is_refused(folder, inkgrad_here):
    (folder / "lines" / "labels.csv").write_bytes(b"file,label\n1.png,\xe9\n")
    found = inkgrad_here("evaluate", "bars.safetensors", "--data", "lines")
    assert found.returncode == 2
    assert "labels.csv is no CSV in UTF-8: " in found.stderr


def test_what_shows_digits_refuses_a_model_of_lines(folder, inkgrad_here):
    found = inkgrad_here("plot", "confusion", "bars.safetensors")
    assert found.returncode == 2
    assert "bars.safetensors reads lines, not images of one class each: inkgrad evaluate tests it" in found.stderr
