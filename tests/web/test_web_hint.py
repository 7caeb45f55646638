"""What is said when a network gets no further."""

import pytest

from inkgrad.training import Objective, Run, TrainingLoop, evaluate, evaluate_numbers
from inkgrad.web.hint import hint
from inkgrad.web.playground_settings import parsed

LAYER = {"kind": "dense", "size": 8, "activation": "Tanh"}


def rows_of(n_epochs=300, right=0.6, cost=0.6):
    """Rows of a training that stands still."""
    return [(epoch, float(epoch), cost, right, right) for epoch in range(1, n_epochs + 1)]


def learned(n_epochs=260, **settings):
    """The settings, and the rows of a training with them, as the playground has them."""
    found = parsed({"optimizer": "Adam", "lr": 0.05, "batch_size": 100} | settings, "points")
    train = found.dataset(None).train
    run = Run(Objective(*found.network_and_cost()), found.optimizer_(), found.batch_size, found.seed)

    def measure(loop):
        if found.is_regression:
            score = evaluate_numbers(run.objective, run.theta, train).mean_squared_error
        else:
            score = evaluate(run.objective, run.theta, train).accuracy
        return {"score": score, "cost": loop.mean_cost}

    loop = TrainingLoop(run, train, measure)
    rows = [row for row in loop.steps(n_epochs) if row]
    return found, [(0, epoch, row["cost"], row["score"], None) for epoch, row in enumerate(rows, 1)]


@pytest.mark.parametrize("settings", [{"layers": []}, {"layers": [], "features": ["x1"]}], ids=str)
def test_a_straight_line_that_gets_no_further_is_named(settings):
    said = hint(*learned(data="circles", **settings))
    assert said.endswith("Without a hidden layer it draws a straight line: add a layer, or squares of the inputs.")


@pytest.mark.parametrize(
    ("features", "does"), [(["x1", "x2"], "draw a straight line"), (["x1", "x1x2"], "add nothing")], ids=str
)
def test_of_linear_layers_more_do_not_help(features, does):
    said = hint(parsed({"layers": [LAYER | {"activation": "Linear"}] * 2, "features": features}, "points"), rows_of())
    assert said.endswith(f"Linear layers, however many and large, {does}: choose another activation for one.")


@pytest.mark.parametrize(
    ("layers", "advice"),
    [
        ([], "Without a hidden layer it draws a plane: add a layer, or squares of the inputs."),
        ([LAYER | {"activation": "Linear"}], "Linear layers, however many and large, draw a plane: choose another"),
        ([LAYER | {"size": 1}], "The network may be too small for the points: add units, a layer or an input."),
    ],
    ids=str,
)
def test_a_network_too_small_for_a_surface_is_told_so(layers, advice):
    said = hint(*learned(data="gaussians", layers=layers))
    assert said.startswith("The training MSE is 0.")
    assert advice in said


@pytest.mark.parametrize("settings", [{"data": "plane", "layers": []}, {"data": "gaussians", "layers": [LAYER] * 2}])
def test_nothing_is_said_of_a_network_that_draws_its_surface(settings):
    assert hint(*learned(n_epochs=420, **settings)) is None


def test_a_large_error_is_said_in_plain_digits():
    rows = [(0, epoch, 60.0, 123.4, None) for epoch in range(1, 261)]
    assert hint(parsed({"data": "plane"}, "points"), rows).startswith("The training MSE is 123, and")


def test_a_hidden_layer_of_one_unit_is_too_small_for_circles():
    said = hint(*learned(data="circles", layers=[LAYER | {"size": 1}], seed=1))
    assert "The network may be too small for the points: add units, a layer or an input." in said


@pytest.mark.parametrize(
    "settings", [{"layers": [LAYER]}, {"layers": [], "features": ["x1", "x2", "x1x1", "x2x2"]}], ids=str
)
def test_nothing_is_said_of_a_network_that_is_large_enough(settings):
    assert hint(*learned(data="circles", **settings)) is None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        rows_of(n_epochs=199),
        rows_of(right=0.96),
        rows_of()[:150] + [(*row[:3], 0.65, None) for row in rows_of()[150:]],
        rows_of()[:150] + [(*row[:2], 0.5, 0.6, None) for row in rows_of()[150:]],
    ],
    ids=["nothing yet", "too early", "nearly all", "more right", "a lower cost"],
)
def test_nothing_is_said_while_it_learns(rows):
    assert hint(parsed({"layers": [LAYER]}, "points"), rows) is None


def test_what_is_said_does_not_flicker_while_it_trains(rng):
    """Cost and accuracy go to and fro from epoch to epoch, as they do with small batches."""
    rows = [(k, float(k), rng.normal(0.6, 0.04), rng.normal(0.6, 0.03), None) for k in range(1, 1001)]
    settings = parsed({"layers": [LAYER]}, "points")
    said = [hint(settings, rows[:k]) for k in range(1001)]
    begins = [k for k in range(1, 1001) if said[k] is not None and said[k] != said[k - 1]]
    assert begins
    assert set(begins) <= {200, 400, 800}


def test_what_is_said_goes_when_more_is_learned():
    settings = parsed({"layers": [LAYER]}, "points")
    rows = rows_of(250) + [(k, float(k), 0.5, 0.7, None) for k in range(251, 300)]
    said = [hint(settings, rows[:k]) is not None for k in range(len(rows) + 1)]
    assert said == [False] * 200 + [True] * 51 + [False] * 49


def test_nothing_is_said_of_a_network_that_is_broken_on_purpose():
    assert hint(parsed({"layers": [LAYER]}, "points"), rows_of()) is not None
    assert hint(parsed({"layers": [LAYER], "broken": "softmax-diagonal"}, "points"), rows_of()) is None
