"""Breaking: a visitor's own network with one of the checker's lessons in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from inkgrad.check import lessons
from inkgrad.costs import Cost, CrossEntropy, SoftmaxCrossEntropy
from inkgrad.errors import SettingError
from inkgrad.layers import Chain, Dense, Dropout, Layer, ReLU, Softmax, Tanh


@dataclass(frozen=True)
class Break:
    """What a lesson puts in the place of a right layer or cost.

    place  the right class: the first such layer of the network is exchanged, or its cost
    wrong  makes the wrong one from it
    needs  what the network must have, in words
    """

    place: type[Layer] | type[Cost]
    wrong: Callable[..., Layer | Cost]
    needs: str
    square: bool = False


def _dense(wrong: type[Dense]) -> Callable[[Dense], Dense]:
    return lambda right: wrong(right.n_in, right.n_out, right.start)


BREAKS = {
    "softmax-diagonal": Break(Softmax, lambda _: lessons.DiagonalSoftmax(), "the cost CrossEntropy or SquaredError"),
    "softmax-twice": Break(CrossEntropy, lambda _: lessons.FusedGradient(), "the cost CrossEntropy"),
    "bias-mean": Break(Dense, _dense(lessons.BiasMean), "a dense layer"),
    "batch-twice": Break(Dense, _dense(lessons.DividedAgain), "a dense layer"),
    "weights-transposed": Break(
        Dense,
        _dense(lessons.UntransposedWeights),
        "two dense layers of one size, one after the other",
        square=True,
    ),
    "gradient-forgotten": Break(Dense, _dense(lessons.ForgottenBias), "a dense layer"),
    "sign-flipped": Break(Dense, _dense(lessons.FlippedSign), "a dense layer"),
    "derivative-forgotten": Break(Tanh, lambda _: lessons.ForgottenTanh(), "a layer with Tanh"),
    "derivative-at-output": Break(Tanh, lambda _: lessons.TanhAtOutput(), "a layer with Tanh"),
    "derivative-twice": Break(Tanh, lambda _: lessons.TanhTwice(), "a layer with Tanh"),
    "relu-mask-inverted": Break(ReLU, lambda _: lessons.InvertedReLU(), "a layer with ReLU"),
    "dropout-unscaled": Break(Dropout, lambda right: lessons.UnscaledDropout(right.rate), "dropout"),
    "last-example-only": Break(Dense, _dense(lessons.LastExampleOnly), "a dense layer"),
    "weight-decay": Break(Dense, _dense(lessons.Decayed), "a dense layer"),
    "target-shifted": Break(SoftmaxCrossEntropy, lambda _: lessons.ShiftedTargets(), "the cost SoftmaxCrossEntropy"),
    "cost-sum-not-mean": Break(SoftmaxCrossEntropy, lambda _: lessons.SummedGradient(), "the cost SoftmaxCrossEntropy"),
}


def with_break(network: Chain, cost: Cost, lesson: str) -> tuple[Chain, Cost]:
    """Return a network and its cost with the mistake of a lesson in one of them; theta stays as it is.

    Raises SettingError where the network has nothing that the lesson could break.
    """
    what = BREAKS[lesson]
    if type(cost) is what.place:
        return network, what.wrong(cost)  # type: ignore[return-value]  # a cost is made from a cost
    for i, layer in enumerate(network.layers):
        if type(layer) is what.place and (not what.square or layer.n_in == layer.n_out):  # type: ignore[attr-defined]
            wrong: Layer = what.wrong(layer)  # type: ignore[assignment]  # and a layer from a layer
            return Chain((*network.layers[:i], wrong, *network.layers[i + 1 :])), cost
    raise SettingError(f"{lesson} needs {what.needs}, which this network lacks")
