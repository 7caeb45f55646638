"""The source of made-up lines: what comes follows from the seed and the place, whoever makes it."""

from collections import Counter
from contextlib import closing
from itertools import islice

import numpy as np
import pytest

from inkgrad.costs import frames_needed
from inkgrad.data import Examples, mnist
from inkgrad.models import MODELS
from inkgrad.optimizers import Adam
from inkgrad.training import ExampleSource, Objective, Run
from lab.synthetic.lines import LABELS, LineMaker, LineSource, MadeLine, as_batch, made_batches
from lab.synthetic.lines.line_source import BATCHES_AT_ONCE

DIGITS = Examples(mnist().train.x[:500], mnist().train.t[:500])
MAKER = LineMaker(DIGITS)


def same(one, other):
    return all(np.array_equal(a, b) for pair in zip(one, other, strict=True) for a, b in zip(*pair, strict=True))


def test_a_batch_has_paper_at_the_right_and_says_how_many_frames_are_the_lines():
    ink = np.ones((32, 9), np.float32)
    x, t = as_batch([MadeLine(ink[:, :6], "1-"), MadeLine(ink, "")])
    assert x.shape == (2, 32, 12, 1)
    assert (x[0, :, 6:] == 0).all()
    assert (x[0, :, :6] == 1).all()
    assert t.tolist() == [[2, LABELS.index("1"), LABELS.index("-")], [3, -1, -1]]


def test_a_batch_may_begin_with_paper():
    line = MadeLine(np.ones((32, 6), np.float32), "7")
    x, t = as_batch([line], left=3)
    assert x.shape == (1, 32, 12, 1)
    assert np.flatnonzero(x[0, 0, :, 0]).tolist() == [3, 4, 5, 6, 7, 8]
    assert t.tolist() == [[3, LABELS.index("7")]]


def test_each_line_is_used_so_many_times_never_quite_the_same():
    batches = made_batches(MAKER, 22, 4, np.random.default_rng(0), uses=3)
    said = Counter(tuple(row[1:][row[1:] >= 0]) for _, t in batches for row in t)
    fresh = Counter(tuple(map(LABELS.index, line.text)) for line in MAKER.lines(8, np.random.default_rng(0)))
    assert sum(len(x) for x, _ in batches) == 22
    assert said.keys() == fresh.keys()
    assert all(said[text] <= 3 * n for text, n in fresh.items())
    images = {image.tobytes() for x, _ in batches for image in x}
    assert len(images) == 22


@pytest.mark.parametrize("n", [1, 4, 5, 11, 13])
def test_there_are_no_more_batches_than_lines_fill(n):
    assert sorted(len(x) for x, _ in made_batches(MAKER, n, 4, np.random.default_rng(0), uses=3)) == sorted(
        [4] * (n // 4) + [n % 4] * (n % 4 > 0)
    )


def test_lines_of_about_the_same_width_stand_together_and_have_room_for_what_they_say():
    batches = made_batches(MAKER, 40, 8, np.random.default_rng(0))
    assert [len(x) for x, _ in batches] == [8] * 5
    paper = sum((x.shape[2] // 4 - t[:, 0]).sum() for x, t in batches) / sum(t[:, 0].sum() for _, t in batches)
    assert paper < 0.25
    for _, t in batches:
        assert (frames_needed(t) <= t[:, 0]).all()


@pytest.mark.slow
def test_what_comes_is_the_same_from_one_process_and_from_two_and_after_a_break():
    n_lines, size = 3 * BATCHES_AT_ONCE * 2 - 1, 2
    with closing(LineSource(MAKER, n_lines, 1, uses=3)) as alone, closing(LineSource(MAKER, n_lines, 2, uses=3)) as two:
        assert isinstance(alone, ExampleSource)
        one = [list(alone.batches(0, epoch, size, 0)) for epoch in (0, 1)]
        other = [list(two.batches(0, epoch, size, 0)) for epoch in (0, 1)]
        assert all(map(same, one, other))
        assert sum(len(x) for x, _ in one[0]) == n_lines
        assert not same(one[0][:1], one[1][:1])
        later = BATCHES_AT_ONCE + 3
        assert same(list(two.batches(0, 1, size, later)), one[1][later:])
        assert not same(islice(two.batches(1, 0, size, 0), 1), one[0][:1])


@pytest.mark.slow
def test_a_training_on_made_lines_goes_on_to_the_same_bits():
    recipe = MODELS["lines"]
    objective = Objective(recipe.network(len(LABELS)), recipe.cost)
    with closing(LineSource(MAKER, 2 * BATCHES_AT_ONCE)) as source:
        whole = Run(objective, Adam(), batch_size=2)
        costs = [step.cost for step in whole.steps(source)]
        first = Run(objective, Adam(), batch_size=2)
        half = [step.cost for step in islice(first.steps(source), 3)]
        rest = Run(objective, Adam(), batch_size=2, step=3, theta=first.theta.copy(), state=first.state)
        half += [step.cost for step in rest.steps(source)]
    assert half == costs
    np.testing.assert_array_equal(rest.theta, whole.theta)
    assert (rest.epoch, rest.step) == (1, 0)


class Fails(LineMaker):
    """Makes no lines."""

    def lines(self, n, rng):
        raise ValueError("no lines today")


@pytest.mark.slow
def test_a_process_that_ends_is_not_waited_for():
    with (
        closing(LineSource(Fails(DIGITS), 4)) as source,
        pytest.raises(RuntimeError, match="process 0 of those that make lines has ended"),
    ):
        next(source.batches(0, 0, 2, 0))
