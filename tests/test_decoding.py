"""Decoding, held to all paths and all labellings of short lines."""

from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp

from inkgrad.costs import CTC, line_targets
from inkgrad.decoding import Automaton, Decoded, align, beam_search, best_path, sums_to_come
from inkgrad.errors import DataError, SettingError, ShapeError


def random_line(seed, n_frames=5, n_classes=3, scale=1.5):
    return log_softmax(np.random.default_rng(seed).normal(0, scale, (n_frames, n_classes)), axis=1)


def said_by(path, blank):
    return tuple(k for k, _ in groupby(path) if k != blank)


def every_path(log_q):
    """Yield each path with the logarithm of its probability."""
    n_frames, n_classes = log_q.shape
    for path in product(range(n_classes), repeat=n_frames):
        yield path, sum(log_q[t, k] for t, k in enumerate(path))


def every_labelling(log_q, blank):
    """Return the logarithm of the probability of every labelling that a line can say."""
    found = defaultdict(list)
    for path, log_p in every_path(log_q):
        found[said_by(path, blank)].append(log_p)
    return {labelling: float(logsumexp(each)) for labelling, each in found.items()}


lines = pytest.mark.parametrize(("n_frames", "n_classes"), [(1, 2), (1, 4), (2, 3), (4, 4), (5, 3), (8, 2)])


@lines
@pytest.mark.parametrize("seed", range(5))
def test_the_best_path_is_the_most_probable_of_all(n_frames, n_classes, seed):
    log_q = random_line(seed, n_frames, n_classes)
    path, log_p = max(every_path(log_q), key=lambda each: each[1])
    for blank in range(n_classes):
        found = best_path(log_q, blank)
        assert found.labelling == said_by(path, blank)
        assert found.log_p == pytest.approx(log_p)


@lines
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_for_all_gives_every_labelling_with_its_probability(n_frames, n_classes, seed):
    log_q = random_line(seed, n_frames, n_classes)
    for blank in range(n_classes):
        expected = every_labelling(log_q, blank)
        found = beam_search(log_q, blank, width=10_000)
        assert {each.labelling: each.log_p for each in found} == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert [each.log_p for each in found] == sorted((each.log_p for each in found), reverse=True)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 13])
def test_a_narrow_beam_finds_labellings_never_more_probable_than_they_are(width):
    for seed in range(20):
        log_q = random_line(seed, 6, 3)
        expected, found = every_labelling(log_q, 0), beam_search(log_q, width=width)
        assert len(found) <= width
        assert len({each.labelling for each in found}) == len(found)
        assert all(each.log_p <= expected[each.labelling] + 1e-9 for each in found)


def test_a_beam_of_the_usual_width_finds_the_most_probable_labelling():
    for seed in range(40):
        log_q = random_line(seed, 7, 3, scale=1)
        expected = every_labelling(log_q, 1)
        assert beam_search(log_q, 1)[0].labelling == max(expected, key=expected.__getitem__)


def test_the_most_probable_labelling_may_be_another_than_that_of_the_best_path():
    log_q = np.log([[0.6, 0.4], [0.6, 0.4]])  # two blanks 0.36; a class 0.24 + 0.24 + 0.16
    assert best_path(log_q) == Decoded((), pytest.approx(np.log(0.36)))
    assert beam_search(log_q)[0] == Decoded((1,), pytest.approx(np.log(0.64)))


def test_a_class_twice_needs_a_blank_between():
    sure = np.log(np.full((5, 3), 1e-9))
    for t, k in enumerate([1, 1, 0, 1, 2]):
        sure[t, k] = np.log(1 - 2e-9)
    assert best_path(sure).labelling == beam_search(sure)[0].labelling == (1, 1, 2)
    assert best_path(sure, blank=2).labelling == beam_search(sure, blank=2)[0].labelling == (1, 0, 1)


def test_what_comes_out_of_the_search_costs_what_ctc_says():
    y = np.random.default_rng(0).normal(0, 3, (1, 8, 4))
    found = beam_search(log_softmax(y[0], axis=1), 2, width=100_000)
    for each in found[:: len(found) // 20]:
        assert CTC(2).losses(y, line_targets([each.labelling], 8))[0] == pytest.approx(-each.log_p, rel=1e-12)


def test_a_line_without_frames_says_nothing():
    assert best_path(np.zeros((0, 3))) == Decoded((), 0.0)
    assert beam_search(np.zeros((0, 3))) == [Decoded((), 0.0)]


def test_classes_of_probability_0_are_never_said():
    log_q = random_line(0, 6, 3)
    log_q[:, 2] = -np.inf
    log_q = log_softmax(log_q, axis=1)
    found = beam_search(log_q, width=1000)
    assert {each.labelling: each.log_p for each in found} == pytest.approx(every_labelling(log_q[:, :2], 0))


def test_a_labelling_that_leaves_the_beam_and_comes_back_is_one():
    for seed in range(200):
        found = beam_search(random_line(seed, 12, 3, scale=3), width=3)
        assert len({each.labelling for each in found}) == len(found)


def path_of(aligned, labelling, n_frames, blank):
    """Return the path that has each class in its frames, and blanks elsewhere."""
    path = [blank] * n_frames
    for (start, stop), k in zip(aligned.frames, labelling, strict=True):
        path[start:stop] = [k] * (stop - start)
    return tuple(path)


@lines
@pytest.mark.parametrize("seed", range(3))
def test_a_labelling_is_aligned_along_its_most_probable_path(n_frames, n_classes, seed):
    log_q = random_line(seed, n_frames, n_classes)
    for blank in range(n_classes):
        best = {}
        for path, log_p in every_path(log_q):
            labelling = said_by(path, blank)
            best[labelling] = max(log_p, best.get(labelling, -np.inf))
        for labelling, log_p in best.items():
            found = align(log_q, labelling, blank)
            path = path_of(found, labelling, n_frames, blank)
            assert found.log_p == pytest.approx(log_p)
            assert said_by(path, blank) == labelling
            assert log_q[np.arange(n_frames), list(path)].sum() == pytest.approx(log_p)


def test_the_frames_of_each_class_come_one_after_the_other():
    log_q = log_softmax(8 * np.eye(3)[[0, 1, 1, 0, 1, 2, 2, 2, 0]], axis=1)
    assert align(log_q, (1, 1, 2)).frames == ((1, 3), (4, 5), (5, 8))
    assert align(log_q, ()).frames == ()
    assert align(log_q[:0], ()) == align(np.zeros((0, 3)), [])


@pytest.mark.parametrize(
    ("labelling", "message"),
    [
        ((1, 1, 1), r"a line of 4 frames cannot say a labelling that needs 5"),
        ((1, 0), r"classes of a labelling are 0 to 2 but for the blank, 0, got 0"),
        ((3,), r"classes of a labelling are 0 to 2 but for the blank, 0, got 3"),
        ((2,), r"the line says \[2\] with probability 0: a class of it is impossible"),
    ],
)
def test_a_labelling_that_a_line_cannot_say_is_not_aligned(labelling, message):
    log_q = np.log([[0.5, 0.5, 0]] * 4, out=np.full((4, 3), -np.inf), where=np.arange(3) < 2)
    with pytest.raises(DataError, match=message):
        align(log_q, labelling)


@pytest.mark.parametrize("decode", [best_path, beam_search, lambda log_q, blank=0: align(log_q, (), blank)])
def test_what_is_no_line_of_probabilities_is_refused(decode):
    with pytest.raises(ShapeError, match=r"from an array of shape \(frames, classes\), got \(1, 2, 3\)"):
        decode(np.zeros((1, 2, 3)))
    with pytest.raises(DataError, match=r"sum to 1 in each frame, got 3 in frame 0: take log softmax of logits"):
        decode(np.zeros((2, 3)))
    log_q = random_line(0)
    log_q[2, 1] = np.nan
    with pytest.raises(DataError, match=r"sum to 1 in each frame, got nan in frame 2"):
        decode(log_q)
    for blank in -1, 3:
        with pytest.raises(SettingError, match=rf"the blank is one of the classes 0 to 2, got {blank}"):
            decode(random_line(0), blank)
    for blank in 0.5, True, "0":
        with pytest.raises(SettingError, match=f"a `blank` is a whole number, got {blank!r}"):
            decode(random_line(0), blank)


def test_a_beam_without_width_is_refused():
    for width in 2.5, "3", None:
        with pytest.raises(SettingError, match=f"a `width` is a whole number, got {width!r}"):
            beam_search(random_line(0), width=width)
    with pytest.raises(SettingError, match="a beam keeps at least 1 labelling, got a `width` of 0"):
        beam_search(random_line(0), width=0)


# Labellings that an automaton accepts.


def random_automaton(seed, n_classes, n_states=4):
    rng = np.random.default_rng(seed)
    leads_to = rng.integers(0, n_states, (n_states, n_classes))
    leads_to[rng.random(leads_to.shape) < 0.4] = -1
    return Automaton(leads_to, rng.random(n_states) < 0.5)


def follows(automaton, labelling):
    """Say whether an automaton accepts a labelling, walked through by hand."""
    state = 0
    for k in labelling:
        if (state := automaton.leads_to[state][k]) == -1:
            return False
    return automaton.ends[state]


def accepted(automaton, log_q, blank):
    return {each: log_p for each, log_p in every_labelling(log_q, blank).items() if follows(automaton, each)}


@lines
@pytest.mark.parametrize("seed", range(8))
def test_a_beam_for_all_gives_every_accepted_labelling_with_its_probability(n_frames, n_classes, seed):
    log_q, automaton = random_line(seed, n_frames, n_classes), random_automaton(seed, n_classes)
    for blank in range(n_classes):
        expected = accepted(automaton, log_q, blank)
        found = beam_search(log_q, blank, 10_000, automaton)
        assert {each.labelling: each.log_p for each in found} == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert [each.log_p for each in found] == sorted((each.log_p for each in found), reverse=True)
        assert all(automaton.accepts(each.labelling) for each in found)


def test_a_beam_of_the_usual_width_finds_the_most_probable_accepted_labelling():
    n_found = 0
    for seed in range(60):
        log_q, automaton = random_line(seed, 7, 3, scale=1), random_automaton(seed, 3)
        expected = accepted(automaton, log_q, 1)
        found = beam_search(log_q, 1, automaton=automaton)
        assert (found[0].labelling if found else None) == max(expected, key=expected.__getitem__, default=None)
        n_found += bool(found)
    assert 30 < n_found < 60  # some accept nothing that a line of 7 frames can say


def test_what_may_come_sums_to_all_accepted_labellings():
    for seed in range(20):
        log_q, automaton = random_line(seed, 5, 3), random_automaton(seed, 3)
        *_, (log_beta, _) = sums_to_come(log_q, automaton, 2)
        assert log_beta[0] == pytest.approx(logsumexp([-np.inf, *accepted(automaton, log_q, 2).values()]))


def test_where_everything_is_accepted_what_may_come_sums_to_1():
    log_q, anything = random_line(0, 9, 4), Automaton(np.zeros((1, 4), int), np.ones(1, bool))
    for log_beta, log_nu in sums_to_come(log_q, anything):
        np.testing.assert_allclose(log_beta, 0, atol=1e-12)
        np.testing.assert_allclose(log_nu[:, 1:], 0, atol=1e-12)  # the blank is never a last class
    same, wanted = beam_search(log_q, width=5, automaton=anything), beam_search(log_q, width=5)
    assert [each.labelling for each in same] == [each.labelling for each in wanted]


def exactly(*labelling, n_classes):
    """Return an automaton that accepts one labelling."""
    n = len(labelling)
    leads_to = np.full((n + 1, n_classes), -1)
    leads_to[np.arange(n), list(labelling)] = np.arange(n) + 1
    return Automaton(leads_to, np.arange(n + 1) == n)


def test_a_narrow_beam_keeps_what_can_become_a_labelling_however_improbable():
    log_q = log_softmax(9 * np.eye(12)[np.arange(30) % 11], axis=1)  # it says 1 2 3 ... over and over
    for width in 1, 2:
        (found,) = beam_search(log_q, 0, width, exactly(5, 5, 11, 1, n_classes=12))
        assert found.labelling == (5, 5, 11, 1)
        assert found.log_p <= -CTC(0).losses(log_q[None], line_targets([found.labelling], 30))[0]


@pytest.mark.parametrize(
    ("n_frames", "labelling", "fits"),
    [
        (3, (1, 2, 1), True),
        (2, (1, 2, 1), False),
        (3, (1, 1), True),
        (2, (1, 1), False),
        (0, (), True),
        (0, (1,), False),
    ],
)
def test_a_line_that_is_too_short_says_nothing_that_is_accepted(n_frames, labelling, fits):
    found = beam_search(random_line(0, n_frames, 3), automaton=exactly(*labelling, n_classes=3))
    assert [each.labelling for each in found] == [labelling] * fits


def test_classes_of_probability_0_are_not_said_though_they_are_expected():
    log_q = random_line(0, 6, 3)
    log_q[:, 2] = -np.inf
    assert beam_search(log_softmax(log_q, axis=1), automaton=exactly(1, 2, n_classes=3)) == []


@pytest.mark.parametrize(
    ("leads_to", "ends", "error", "message"),
    [
        (np.zeros((0, 3), int), np.zeros(0, bool), ShapeError, r"1 state or more, got \(0, 3\) and \(0,\)"),
        (np.zeros((2, 3), int), np.zeros(3, bool), ShapeError, r"shape \(states,\), .*got \(2, 3\) and \(3,\)"),
        (np.zeros(3, int), np.zeros(3, bool), ShapeError, r"shape \(states, classes\)"),
        (np.zeros((2, 3)), np.zeros(2, bool), DataError, "whole numbers and bools, got float64 and bool"),
        (np.zeros((2, 3), int), np.zeros(2), DataError, "whole numbers and bools, got int64 and float64"),
        (np.full((2, 3), 2), np.zeros(2, bool), DataError, "states are 0 to 1, or -1 for none, got 2"),
        (np.full((2, 3), -2), np.zeros(2, bool), DataError, "states are 0 to 1, or -1 for none, got -2"),
    ],
)
def test_what_is_no_automaton_is_refused(leads_to, ends, error, message):
    with pytest.raises(error, match=message):
        Automaton(leads_to, ends)


def test_an_automaton_of_other_classes_is_refused():
    with pytest.raises(ShapeError, match="a line of 3 classes takes an automaton of as many, got 4"):
        beam_search(random_line(0), automaton=random_automaton(0, 4))
