"""The recogniser of lines sees each strip as if it were alone, and says where its characters stand."""

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.errors import SettingError
from inkgrad.models import MODELS, Model, load
from inkgrad.reader.line_eye import LineEye
from inkgrad.reader.page import scan
from inkgrad.reader.pattern import parse_pattern
from inkgrad.reader.strips import cut_strips
from inkgrad.training import Objective
from lab.synthetic import Look, write_line
from lab.synthetic.lines import LABELS


@pytest.fixture(scope="module")
def line_eye():
    return LineEye(load("lines"))


def untrained(labels=LABELS):
    recipe = MODELS["lines"]
    objective = Objective(recipe.network(len(labels)), recipe.cost)
    theta = objective.init(np.random.default_rng(0))
    return Model(objective.network, recipe.cost, theta, labels, recipe.input_shape)


def written(some, n=5, seed=0, **look):
    """A line of n digits: its scan, its strips, and what it says."""
    page = write_line(n, Look(height=50, **look), np.random.default_rng(seed), some)
    (found,) = scan(page.picture)
    return found, cut_strips(found), page


@pytest.mark.parametrize("width", [33, 37, 40, 44, 71])
def test_what_stands_beside_a_strip_makes_no_difference_to_it(width):
    eye, rng = LineEye(untrained()), np.random.default_rng(width)
    strips = [rng.random((32, width)), *(rng.random((32, n)) for n in (8, 36, 40, 41, 120))]
    (alone,) = eye.look(strips[:1])
    together = eye.look(strips)
    np.testing.assert_allclose(together[0], alone, atol=1e-5)
    assert [len(log_q) for log_q in together] == [-(-strip.shape[1] // 4) for strip in strips]


def test_strips_are_looked_at_in_parts_that_fit_the_memory():
    model, rng = untrained(), np.random.default_rng(0)
    strips = [rng.random((32, 40)) for _ in range(7)]
    whole, parts = LineEye(model), LineEye(model)
    parts.settings = replace(parts.settings, most_px=80)
    for one, other in zip(whole.look(strips), parts.look(strips), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_line_is_read_and_its_characters_are_where_they_were_written(some, line_eye):
    right = 0
    for seed in range(8):
        found, strips, page = written(some, seed=seed)
        (said,) = line_eye.read(strips)
        if "".join(seen.label for seen in said.characters) != page.text:
            continue
        right += 1
        for seen, digit in zip(said.characters, page.digits, strict=True):
            boxes = np.array([found.box_of(seen.piece), digit.box])
            shared = np.prod(np.maximum(boxes[:, 2:].min(axis=0) - boxes[:, :2].max(axis=0), 0))
            assert shared > 0.6 * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).max()
            image = seen.shown(found.ink)
            assert image.shape == (28, 28)
            assert image.max() > 200
    assert right >= 6


def test_probabilities_are_of_all_labels_but_the_space(some, line_eye):
    _found, strips, _ = written(some)
    (said,) = line_eye.read(strips)
    assert 0 < said.probability <= 1
    for seen in said.characters:
        assert set(seen.p) == set(LABELS) - {"", " "}
        assert 0.2 < sum(seen.p.values()) <= 1 + 1e-6
        assert seen.probability < 0.5 or seen.label == max(seen.p, key=seen.p.get)


def test_a_pattern_decides_what_is_said(some):
    _found, strips, page = written(some, n=5)
    (said,) = LineEye(load("lines"), parse_pattern(r"\d{4}")).read(strips)
    assert len(said.characters) == 4
    (said,) = LineEye(load("lines"), parse_pattern(r"\d{60}")).read(strips)  # which the line cannot say
    assert "".join(seen.label for seen in said.characters) == page.text


def test_parts_of_a_row_are_read_one_after_the_other_with_a_space(some, line_eye):
    _found, ((strip,),), page = written(some)
    (said,) = line_eye.read([[strip, strip]])
    assert "".join(seen.gap + seen.label for seen in said.characters) == f"{page.text} {page.text}"


def test_a_row_without_strips_says_nothing(line_eye):
    (said,) = line_eye.read([[]])
    assert (said.characters, said.probability) == ([], 1)


def test_models_that_do_not_read_lines_are_refused():
    with pytest.raises(SettingError, match="a model that reads lines 32 pixels high with labels"):
        LineEye(load("cnn"))
    with pytest.raises(SettingError, match="and labels , 0, 1"):
        LineEye(untrained(("", "0", "1")))


def test_a_row_may_lack_signs_that_are_expected_but_no_digits(some, line_eye):
    _found, strips, _ = written(some, n=4)
    (said,) = line_eye.read(strips)
    eye = LineEye(untrained(), parse_pattern(r"\d{2}\.\d{2}"))
    assert eye.accepts(said.characters[:4])
    assert not eye.accepts(said.characters[:3])
    assert LineEye(untrained()).accepts(said.characters[:3])
