"""Pictures of what a network does: they show the numbers they are given, and take strange ones."""

import math
import warnings
from dataclasses import replace
from io import BytesIO
from itertools import combinations, cycle, product

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from inkgrad.check import ArrayVerdict, Finding, Kind, Report, Verdict, check_layer, check_network
from inkgrad.check.lessons import LESSONS
from inkgrad.errors import DataError, SettingError, ShapeError
from inkgrad.layers import Chain, Dense
from inkgrad.metrics import reliability
from inkgrad.plots import (
    calibration,
    confusion,
    curves,
    decision_boundary,
    first_layer,
    gradient_check,
    misread,
    save_figure,
)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def is_drawn(figure):
    """Draw it, and fail at warnings, as of letters that are missing or things that do not fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(BytesIO(), format="png")


# Confusion.


MATRIX = np.array([[90, 10, 0], [0, 50, 0], [2, 0, 0]])


def test_a_confusion_matrix_shows_each_count_and_the_part_that_is_right():
    axes = confusion(MATRIX, ("a", "b", "c")).axes[0]
    assert texts(axes) == ["90", "10", "50", "2", "right", "90.0 %", "100.0 %", "0.0 %"]
    assert axes.get_title() == "140 of 152 right"


def test_right_is_blue_wrong_is_orange_and_nothing_is_white():
    colours = confusion(MATRIX, ("a", "b", "c")).axes[0].images[0].get_array()
    assert colours[1, 1][2] > colours[1, 1][0]  # more blue than red
    assert colours[2, 0][0] > colours[2, 0][2]
    assert colours[0, 2].tolist() == colours[2, 2].tolist() == [1, 1, 1]
    assert colours[2, 0].sum() < colours[0, 1].sum()  # all of a row is darker than a tenth of one


@pytest.mark.parametrize("k", [1, 2, 10, 62])
@pytest.mark.parametrize("label", ["{}", "a <b>$x$</b> with a long name, number {}", "_{}"])
def test_a_confusion_matrix_is_drawn_for_any_number_of_classes_and_any_names(k, label):
    is_drawn(confusion(np.eye(k, dtype=int), [label.format(i) for i in range(k)]))


def test_a_class_without_examples_divides_by_nothing():
    figure = confusion(np.zeros((2, 2), int), ("a", "b"))
    assert texts(figure.axes[0]) == ["right", "none", "none"]
    is_drawn(figure)


def test_a_matrix_needs_a_row_for_each_label():
    with pytest.raises(ShapeError, match=r"of 2 labels has shape \(2, 2\), got \(3, 3\)"):
        confusion(MATRIX, ("a", "b"))


# Misread.


def test_the_misread_digit_of_which_the_network_was_surest_comes_first(rng):
    t, predicted = np.array([0, 1, 2, 3]), np.array([0, 2, 1, 5])
    images = np.stack([np.full((4, 4, 1), k) for k in range(4)])
    figure = misread(images, t, predicted, np.array([0.9, 0.4, 0.99, 0.7]), "abcdef")
    drawn = [axes for axes in figure.axes if axes.texts]
    assert [texts(axes)[0] for axes in drawn] == [
        "c read as b\n99.0% sure",
        "d read as f\n70.0% sure",
        "b read as c\n40.0% sure",
    ]
    assert [float(axes.images[0].get_array().mean()) for axes in drawn] == [2, 3, 1]
    assert figure.get_suptitle() == "3 misread images of 4"


def test_no_more_are_shown_than_fit_and_the_title_says_so():
    n = 130
    figure = misread(np.zeros((n, 3, 3)), np.zeros(n, int), np.ones(n, int), np.full(n, 0.5), "ab", n_examples=900)
    assert sum(bool(axes.texts) for axes in figure.axes) == 120
    assert figure.get_suptitle() == "130 misread images of 900; the 120 of which the model was surest"


@pytest.mark.parametrize("names", ["0123", ["heart", "a <b>$x$</b> with a long name", "club", "diamond"]])
def test_captions_lie_beside_each_other_and_pictures_are_seen(names):
    n = 15
    figure = misread(np.zeros((n, 3, 3)), np.arange(n) % 4, (np.arange(n) + 1) % 4, np.full(n, 0.5), names)
    is_drawn(figure)
    drawn = [axes for axes in figure.axes if axes.texts]
    boxes = [axes.texts[0].get_window_extent() for axes in drawn]
    assert len(boxes) == n
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert min(axes.get_window_extent().height for axes in drawn) > 30  # pixels
    assert ("digits" in figure.get_suptitle()) == (names == "0123")


def test_nothing_misread_is_an_empty_sheet_and_vectors_are_no_images():
    is_drawn(misread(np.zeros((1, 3, 3)), np.zeros(1, int), np.zeros(1, int), np.ones(1), "a"))
    with pytest.raises(ShapeError, match=r"images \(N, height, width\), got an array of shape \(5, 2\)"):
        misread(np.zeros((5, 2)), *np.zeros((3, 5)), "ab")
    with pytest.raises(ShapeError, match="got 5 images, 4 labels"):
        misread(np.zeros((5, 2, 2)), *np.zeros((3, 4)), "ab")


# Calibration.


def test_reliability_is_what_one_counts_by_hand():
    probability = np.array([0.1, 0.15, 0.95, 0.95, 0.95, 1.0])
    right = np.array([0, 1, 1, 1, 0, 1], bool)
    found = reliability(probability, right, n_bins=10)
    assert found.n.tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 4]  # 0.1 is the end of the first bin
    assert found.accuracy[[0, 1, 9]] == pytest.approx([0, 1, 0.75])
    assert np.isnan(found.accuracy[2:9]).all()
    assert np.isnan(found.probability[2:9]).all()
    assert found.error == pytest.approx((0.1 + 0.85 + 4 * abs(0.75 - 0.9625)) / 6)
    assert found.low[9] < 0.75 < found.high[9]


def test_the_calibration_error_is_small_for_the_truth_and_large_for_a_boast(rng):
    probability = rng.random(20_000)
    right = rng.random(20_000) < probability
    assert reliability(probability, right).error < 0.015  # 20,000 coins: each bin is off by about 0.01
    assert reliability(np.sqrt(probability), right).error > 0.1


@pytest.mark.parametrize(
    ("probability", "right", "error", "words"),
    [
        ([], [], DataError, "got arrays of shape"),
        ([0.5, 0.5], [True], DataError, r"\(2,\) and \(1,\)"),
        ([0.5, 1.5], [True, True], DataError, r"in \[0, 1\], got numbers from 0.5 to 1.5"),
        ([np.nan], [True], DataError, "got numbers from nan"),
    ],
)
def test_what_is_no_probability_is_refused(probability, right, error, words):
    with pytest.raises(error, match=words):
        reliability(np.array(probability), np.array(right))
    with pytest.raises(SettingError, match="at least 1 bin, got 0"):
        reliability(np.ones(1), np.ones(1, bool), n_bins=0)


@pytest.mark.parametrize("probability", [[1.0], [0.0, 1.0], [0.3] * 50, np.linspace(0, 1, 1000)])
def test_a_reliability_diagram_shows_error_counts_and_points(probability):
    found = reliability(np.array(probability), np.arange(len(probability)) % 2 == 0)
    figure = calibration(found)
    upper, lower = figure.axes
    assert f"expected calibration error {100 * found.error:.2f} %" in texts(upper)[0]
    assert [bar.get_height() for bar in lower.patches] == found.n.tolist()
    points = upper.lines[1].get_xydata()
    full = found.n > 0
    assert points == pytest.approx(100 * np.stack([found.probability[full], found.accuracy[full]], axis=1))
    is_drawn(figure)


# First layer.


def shown_tiles(figure, height, width):
    """The tiles of the mosaic, where it is not NaN."""
    picture = np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)
    rows, columns = (np.flatnonzero(~np.isnan(picture).all(axis=axis)) for axis in (1, 0))
    return picture[np.ix_(rows, columns)].reshape(-1, height, len(columns) // width, width).swapaxes(1, 2)


def test_each_kernel_is_a_tile(rng):
    W = rng.normal(size=(3, 3, 1, 4))
    tiles = shown_tiles(first_layer(W), 3, 3).reshape(4, 3, 3)
    assert tiles == pytest.approx(np.moveaxis(W[:, :, 0], 2, 0))


def test_each_unit_of_a_dense_layer_is_an_image_of_its_weights(rng):
    W = rng.normal(size=(6, 1))
    assert shown_tiles(first_layer(W, (2, 3, 1)), 2, 3)[0, 0] == pytest.approx(W[:, 0].reshape(2, 3))


def test_the_channels_of_a_colour_image_are_side_by_side(rng):
    W = rng.normal(size=(2, 2, 3, 1))
    assert shown_tiles(first_layer(W), 2, 6)[0, 0] == pytest.approx(np.hstack([W[:, :, c, 0] for c in range(3)]))


def test_of_many_units_those_with_the_longest_weights_are_shown(rng):
    W = np.tile(np.linspace(0.01, 1, 150), (4, 1))
    figure = first_layer(W, (2, 2, 1))
    assert "the 100 of 150 units with the longest weights" in figure.axes[0].get_title()
    assert np.nanmin(np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)) == pytest.approx(W[0, 50])


@pytest.mark.parametrize("W", [np.zeros((2, 1)), np.ones((5, 5, 3, 2)), np.zeros((784, 3))])
def test_constant_weights_are_drawn_on_a_scale_about_zero(W):
    figure = first_layer(W, (28, 28, 1))
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high < 0
    is_drawn(figure)


def test_what_are_no_weights_is_refused():
    with pytest.raises(ShapeError, match=r"got an array of shape \(3,\)"):
        first_layer(np.zeros(3))
    with pytest.raises(DataError, match="finite numbers"):
        first_layer(np.full((2, 2), np.nan))


# Boundary, curves, gradient check.


def test_with_three_classes_each_has_its_region_and_its_colour():
    def probability(points):
        return np.eye(3)[np.clip((3 * points[:, 0]).astype(int), 0, 2)]

    x = np.array([[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]])
    figure = decision_boundary(probability, {"all": (x, np.arange(3))}, ("a", "_b", "$c$"), ("u", "v"), "three")
    picture = np.asarray(figure.axes[0].images[0].get_array())
    places = np.linspace(*figure.axes[0].get_xlim(), picture.shape[1])
    for k, colour in enumerate(("#0072b2", "#d55e00", "#009e73")):
        found = picture[100, np.argmin(np.abs(places - x[k, 0]))]
        assert found == pytest.approx(1 - 0.5 * (1 - np.array(to_rgb(colour))))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a, all", "_b, all", "$c$, all"]
    is_drawn(figure)


def test_points_outside_the_square_widen_it():
    x = np.array([[0.0, -1.0], [3.0, 0.5]])
    axes = decision_boundary(lambda p: p[:, 0] / 9, {"all": (x, np.arange(2))}, "ab", ("u", "v"), "wide").axes[0]
    assert axes.get_xlim()[1] > 3
    assert axes.get_ylim()[0] < -1


def test_a_boundary_without_points_names_the_colours():
    figure = decision_boundary(lambda p: p[:, 0], {}, ("no", "yes"), ("u", "v"), "bare")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["no", "yes"]


ROWS = [{"epoch": k / 2, "cost": 1 / k, "quick_accuracy": 1 - 0.1 / k} for k in (1, 2, 3)]


def test_several_trainings_have_a_colour_each_and_their_names_below():
    last = {"epoch": 1.0, "test_cost": 0.5, "test_accuracy": 0.9}
    figure = curves({"first": [*ROWS, last], "_second$": ROWS})
    left, _ = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "_second$"]
    first, first_test, second = left.lines
    assert first.get_color() == first_test.get_color() != second.get_color()
    assert first_test.get_ydata() == [0.5]
    is_drawn(figure)


@pytest.mark.parametrize("rows", [[], ROWS[:1], [{"epoch": 1}], [{"epoch": 1, "cost": 0.0}]])
def test_curves_of_little_are_drawn(rows):
    is_drawn(curves(rows))
    is_drawn(curves({"a": rows, "b": rows}))


def test_a_gradient_check_has_a_map_for_each_array(rng):
    report = check_layer(Chain((Dense(3, 2),)), rng.normal(size=(4, 3)))
    figure = gradient_check(report)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == len(report.comparisons) > 0
    assert figure.get_suptitle() == "the gradient is right"
    is_drawn(figure)


def row_names(figure):
    """Return the names of the rows of the plot of verdicts."""
    (axes,) = [axes for axes in figure.axes if axes.get_xlabel().startswith("part of")]
    return [label.get_text() for label in axes.get_yticklabels()]


def test_arrays_judged_along_directions_have_a_row_each():
    report = check_network(*LESSONS["bias-mean"].make()[0].right, every_entry=False)
    figure = gradient_check(report)
    assert row_names(figure) == [each.path for each in report.arrays]
    low, high = figure.axes[0].get_xlim()
    assert all(low < each.least < high for each in report.arrays)
    is_drawn(figure)


def test_what_was_judged_along_directions_and_what_entry_by_entry_are_both_drawn():
    report = check_network(*LESSONS["bias-mean"].make()[0].wrong, every_entry=False, raises=False)
    figure = gradient_check(report)
    assert row_names(figure) == [each.path for each in report.arrays]
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == len(report.comparisons) > 0
    is_drawn(figure)


def test_any_verdict_is_drawn_whatever_the_size_of_its_error():
    sizes = [0.0, 1e-300, 1e-9, 0.5, 1e300, math.inf, math.nan]
    pairs = zip(cycle(Verdict), product(sizes[:-1], sizes))
    arrays = [ArrayVerdict("", "b" * 100, 3, verdict, *pair, "directions") for verdict, pair in pairs]
    figure = gradient_check(Report("f", tuple(arrays), ()))
    assert [len(name) for name in row_names(figure)] == [40] * 42
    is_drawn(figure)


def test_of_very_many_arrays_those_that_matter_are_drawn():
    arrays = [ArrayVerdict("", f"a{k}", 3, Verdict.right, 0.0, 1e-9, "directions") for k in range(500)]
    arrays[300] = replace(arrays[300], verdict=Verdict.wrong, error=0.1)
    figure = gradient_check(Report("f", tuple(arrays), ()))
    assert "a300" in row_names(figure)
    assert len(row_names(figure)) == 60
    assert "60 of 500" in figure.axes[0].get_xlabel()


def test_a_report_without_arrays_is_drawn():
    is_drawn(gradient_check(Report("f", (), (Finding("", "x", Kind.not_finite, (), "forward gives nan"),))))


# Files.


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_picture_is_of_the_kind_that_its_name_ends_in(tmp_path, name, start):
    save_figure(curves(ROWS), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)


def test_another_ending_is_refused_and_nothing_written(tmp_path):
    with pytest.raises(SettingError, match=r"ends in \.png, \.svg or \.pdf, got a\.gif"):
        save_figure(curves(ROWS), tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_drawing_changes_nothing_for_other_figures():
    import matplotlib

    before = dict(matplotlib.rcParams)
    curves(ROWS)
    confusion(MATRIX, "abc")
    assert dict(matplotlib.rcParams) == before
