"""The zoo: 93 known mistakes, each found at its place and by its name, and right layers left in peace."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from support import zoo_right as right
from support import zoo_wrong as wrong

from inkgrad.check import check_cost, check_layer, check_network
from inkgrad.costs import Cost, SoftmaxCrossEntropy, SquaredError
from inkgrad.layers import ELU, Chain, Dense, Dropout, Flatten, Layer, LeakyReLU, ReLU, Softmax, Tanh
from inkgrad.layout import Layout

SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3, 4))]
ANYWHERE = {"mutated", "random", "nonlinear", "accumulated", "wiring"}  # may show in any array of the layer
LEFT_OUT: dict[int, str] = {}


@dataclass(frozen=True)
class LayerCase:
    layer: Layer
    x: np.ndarray

    def report(self, seed):
        return check_layer(self.layer, self.x, seed=seed, raises=False)


@dataclass(frozen=True)
class CostCase:
    cost: Cost
    y: np.ndarray
    t: np.ndarray

    def report(self, seed):
        return check_cost(self.cost, self.y, self.t, raises=False)


@dataclass(frozen=True)
class NetworkCase:
    network: Layer
    cost: Cost
    x: np.ndarray
    t: np.ndarray
    theta: np.ndarray

    def report(self, seed):
        return check_network(self.network, self.cost, self.x, self.t, self.theta, seed=seed, raises=False)


Case = LayerCase | CostCase | NetworkCase


@dataclass(frozen=True)
class Row:
    """A mistake, and every place and name it must be found under: (layer, array, kinds), then `others`."""

    number: int
    make: Callable[[int], Case]
    layer: str
    array: str
    kinds: tuple[str, ...]
    others: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @property
    def places(self):
        return ((self.layer, self.array, self.kinds), *self.others)


def sizes(rng, n=3):
    """Return n different primes, so that no size can be taken for another."""
    return [int(size) for size in rng.permutation([3, 5, 7, 11])[:n]]


def batch(rng, *shape):
    return rng.normal(0.4, 1, shape)


def softmax(x):
    return Softmax().value(x)


def case(build):
    """Return make(seed), from build(rng)."""
    return lambda seed: build(np.random.default_rng(seed))


def dense(layer):
    """A kind of Dense alone, all sizes different."""

    def build(rng):
        n, n_in, n_out = sizes(rng)
        return LayerCase(layer(n_in, n_out), batch(rng, n, n_in))

    return case(build)


def square(layer):
    """A kind of Dense alone, with n_in = n_out."""

    def build(rng):
        n, n_in = sizes(rng, 2)
        return LayerCase(layer(n_in, n_in), batch(rng, n, n_in))

    return case(build)


def same_as_batch(layer):
    """A kind of Dense alone, with N = n_out."""

    def build(rng):
        n, n_in = sizes(rng, 2)
        return LayerCase(layer(n_in, n), batch(rng, n, n_in))

    return case(build)


def alone(layer, scale=1.0, width=None):
    """A layer for inputs of any width."""

    def build(rng):
        n, n_in = sizes(rng, 2)
        return LayerCase(layer, scale * batch(rng, n, width or n_in))

    return case(build)


def near_zero(layer):
    """Inputs among which some lie between 0 and 0.1."""

    def build(rng):
        n, n_in = sizes(rng, 2)
        return LayerCase(layer, rng.permuted(np.linspace(-0.53, 0.56, n * n_in)).reshape(n, n_in))

    return case(build)


def far_from_zero(layer):
    """Inputs among which some are so negative that exp(-x) overflows."""

    def build(rng):
        n, n_in = sizes(rng, 2)
        x = batch(rng, n, n_in)
        x[rng.integers(n), rng.integers(n_in)] = -800
        return LayerCase(layer, x)

    return case(build)


def tiny_inputs(layer):
    """Inputs of which two columns are so small that their gradient is 0 in float16."""

    def build(rng):
        n, n_in, n_out = sizes(rng)
        x = batch(rng, n, n_in)
        x[:, :2] *= 1e-9
        return LayerCase(layer(n_in, n_out), x)

    return case(build)


def batch_norm(layer):
    def build(rng):
        n, width = sizes(rng, 2)
        return LayerCase(layer(width), batch(rng, n, width))

    return case(build)


def conv(layer, stride=1, k=None):
    def build(rng):
        h, w = (int(size) for size in rng.permutation([5, 7]))
        c_in, c_out = (int(size) for size in rng.permutation([2, 3]))
        kernel = k or int(rng.choice([2, 3]))
        return LayerCase(layer(c_in, c_out, kernel, stride), batch(rng, 5, h, w, c_in))

    return case(build)


def pool(layer):
    def build(rng):
        h, w = rng.permutation([4, 6])
        return LayerCase(layer, batch(rng, 5, h, w, 3))

    return case(build)


def pool_with_ties(layer):
    """Pictures with blank paper, where a whole window is 0, and others with two equal maxima."""

    def build(rng):
        return LayerCase(layer, np.maximum(rng.integers(-3, 3, (5, 4, 6, 3)), 0) / 2)

    return case(build)


def pictures(layer):
    def build(rng):
        n, h, w = sizes(rng)
        return LayerCase(layer, batch(rng, n, h, w, 2))

    return case(build)


def embedding(layer):
    """Words of which some come more than once."""

    def build(rng):
        n_words, n_out = (int(size) for size in rng.permutation([3, 5])[:2])
        return LayerCase(layer(n_words, n_out), rng.integers(0, n_words, (11, 1)).astype(float))

    return case(build)


def cost_of(cost, outputs=None):
    """A cost at random outputs, or at outputs(x) of random numbers x, with class numbers for targets."""

    def build(rng):
        n, n_classes = sizes(rng, 2)
        y = batch(rng, n, n_classes)
        return CostCase(cost, y if outputs is None else outputs(y), rng.integers(0, n_classes, n))

    return case(build)


def improbable(cost):
    """Outputs between 0.002 and 0.008 where the target is 1, for every second example."""

    def build(rng):
        n, n_classes = sizes(rng, 2)
        y, t = softmax(batch(rng, n, n_classes)), rng.integers(0, n_classes, n)
        y[np.arange(n), t] = rng.uniform(0.2, 0.8, n)
        some = np.arange(0, n, 2)
        y[some, t[some]] = rng.uniform(0.002, 0.008, len(some))
        return CostCase(cost, y, t)

    return case(build)


def impossible(cost):
    """Outputs of which some, where the target is 0, are exactly 0."""

    def build(rng):
        n, n_classes = sizes(rng, 2)
        y, t = softmax(batch(rng, n, n_classes)), rng.integers(0, n_classes, n)
        y[[0, 1], (t[:2] + 1) % n_classes] = 0
        return CostCase(cost, y, t)

    return case(build)


def last_batch(cost):
    """A batch smaller than those before it."""

    def build(rng):
        n, full = sorted(sizes(rng, 2))
        y = batch(rng, n, 2)
        return CostCase(cost(full), y, batch(rng, *y.shape))

    return case(build)


def network(build_layers, cost=None, chain=Chain):
    """A network of build_layers(n_in, n_hidden, n_classes)."""

    def build(rng):
        n, n_in, n_hidden, n_classes = sizes(rng, 4)
        net = chain(tuple(build_layers(n_in, n_hidden, n_classes)))
        layout = Layout(net.shapes())
        theta = np.zeros(layout.size)
        net.init(layout.views(theta), rng)
        theta += rng.normal(0, 0.1, layout.size)
        x, t = batch(rng, n, *net.input_shape()), rng.integers(0, n_classes, n)
        return NetworkCase(net, cost or SoftmaxCrossEntropy(), x, t, theta)

    return case(build)


def picture_network(seed):
    rng = np.random.default_rng(seed)
    net = Chain((right.Conv2D(2, 3, 2), ReLU(), right.MaxPool2D(), Flatten(), right.BatchNorm(18), Dense(18, 7)))
    layout = Layout(net.shapes())
    theta = np.zeros(layout.size)
    net.init(layout.views(theta), rng)
    theta += rng.normal(0, 0.1, layout.size)
    return NetworkCase(net, SoftmaxCrossEntropy(), batch(rng, 5, 5, 7, 2), rng.integers(0, 7, 5), theta)


ROWS = [
    Row(1, cost_of(wrong.LostHalf()), "cost", "y", ("factor",)),
    Row(2, cost_of(wrong.TargetMinusOutput()), "cost", "y", ("sign",)),
    Row(3, cost_of(wrong.MeanOverOutputs()), "cost", "y", ("factor",)),
    Row(4, cost_of(wrong.MeanTwice()), "cost", "y", ("factor",)),
    Row(5, cost_of(wrong.SumForMean()), "cost", "y", ("factor",)),
    Row(5, network(lambda i, h, o: (Dense(i, o), Tanh()), wrong.SumForMean()), "cost", "y", ("factor",)),
    Row(6, cost_of(wrong.FusedLogLoss(), softmax), "cost", "y", ("fused-twice",)),
    Row(
        6,
        network(lambda i, h, o: (Dense(i, h), Tanh(), Dense(h, o), Softmax()), wrong.FusedLogLoss()),
        "cost",
        "y",
        ("fused-twice",),
    ),
    Row(7, cost_of(wrong.BinaryLogLoss(), softmax), "cost", "y", ("fused-twice",)),
    Row(8, cost_of(wrong.TrueClassOnly()), "cost", "y", ("target-only",)),
    Row(9, cost_of(wrong.LabelsFromOne()), "cost", "y", ("label-shift",)),
    Row(10, cost_of(wrong.SmoothedGradient()), "cost", "y", ("wrong-formula", "unknown")),
    Row(11, improbable(wrong.ClippedLogLoss()), "cost", "y", ("missing", "wrong-formula", "unknown")),
    Row(12, impossible(wrong.ZeroOverZero()), "cost", "y", ("not-finite",)),
    Row(12, far_from_zero(wrong.OverflowingSigmoid()), "", "x", ("not-finite",)),
    Row(13, alone(wrong.DiagonalSoftmax()), "", "x", ("diagonal-jacobian",)),
    Row(13, alone(wrong.DiagonalSoftmax(), width=2), "", "x", ("diagonal-jacobian",)),
    Row(
        13,
        network(lambda i, h, o: (Dense(i, o), wrong.DiagonalSoftmax()), SquaredError()),
        "1",
        "x",
        ("diagonal-jacobian",),
    ),
    Row(
        14,
        network(lambda i, h, o: (Dense(i, o), wrong.DiagonalSoftmax()), right.LogLoss()),
        "1",
        "x",
        ("diagonal-jacobian",),
    ),
    Row(15, alone(wrong.OffDiagonalSoftmax()), "", "x", ("off-diagonal-jacobian",)),
    Row(16, alone(wrong.IdentitySoftmax()), "", "x", ("derivative-forgotten",)),
    Row(17, alone(wrong.PreactivationSoftmax()), "", "x", ("wrong-formula",)),
    Row(18, alone(wrong.PreactivationSigmoid()), "", "x", ("wrong-formula",)),
    Row(19, alone(wrong.SigmoidAtOutput()), "", "x", ("derivative-at-output",)),
    Row(20, alone(wrong.SigmoidY()), "", "x", ("wrong-formula",)),
    Row(21, alone(wrong.SigmoidOneMinusY()), "", "x", ("wrong-formula",)),
    Row(22, alone(wrong.TanhNoSquare()), "", "x", ("wrong-formula",)),
    Row(23, alone(wrong.TanhOfInput()), "", "x", ("wrong-formula",)),
    Row(24, alone(wrong.TanhAtOutput()), "", "x", ("derivative-at-output",)),
    Row(24, alone(wrong.SquareAtOutput()), "", "x", ("derivative-at-output",)),
    Row(25, alone(wrong.TanhTwice()), "", "x", ("derivative-twice",)),
    Row(25, alone(wrong.SquareTwice()), "", "x", ("derivative-twice",)),
    Row(
        25,
        network(lambda i, h, o: (Dense(i, h), Chain((wrong.TanhTwice(), Dense(h, o))))),
        "1.0",
        "x",
        ("derivative-twice",),
    ),
    Row(26, alone(wrong.TanhForgotten()), "", "x", ("derivative-forgotten",)),
    Row(27, alone(wrong.LostLeak()), "", "x", ("missing",)),
    Row(28, alone(wrong.OtherLeak()), "", "x", ("derivative-twice", "wrong-formula")),
    Row(28, alone(wrong.OtherLeak(0.3)), "", "x", ("wrong-formula", "unknown")),
    Row(29, alone(wrong.InputELU()), "", "x", ("wrong-formula",)),
    Row(30, alone(wrong.DeadELU(0.7)), "", "x", ("missing", "wrong-formula", "unknown")),
    Row(31, alone(wrong.UnitELU(0.7)), "", "x", ("wrong-formula",)),
    Row(32, alone(wrong.InvertedReLU()), "", "x", ("wrong-mask",)),
    Row(33, alone(wrong.GradientMaskReLU()), "", "x", ("wrong-mask", "nonlinear")),
    Row(35, near_zero(wrong.ThresholdReLU()), "", "x", ("missing",)),
    Row(36, alone(wrong.NeighbourTanh()), "", "x", ("wrong-formula",)),
    Row(37, dense(wrong.NegativeWeights), "", "W", ("sign",)),
    Row(38, square(wrong.TransposedGradient), "", "W", ("transposed",)),
    Row(39, dense(wrong.ReshapedGradient), "", "W", ("reordered",)),
    Row(40, square(wrong.UntransposedWeights), "", "x", ("jacobian-not-transposed",)),
    Row(
        40,
        network(lambda i, h, o: (Dense(i, h), Tanh(), wrong.UntransposedWeights(h, h), Tanh(), Dense(h, o))),
        "2",
        "x",
        ("jacobian-not-transposed",),
    ),
    Row(41, dense(wrong.UnwrittenBias), "", "b", ("zero",)),
    Row(41, dense(wrong.ZeroBias), "", "b", ("zero",)),
    Row(42, dense(wrong.MeanBias), "", "b", ("factor",)),
    Row(43, same_as_batch(wrong.WrongAxisBias), "", "b", ("wrong-formula", "unknown")),
    Row(44, dense(wrong.LastExample), "", "W", ("one-example",), (("", "b", ("one-example",)),)),
    Row(44, dense(wrong.FirstExample), "", "W", ("one-example",), (("", "b", ("one-example",)),)),
    Row(45, dense(wrong.AllButLast), "", "W", ("one-example",)),
    Row(46, square(wrong.OutputForInput), "", "W", ("input-for-output",)),
    Row(47, dense(wrong.LastRowForgotten), "", "W", ("missing",)),
    Row(48, dense(wrong.ShiftedRows), "", "W", ("reordered",)),
    Row(48, dense(wrong.ReversedColumns), "", "W", ("reordered",)),
    Row(49, dense(wrong.NothingBack), "", "x", ("zero",)),
    Row(50, dense(wrong.NegativeBack), "", "x", ("sign",)),
    Row(50, network(lambda i, h, o: (Dense(i, h), ELU(), wrong.NegativeBack(h, o))), "2", "x", ("sign",)),
    Row(50, dense(wrong.ScaledBack), "", "x", ("factor",)),
    Row(51, square(wrong.PhantomSkip), "", "x", ("wrong-formula", "unknown")),
    Row(52, dense(wrong.DecayedWeights), "", "W", ("weight-decay",)),
    Row(53, dense(wrong.DecayedBias), "", "b", ("weight-decay",)),
    Row(54, dense(wrong.DecayedTwice), "", "W", ("weight-decay",)),
    Row(55, dense(wrong.Accumulating), "", "W", ("accumulated",)),
    Row(55, dense(wrong.AddingTo), "", "W", ("accumulated", "not-finite")),
    Row(56, dense(wrong.UpdatesEarly), "", "W", ("mutated",)),
    Row(57, dense(wrong.ClippedValues), "", "W", ("nonlinear",)),
    Row(58, dense(wrong.ClippedNorm), "", "W", ("nonlinear",)),
    Row(59, dense(wrong.WithLearningRate), "", "W", ("factor",), (("", "b", ("factor",)),)),
    Row(
        59,
        network(lambda i, h, o: (Dense(i, h), Tanh(), Dense(h, o)), chain=wrong.ImpatientChain),
        "wiring",
        "",
        ("wiring", "factor"),
    ),
    Row(60, dense(wrong.WithMomentum), "", "W", ("accumulated",)),
    Row(61, dense(wrong.SwappedGated), "", "W", ("swapped",), (("", "V", ("swapped",)),)),
    Row(62, dense(wrong.HalfPrecision), "", "W", ("imprecise",)),
    Row(63, tiny_inputs(wrong.HalfPrecision), "", "W", ("missing", "imprecise")),
    Row(
        64,
        network(lambda i, h, o: (Dense(i, h), Tanh(), Dense(h, h), Tanh(), Dense(h, o)), chain=wrong.SharedCacheChain),
        "wiring",
        "",
        ("wiring",),
    ),
    Row(
        65,
        network(lambda i, h, o: (Dense(i, h), Tanh(), Dense(h, o)), chain=wrong.SkippingChain),
        "wiring",
        "",
        ("wiring",),
    ),
    Row(
        65,
        network(lambda i, h, o: (Dense(o, o), Tanh(), Dense(o, o), ELU()), SquaredError(), wrong.ForwardOrderChain),
        "wiring",
        "",
        ("wiring",),
    ),
    Row(66, alone(wrong.InPlaceForward()), "", "x", ("mutated",)),
    Row(67, alone(wrong.InPlaceBackward()), "", "x", ("mutated",)),
    Row(68, dense(wrong.KeepsInput), "", "W", ("input-for-output",)),
    Row(69, dense(wrong.Frozen), "", "W", ("zero",), (("", "b", ("zero",)),)),
    Row(
        70,
        network(lambda i, h, o: (wrong.NegativeWeights(i, h), wrong.TanhForgotten(), wrong.MeanBias(h, o))),
        "0",
        "W",
        ("sign",),
        (("1", "x", ("derivative-forgotten",)), ("2", "b", ("factor",))),
    ),
    Row(71, alone(wrong.UnmaskedDropout(0.3)), "", "x", ("derivative-forgotten",)),
    Row(72, alone(wrong.UnscaledDropout(0.3)), "", "x", ("factor",)),
    Row(73, alone(wrong.WrongScaleDropout(0.3)), "", "x", ("factor",)),
    Row(74, alone(wrong.NewMaskDropout(0.3)), "", "x", ("random",)),
    Row(74, alone(wrong.NextMaskDropout(0.3)), "", "x", ("random",)),
    Row(75, batch_norm(wrong.ConstantStatistics), "", "x", ("statistics-constant",)),
    Row(76, batch_norm(wrong.ConstantVariance), "", "x", ("statistics-constant", "wrong-formula")),
    Row(77, batch_norm(wrong.ConstantMean), "", "x", ("statistics-constant", "wrong-formula")),
    Row(78, batch_norm(wrong.ForgottenGamma), "", "x", ("factor-per-column", "wrong-formula")),
    Row(79, batch_norm(wrong.SwappedBatchNorm), "", "gamma", ("swapped",), (("", "beta", ("swapped",)),)),
    Row(80, batch_norm(wrong.UnbiasedBackward), "", "x", ("wrong-formula",)),
    Row(81, batch_norm(wrong.RunningStatistics), "", "x", ("random",)),
    Row(82, conv(wrong.UnflippedKernel), "", "x", ("reordered",)),
    Row(83, conv(wrong.TurnedKernelGradient), "", "W", ("reordered",)),
    Row(84, conv(wrong.TransposedKernelGradient), "", "W", ("transposed",)),
    Row(85, conv(wrong.KernelRowLeftOut), "", "x", ("missing",)),
    Row(86, conv(wrong.MeanConvBias), "", "b", ("factor",)),
    Row(87, conv(wrong.ShiftedConv), "", "x", ("reordered",)),
    Row(87, conv(wrong.ShiftedConv, stride=2, k=2), "", "x", ("reordered",)),
    Row(88, pool(wrong.MisplacedMax()), "", "x", ("reordered",)),
    Row(89, pool(wrong.CopiedMax()), "", "x", ("wrong-mask",)),
    Row(91, pictures(wrong.FortranFlatten()), "", "x", ("reordered",)),
    Row(92, embedding(wrong.OverwritingEmbedding), "", "E", ("one-example",)),
    Row(93, last_batch(wrong.FullBatch), "cost", "y", ("one-example", "factor")),
]


RIGHT = {
    "Square": alone(right.Square()),
    "Gated": dense(right.Gated),
    "Conv2D": conv(right.Conv2D),
    "Conv2D with stride 2": conv(right.Conv2D, stride=2),
    "MaxPool2D": pool(right.MaxPool2D()),
    "BatchNorm": batch_norm(right.BatchNorm),
    "Embedding": embedding(right.Embedding),
    "LogLoss": cost_of(right.LogLoss(), softmax),
    "a network of pictures": picture_network,
    "a network with the softmax before the cost": network(
        lambda i, h, o: (Dense(i, h), LeakyReLU(), Dropout(0.3), Dense(h, o), Softmax()), right.LogLoss()
    ),
}


def relu_at_its_kink(seed):
    case = alone(wrong.OutputMaskReLU())(seed)
    case.x[:, 0] = 0
    return case


NASTY = {
    "34 ReLU with its mask from y": alone(wrong.OutputMaskReLU()),
    "34 ReLU at its kink": relu_at_its_kink,
    "90 the first of equal maxima": pool_with_ties(right.MaxPool2D()),
    "90 dy shared between equal maxima": pool_with_ties(wrong.SharedMax()),
}


def name_of(row):
    case = row.make(0)
    subject = next(vars(case)[key] for key in ("layer", "network", "cost") if key in vars(case))
    return f"{row.number}-{type(subject).__name__}{'-in-' + row.layer if row.layer else ''}"


@cache
def report_of(row, seed):
    return row.make(seed).report(seed)


def is_named(finding, kinds):
    return finding.kind in kinds or bool(set(finding.also) & set(kinds))


def is_at(finding, layer, array, kinds):
    return finding.layer == layer and (finding.array == array or bool(ANYWHERE & set(kinds)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # rows 12 divide by zero, as they did when they were made
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_mistake_is_found_at_its_place_and_by_its_name(row, seed):
    report = report_of(row, seed)
    assert report.findings
    assert not report.ok
    for layer, array, kinds in row.places:
        here = [finding for finding in report.findings if is_at(finding, layer, array, kinds)]
        assert here, f"nothing found at {layer!r}, {array!r}, only {report.findings}"
        assert any(is_named(finding, kinds) for finding in here), here


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_what_is_right_beside_a_mistake_is_left_in_peace(row, seed):
    strangers = [
        finding for finding in report_of(row, seed).findings if not any(is_at(finding, *place) for place in row.places)
    ]
    assert not strangers


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", RIGHT.values(), ids=RIGHT)
def test_a_right_layer_passes(make, seed):
    report = make(seed).report(seed)
    assert report.ok, report.findings
    assert not report.findings


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("make", NASTY.values(), ids=NASTY)
def test_what_only_looks_wrong_passes(make, seed):
    report = make(seed).report(seed)
    assert report.ok, report.findings
    assert not report.findings


def test_every_row_of_the_zoo_is_here_or_says_why_not():
    nasty = {int(name.split()[0]) for name in NASTY}
    assert {row.number for row in ROWS} | nasty | set(LEFT_OUT) == set(range(1, 94))
