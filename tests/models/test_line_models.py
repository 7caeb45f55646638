"""Models of lines: they answer with texts, and take lines of any width."""

import numpy as np
import pytest

from inkgrad import load
from inkgrad.costs import CTC, SoftmaxCrossEntropy, line_targets
from inkgrad.data import Examples
from inkgrad.errors import SettingError, ShapeError
from inkgrad.layers import Chain, Conv2D, Dense, Flatten, Frames
from inkgrad.layout import Layout
from inkgrad.models import MODELS, Model, calibrated, calibrated_on_lines

COPIES = Chain((Conv2D(1, 3, kernel=1), Frames()))  # lines one pixel high: paper is the blank, ink the others


def model_of_copies():
    theta = np.zeros(6, np.float32)
    p = Layout(COPIES.shapes()).views(theta)["0"]
    p.W, p.b = np.reshape([0, 8, 40], (1, 1, 1, 3)), np.array([0, -2, -22])  # 1 from a fourth on, 2 from five eighths
    return Model(COPIES, CTC(), theta, ("", "4", "."), (1, 6, 1))


def test_a_line_is_read_as_text():
    (said,) = model_of_copies().predict(np.array([[0, 0.5, 0.5, 0, 1, 0.5]]))
    assert said == "4.4"


@pytest.mark.parametrize("shape", [(1, 5), (1, 5, 1), (7, 1, 5), (7, 1, 5, 1)], ids=str)
def test_lines_of_any_width_are_taken_with_and_without_their_channel(shape):
    model, x = model_of_copies(), np.zeros(shape, np.float32)
    n = shape[0] if x.size > 5 else 1
    assert model.probabilities(x).shape == (n, 5, 3)
    assert model.predict(x).tolist() == [""] * n


def test_the_width_alone_is_free():
    with pytest.raises(ShapeError, match=r"this model takes inputs of shape \(1, 5, 1\), got \(2, 5, 1\)"):
        model_of_copies().predict(np.zeros((7, 2, 5, 1)))


def test_the_recogniser_says_its_classes_every_four_pixels_of_any_line():
    recipe = MODELS["lines"]
    for width in 8, 100, 192, 1000:
        assert recipe.network(23).output_shape((32, width, 1)) == (width // 4, 23)
    with pytest.raises(ShapeError, match="images of at least 2 × 2 pixels"):
        recipe.network(23).output_shape((32, 2, 1))


def test_the_recogniser_has_two_hundred_thousand_parameters(tmp_path):
    recipe = MODELS["lines"]
    layout = Layout(recipe.network(23).shapes())
    assert 180_000 < layout.size < 250_000
    theta = np.zeros(layout.size, np.float32)
    model = Model(recipe.network(23), recipe.cost, theta, ("", *map(str, range(22))), recipe.input_shape)
    model.save(tmp_path / "m.safetensors")
    assert (tmp_path / "m.safetensors").stat().st_size < 2_000_000
    assert load(tmp_path / "m.safetensors").reads_lines


def test_lines_are_evaluated_as_lines_and_digits_as_digits():
    lines = model_of_copies()
    x, t = np.float32([[[[0.5], [0], [1]]]]), line_targets([[1, 2]], 3)
    found = lines.evaluate_lines([(x, t)])
    assert (found.accuracy, found.character_accuracy, found.predicted) == (1, 1, ((1, 2),))
    assert lines.text_of(found.predicted[0]) == "4."
    with pytest.raises(SettingError, match=r"this model reads lines.*: evaluate_lines takes them"):
        lines.evaluate(Examples(x, np.array([1])))
    digits = Model(Chain((Flatten(), Dense(3, 2))), SoftmaxCrossEntropy(), np.zeros(8), ("a", "b"), (1, 3, 1))
    with pytest.raises(SettingError, match="this model tells classes apart: evaluate takes examples"):
        digits.evaluate_lines([(x, t)])


def test_a_cost_of_lines_needs_a_network_of_lines_and_the_other_way_round():
    with pytest.raises(ShapeError, match=r"outputs of shape \(2,\), but there are 2 labels"):
        Model(Chain((Flatten(), Dense(3, 2))), CTC(), np.zeros(8), ("", "a"), (1, 3, 1))
    with pytest.raises(ShapeError, match=r"outputs of shape \(6, 3\), but there are 3 labels"):
        Model(COPIES, SoftmaxCrossEntropy(), np.zeros(6), ("", "4", "."), (1, 6, 1))


def test_lines_are_calibrated_so_that_they_cost_least_and_say_the_same():
    rng, model = np.random.default_rng(0), model_of_copies()
    x = np.float32(rng.choice([0, 0.5, 1], (200, 1, 6, 1)))
    said = [list(map("04.".index, text)) for text in model.predict(x)]
    for line in said[::10]:
        line[-1:] = [1]  # some are wrong: it is much too sure
    t = line_targets(said, 6)
    after = calibrated_on_lines(model, [(x[:150], t[:150]), (x[150:], t[150:])])
    factor = float(after.theta[2] / model.theta[2])
    np.testing.assert_allclose(after.theta, factor * model.theta, rtol=1e-5)
    assert after.predict(x).tolist() == model.predict(x).tolist()
    costs = {
        b: model.cost.value_and_gradient(b * np.log(model.probabilities(x)).astype(np.float64), t)[0]
        for b in factor * np.array([0.97, 1, 1.03])
    }
    assert min(costs, key=costs.get) == factor
    assert 0.1 < factor < 0.9


def test_calibration_of_lines_refuses_other_models():
    with pytest.raises(SettingError, match="takes a network that ends in Conv2D, with CTC, got "):
        calibrated_on_lines(load("cnn"), [])
    with pytest.raises(SettingError, match="takes a network that ends in Dense, with SoftmaxCrossEntropy, got "):
        calibrated(model_of_copies(), Examples(np.zeros((1, 1, 6, 1)), np.array([1])))
