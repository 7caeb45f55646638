"""Plots: they are drawn, with what they should show."""

import numpy as np
import pytest
from PIL import Image

from inkgrad.data import xor
from inkgrad.plots import curves, decision_boundary, digit_sheet, save_gif, save_png


def boundary(shift=0.0):
    points = xor().train
    return decision_boundary(
        lambda x: x[:, 0] + shift, {"both": (points.x, points.t)}, ("same", "different"), ("a", "b"), "xor"
    )


def test_a_boundary_shows_line_points_and_names():
    figure = boundary()
    axes = figure.axes[0]
    assert sum(len(collection.get_offsets()) for collection in axes.collections[-2:]) == 4
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["same, both", "different, both"]
    assert (axes.get_title(), axes.get_xlabel()) == ("xor", "a")


def test_a_boundary_outside_the_square_is_no_line():
    assert len(boundary(shift=2.0).axes[0].collections) == len(boundary().axes[0].collections) - 1


def test_curves_show_cost_and_error():
    rows = [
        {"epoch": 0.5, "cost": 1.0, "quick_accuracy": 0.8},
        {"epoch": 1.0, "cost": 0.5, "quick_accuracy": 0.9, "test_cost": 0.6, "test_accuracy": 0.95},
    ]
    left, right = curves(rows).axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[1.0, 0.5], [0.6]]
    assert right.lines[1].get_ydata() == pytest.approx([5.0])
    assert left.get_yscale() == right.get_yscale() == "log"


def test_a_perfect_score_is_seen():
    rows = [{"epoch": 1.0, "cost": 0.5, "test_cost": 0.6, "quick_accuracy": 1.0, "test_accuracy": 1.0}]
    _, right = curves(rows).axes
    assert right.get_yscale() == "linear"
    assert right.lines[1].get_ydata() == [0]


def test_a_sheet_has_a_caption_for_each_image():
    figure = digit_sheet(np.zeros((13, 28, 28)), [f"no. {i}" for i in range(13)], "thirteen")
    captions = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert captions == [f"no. {i}" for i in range(13)]


def test_pictures_are_saved_and_moved(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        save_png(boundary(0.2 * i), path)
    save_gif(paths, tmp_path / "moving.gif")
    with Image.open(tmp_path / "moving.gif") as moving:
        assert moving.n_frames == 3
        assert moving.info["duration"] == 200
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png", "2.png", "moving.gif"]


def test_a_picture_is_the_same_bytes_each_time(tmp_path):
    for name in ("a.png", "b.png"):
        save_png(boundary(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
