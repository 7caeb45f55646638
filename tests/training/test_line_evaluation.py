"""Line evaluation: whole lines and characters are counted, whatever the width of a batch."""

import numpy as np
import pytest

from inkgrad.costs import CTC, line_targets
from inkgrad.errors import Diverged
from inkgrad.layers import Frames
from inkgrad.metrics import edits_between
from inkgrad.training import Objective, evaluate_lines

NO_PARAMETERS = np.zeros(0, np.float32)


def says(*frames):
    """Return a line (1, T, 3) in which each frame is all but sure of one class; 0 is the blank."""
    return np.eye(3, dtype=np.float32)[None, list(frames)]


def read(*batches):
    return evaluate_lines(Objective(Frames(), CTC()), NO_PARAMETERS, batches)


def test_lines_and_characters_are_counted_over_batches_of_different_width():
    right = says(1, 0, 1, 2)[None], line_targets([[1, 1, 2]], 4)
    wrong = np.stack([says(1, 1, 2), says(0, 0, 0)]), line_targets([[1, 1], [2]], 3)
    found = read(right, wrong)
    assert found.predicted == ((1, 1, 2), (1, 2), ())
    assert (found.n_right, found.n_characters, found.n_edits) == (1, 6, 2)
    assert found.accuracy == pytest.approx(1 / 3)
    assert found.character_accuracy == pytest.approx(4 / 6)


def test_frames_beyond_a_line_say_nothing():
    assert read((says(1, 0, 2, 2)[None], line_targets([[1]], 2))).predicted == ((1,),)


def test_the_cost_is_the_mean_over_all_lines():
    narrow, wide = (
        (says(1, 0)[None], line_targets([[1]], 2)),
        (np.stack([says(1, 2, 0)] * 3), line_targets([[2]] * 3, 3)),
    )
    each = [CTC().value_and_gradient(x[:, 0], t)[0] for x, t in (narrow, wide)]
    assert read(narrow, wide).cost == pytest.approx((each[0] + 3 * each[1]) / 4)


def test_a_line_that_is_too_short_is_named():
    with pytest.raises(Diverged, match="line 0 of the batch has 2 frames, and its labelling needs 3"):
        read((says(1, 1)[None], line_targets([[1, 1]], 2)))


@pytest.mark.parametrize(
    ("found", "wanted", "n"),
    [
        ("", "", 0),
        ("", "12", 2),
        ("12", "", 2),
        ("12", "12", 0),
        ("1250", "12.50", 1),
        ("123", "321", 2),
        ("11", "1", 1),
    ],
)
def test_edits_are_the_fewest(found, wanted, n):
    assert edits_between(found, wanted) == n
