"""Mistakes inside a forward: each is named, with the line where it stands; right ones and unheard-of ones are not."""

from functools import partial

import numpy as np
import pytest
from support.inner_mistakes import PAIRS as PLAIN
from support.inner_scores import SCORES

from inkgrad.check import check_vjp
from inkgrad.check.array_subject import Pair
from inkgrad.check.kind import Kind
from inkgrad.check.naming import inner_axes
from inkgrad.check.naming.ways import Inside, Way
from inkgrad.check.tape import Recorder, TapeError
from inkgrad.check.tape.place import NOWHERE

RNG = np.random.default_rng(0)

PAIRS = PLAIN | SCORES
MISTAKES = {  # by the function and the mistake: the arrays that are wrong, the kind, and what the message says
    ("rnn", "last turn"): ("w", "overwritten", "the first alone counts for w: = for +=? (line", "x[t] @ w + h @ u"),
    ("rnn", "next state"): ("u", "wrong-argument", "the h of this step stands where that of another step"),
    ("rnn", "last state"): ("u", "wrong-argument", "the last h stands where in all turns that of the turn belongs"),
    ("rnn", "slope"): ("x w u b", "wrong-formula", "the slope of h is taken for 1 - h (line"),
    ("rnn", "bias early"): ("b", "derivative-forgotten", "b gets the sum of the gradient of h"),
    ("rnn", "carry"): ("x w u b", "carry-lost", "what h hands on from one step to the next is lost"),
    ("rnn", "recurrent weight"): ("x w u b", "derivative-forgotten", "the gradient passes matmul of h as it came"),
    ("gru", "after the step"): ("x u v", "wrong-argument", "h as they are after a step where they belong as before it"),
    ("gru", "gate to state"): ("x u v", "term-missing", "h is missing", "z = sigmoid(x[t] + h * u)"),
    ("windows", "set"): ("x g", "overwritten", "that use a number of z the last alone counts: = for +=?"),
    ("glu", "gate constant"): ("x", "term-missing", "as if it were constant", "gate = sigmoid(x @ w)"),
    ("glu", "gate twice"): ("x", "term-factor", "the part through x counts twice", "gate = sigmoid(x @ w)"),
    ("glu", "gate minus"): ("x", "term-factor", "with the wrong sign", "line"),
    ("glu", "gate 0.3"): ("x", "term-factor", "the part through gate counts 0.3 times"),
    ("glu", "no sigmoid"): ("x w", "derivative-forgotten", "a gets the gradient of gate: what is between is left out"),
    ("glu", "sigmoid for tanh"): ("x v", "wrong-formula", "the slope of value is taken for value (1 - value)"),
    ("glu", "gate for value"): ("x v", "wrong-argument", "the slope of value is made with gate in its place"),
    ("glu", "tanh at output"): ("x v", "wrong-argument", "the derivative of tanh is taken there", "np.tanh(x @ v)"),
    ("glu", "sigmoid at output"): ("x w", "derivative-at-output", "the slope of gate is taken at gate", "line 9"),
    ("glu", "gate once more"): ("x v", "term-factor", "multiplied by gate once too often", "value = np.tanh(x @ v)"),
    ("glu", "no gate and no tanh"): ("x", "unknown", "fits no known pattern"),
    ("attention", "softmax axis"): (
        "q k",
        "wrong-axis",
        "of p, made of scores, runs over axis 0, where it should over axis 1",
    ),
    ("attention", "softmax diagonal"): ("q k", "diagonal-jacobian", "of p, made of scores, only the diagonal"),
    ("attention", "softmax skipped"): ("q k", "derivative-forgotten", "scores gets the gradient of p"),
    ("attention", "scores not transposed"): ("k", "transposed", "goes transposed into that of k.T", "scores = q @ k.T"),
    ("attention", "p not transposed"): ("v", "jacobian-not-transposed", "return p @ v"),
    ("normed", "norm axis"): ("x", "wrong-axis", "of z, made of x, run over axis 0, where they should over 1"),
    ("normed", "mean constant"): ("x", "term-missing", "the part that goes through mean is missing"),
    ("normed", "std constant"): ("x", "term-missing", "the part that goes through std is missing"),
    ("clipped", "no mask"): ("x w", "mask-forgotten", "also where it is stopped in forward", "np.maximum(a, 0)"),
    ("clipped", "mask inverted"): ("x w", "wrong-mask", "just where it should be stopped", "np.maximum(a, 0)"),
    ("clipped", "mask of another"): ("x w", "wrong-mask", "where np.sin(h + 1) > 0, which is not its mask"),
    ("pooled", "reversed"): ("x w", "reordered", "the gradient of pooled is reversed along axis 1"),
    ("pooled", "summed over examples"): ("x w", "wrong-axis", "the gradient of pooled is summed over axis 0 too"),
    ("padded", "from the corner"): ("x w", "reordered", "from [0, 0] on, from another place", "y = np.pad(y, 1)"),
    ("repeated", "first of four"): ("x w", "not-summed", "of what is repeated the first place alone"),
    ("dropped", "drawn no mask"): ("x w", "mask-forgotten", "multiply of h", "h = h * mask"),
    ("turned", "not turned back"): ("x w", "reordered", "comes back through transpose by a reshape"),
    ("mixed in steps", "norm axis"): ("x w", "wrong-axis", "the means in the derivative of hat, made of z, run over"),
    ("mixed in steps", "length"): ("x w", "wrong-axis", "the sums in the derivative of unit, made of h, run over"),
    ("decorrelated", "no mask"): ("x w", "mask-forgotten", "also where forward lets nothing through"),
    ("covered", "no mask"): ("x w", "mask-forgotten"),
    ("turned", "weight not transposed"): ("x", "jacobian-not-transposed", "h = np.tanh(x @ w)"),
    ("chain", "best alone"): ("x m", "wrong-formula", "the largest alone of what alpha is the log-sum-exp of"),
    ("chain", "next for before"): ("x m", "wrong-axis", "of alpha, made of joint, is over axis 2, not axis 1"),
    ("matched", "one way"): ("x w", "term-missing", "the part that goes through across is missing"),
    ("likelihood", "total constant"): ("x w", "term-missing", "the total in log, made of s, is taken for a constant"),
    ("likelihood", "total over examples"): ("x w", "wrong-axis", "runs over axis 0, where it should over axis 1"),
    ("twice_turned", "first turn"): ("freq", "term-missing", "is missing, as if it were constant (line 88:"),
    ("twice_waved", "first angle"): ("x", "wrong-argument", "computes forward again with the angle of another step"),
    ("leaky", "slope of p"): ("near far", "wrong-mask", "where is taken back by e > 0, not as forward chose"),
    ("pairs", "ends alike"): ("x b", "wrong-axis", "is summed over the wrong one of its two axes for"),
    ("gates", "first two"): ("x w", "reordered", "in 3 parts along axis 1, parts 0 and 1 are exchanged"),
    ("gates", "turned round"): ("x w", "reordered", "in 3 parts along axis 1, "),
    ("gates", "in turns"): ("x w", "reordered", "of the gradient of z, in 3 parts along axis 1"),
    ("heads", "not moved"): ("x w", "reordered", "of the gradient of merged", "a reshape stands for a transpose"),
    ("ring", "not back"): ("x w", "jacobian-not-transposed", "of h goes through roll as in forward, not back"),
    ("overlap", "constants exchanged"): ("x w", "term-factor", "have each other's constants"),
    ("overlap", "hits of all"): ("x w", "wrong-axis", "backward computes hit again, summed over axis 0 too"),
    ("scaled", "vectors exchanged"): ("w", "transposed", "what matmul gives back to w is transposed"),
    ("both_ways", "first weights"): ("x v", "wrong-argument", "u stands where v belongs"),
    ("biased", "without bias"): ("q k bias heat", "wrong-argument", "without np.sin(bias)"),
    ("biased", "without noise"): ("q k bias heat", "wrong-argument", "is made with that of a forward without add of"),
    ("alike", "slope of exp"): ("q k", "wrong-formula", "the slope of g is taken for g"),
    ("series", "waves"): ("x w", "unknown", "fits no known pattern"),
}


def report_of(name, mistake, seed=0):
    f, back, *arrays = PAIRS[name]
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=each.shape) for each in arrays] if seed else arrays
    return check_vjp(f, partial(back, mistake=mistake), *arrays, raises=False)


def wrong(report):
    return [each.array for each in report.arrays if each.verdict == "wrong"]


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_a_mistake_inside_is_named_where_it_stands(name, mistake):
    arrays, kind, *words = MISTAKES[name, mistake]
    findings = report_of(name, mistake).findings
    assert [finding.array for finding in findings] == arrays.split()
    for finding in findings:
        assert finding.kind == kind
        assert all(word in finding.message for word in words)
        assert not finding.message.startswith(f"d{finding.array}: ")  # which stands before every finding


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_a_mistake_inside_is_named_the_same_at_other_numbers(name, mistake, seed):
    arrays, kind, *_ = MISTAKES[name, mistake]
    findings = report_of(name, mistake, seed).findings
    assert [finding.array for finding in findings] == arrays.split()
    assert {kind, *(each.kind for each in findings)} <= {kind, "unknown"}


@pytest.mark.parametrize("name", PAIRS)
def test_a_right_backward_is_not_named(name):
    for seed in range(3):
        report = report_of(name, "", seed)
        assert report.findings == ()
        assert wrong(report) == []


def unheard_of(back, gradient):
    """Return a backward of which one gradient is spoiled as nobody would."""

    def spoiled(dy, *arrays):
        found = list(back(dy, *arrays))
        shape = found[gradient].shape
        waves = np.sin(7.3 * np.arange(found[gradient].size)).reshape(shape)
        found[gradient] = found[gradient] + 0.3 * waves * np.sum(dy * np.cos(np.arange(dy.size)).reshape(dy.shape))
        return tuple(found)

    return spoiled


@pytest.mark.parametrize("name", PAIRS)
def test_a_mistake_that_nobody_could_guess_is_unknown(name):
    f, back, *arrays = PAIRS[name]
    (finding,) = check_vjp(f, unheard_of(back, 0), *arrays, raises=False).findings
    assert finding.kind == "unknown"


def test_turns_of_a_loop_that_differ_in_kind_are_no_trouble():
    shown = np.stack([np.eye(2), np.tril(np.ones((2, 2))), np.ones((2, 2))])  # the first product takes each row alone

    def f(x, v):
        y = np.zeros((3, 2, 3))
        for t in range(3):
            y[t] = (shown[t] * np.exp(x)) @ v
        return y

    def right(dy, x, v):
        dx, dv = np.zeros_like(x), np.zeros_like(v)
        for t in range(3):
            dx += shown[t] * np.exp(x) * (dy[t] @ v.T)
            dv += (shown[t] * np.exp(x)).T @ dy[t]
        return dx, dv

    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(2, 2)), rng.normal(size=(2, 3))
    assert check_vjp(f, right, *arrays).ok
    (finding,) = check_vjp(f, unheard_of(right, 1), *arrays, raises=False).findings
    assert finding.kind == "unknown"


@pytest.mark.parametrize(("name", "mistake"), list(MISTAKES)[::4])
def test_names_change_no_verdict(name, mistake, monkeypatch):
    usual = report_of(name, mistake)

    def closed(self, arrays):
        raise TapeError("cannot be taken apart")

    monkeypatch.setattr(Pair, "unfold", closed)
    without = report_of(name, mistake)
    assert [each.verdict for each in usual.arrays] == [each.verdict for each in without.arrays]
    assert wrong(usual) == wrong(without)


# Operations that raise at other numbers


def decomposed(x, s):
    c = np.linalg.cholesky(s)
    return np.tanh(x @ c) * np.log(np.diag(c))


def decomposed_back(dy, x, s):
    c = np.linalg.cholesky(s)
    t = np.tanh(x @ c)
    da = dy * np.log(np.diag(c)) * (1 - t**2)
    return da @ c, None


def guarded(x, w):
    with np.errstate(all="raise"):
        h = np.log(x) * w
        return np.sqrt(h**2 + 1) * h


def guarded_back(dy, x, w):
    h = np.log(x) * w
    dh = dy * (np.sqrt(h**2 + 1) + h**2 / np.sqrt(h**2 + 1))
    return dh * w / x * np.cos(x), dh * np.log(x)


def test_an_operation_that_raises_at_other_numbers_ends_nothing():
    x = np.random.default_rng(0).normal(size=(3, 2))
    s = np.array([[1.5, 9.0], [0.3, 2.0]])  # of which only one triangle is read: turned it is not positive
    (finding,) = check_vjp(decomposed, decomposed_back, x, s, raises=False).findings
    assert (finding.array, finding.kind) == ("x", "jacobian-not-transposed")
    (finding,) = check_vjp(guarded, guarded_back, abs(x) + 0.1, x, raises=False).findings
    assert finding.array == "x"


def test_where_an_operation_raises_only_its_own_search_ends():
    x = np.random.default_rng(0).normal(size=(3, 2))
    s = np.array([[1.5, 9.0], [0.3, 2.0]])

    def back(dy, x, s):
        good = by_hand(x, s, dy)
        return good[0], good[1] * np.cos(5 * np.arange(4)).reshape(2, 2)

    def by_hand(x, s, dy):
        found = [np.zeros(x.shape), np.zeros(s.shape)]
        for array, gradient in zip((x, s), found, strict=True):
            for at in np.ndindex(array.shape):
                here, values = array[at], []
                for sign in (1, -1):
                    array[at] = here + sign * 1e-6
                    values.append(np.vdot(dy, decomposed(x, s)))
                    array[at] = here
                gradient[at] = (values[0] - values[1]) / 2e-6
        return found

    report = check_vjp(decomposed, back, x, s, raises=False)
    assert "s" in wrong(report)
    assert all(finding.kind == "unknown" for finding in report.findings if finding.array == "s")


# Large ones, of which a few numbers are looked at


def attended(x, w, v):
    s = (x @ w) @ x.T / np.sqrt(x.shape[1])
    s = np.where(np.tri(len(x)) > 0, s, -np.inf)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return {"y": p @ x @ v, "p": p}


def attended_back(dy, x, w, v, keys=1.0):
    p = attended(x, w, v)["p"]
    do = dy["y"] @ v.T
    dp = do @ x.T + dy["p"]
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / np.sqrt(x.shape[1])
    return p.T @ do + keys * (ds.T @ (x @ w)) + (ds @ x) @ w.T, x.T @ (ds @ x), (p @ x).T @ dy["y"]


@pytest.mark.parametrize(
    ("n", "size"), [(6, 4), pytest.param(60, 40, marks=pytest.mark.slow)], ids=["small", "of 2,400 numbers"]
)
def test_of_a_masked_attention_with_two_outputs_a_part_is_named_that_is_missing(n, size):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(n, size)), rng.normal(size=(size, size)) / np.sqrt(size), rng.normal(size=(size, 5))
    assert check_vjp(attended, attended_back, *arrays).findings == ()
    (finding,) = check_vjp(attended, partial(attended_back, keys=0.0), *arrays, raises=False).findings
    assert (finding.array, finding.kind) == ("x", "term-missing")
    assert "x.T is missing" in finding.message


def test_a_way_that_is_forgotten_is_not_taken_for_the_next():
    """Its id may be that of the next one, whose gradient is another."""
    x = np.array([[0.3, -0.7, 1.1]])
    recorder = Recorder()
    number = recorder.array("x", x)
    doubled = recorder.step(lambda x: 2 * x, [number], 2 * x, NOWHERE, "double")
    inside = Inside(recorder.tape([doubled]), np.ones_like(x), {"x": 2 * np.ones_like(x)})
    for weight in range(200):
        way = Way(Kind.term_factor, "", nodes={doubled: partial(np.multiply, float(weight))})
        assert np.allclose(inside.gradient("x", way), 2 * weight)
        del way


def kinds_of(f, vjp, *arrays):
    return {each.array: str(each.kind) for each in check_vjp(f, vjp, *arrays, raises=False).findings}


def test_what_is_missing_along_an_array_is_no_weight_decay():
    x, w = RNG.normal(size=(5, 3)), RNG.normal(size=3)

    def f(x, w):
        length = np.sqrt((w * w).sum())
        return x @ (w / length)

    def wrong(dy, x, w):
        length = np.sqrt((w * w).sum())
        return np.outer(dy, w / length), x.T @ dy / length

    assert kinds_of(f, wrong, x, w) == {"w": "term-missing"}


def test_a_number_in_a_stack_stands_in_one_place_and_is_not_spread():
    recorder, x = Recorder(), np.array(0.3)
    number = recorder.array("x", x)
    stacked = recorder.step(lambda x: np.stack([x, 1.0]), [number], np.stack([x, 1.0]), NOWHERE, "stack")
    inside = Inside(recorder.tape([stacked]), np.ones(2), {"x": np.zeros(())})
    assert inside.ways(inner_axes.not_summed) == []


def test_a_mask_between_two_values_that_is_left_out_is_forgotten():
    x, w = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    seen = np.array([1.0, 0, 1, 1])

    def f(x, w):
        risk = x @ w
        return seen * (np.cumsum(np.exp(risk)) - risk)

    def wrong(dy, x, w):
        risk = x @ w
        drisk = np.cumsum(dy[::-1])[::-1] * np.exp(risk) - seen * dy
        return np.outer(drisk, w), x.T @ drisk

    assert kinds_of(f, wrong, x, w) == {"x": "mask-forgotten", "w": "mask-forgotten"}


def test_a_slope_that_lacks_a_number_is_off_by_that_factor():
    x, w = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 3))

    def f(x, w):
        a = x @ w
        e = np.exp(-1.7 * a)
        return a / (1 + e)

    def wrong(dy, x, w):
        a = x @ w
        s = 1 / (1 + np.exp(-1.7 * a))
        da = dy * (s + a * s * (1 - s))
        return da @ w.T, x.T @ da

    assert kinds_of(f, wrong, x, w) == {"x": "term-factor", "w": "term-factor"}
