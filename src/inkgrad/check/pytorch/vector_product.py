"""VectorProduct: a call of tensors as functions of NumPy arrays: y, dy J, and the slopes along a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from inspect import unwrap
from typing import Any, Protocol

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.pytorch.call_state import same
from inkgrad.check.pytorch.kept_grads import KeptGrads
from inkgrad.check.pytorch.output_row import OutputRow
from inkgrad.check.pytorch.precision import CoarsestSeen
from inkgrad.check.pytorch.tensor_call import LARGE, Layout, Slot, as_tensor, blamed, trace_of
from inkgrad.errors import CheckError

ASKS_HOW = "_is_checkpoint_valid"  # by which a Function refuses `grad`, as it runs a backward inside a backward

CONVERSION = "ToCopyBackward0"  # the node of a tensor in another type


class Call(Protocol):
    """What is called: a TensorCall, or what behaves as one."""

    owner: str
    kind: Any
    slots: list[Slot]  # those of the inputs come first
    counts_every_output: bool

    def moved(self, arrays: Arrays, graph: bool, learn: bool = False) -> AbstractContextManager[list[Any]]: ...

    def passed(self, leaves: Sequence[Any], lay: Layout | None = None) -> list[Any]: ...

    def outputs(self, passed: Sequence[Any], leaves: Sequence[Any], function: Any = None) -> list[Any]: ...

    def redraw(self) -> bool: ...


class VectorProduct:
    """forward and backward of a Subject, for a Call.

    It is called once at the start, to see what it gives, what it changes, and whether it needs the graph to do so.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self.arrays = {slot.name: slot.array() for slot in call.slots}
        with blamed(call.owner, "forward"), torch.enable_grad(), call.moved(self.arrays, True, learn=True) as leaves:
            outputs = call.outputs(call.passed(leaves), leaves)
            self.row = OutputRow(call.owner, outputs, call.counts_every_output)
            self.y = self.row.of(outputs)
            self._may_round = any(map(_may_round, nodes_of(outputs)))
        self._pulled = False
        self.needs_graph = not self._does_without_graph()

    def _does_without_graph(self) -> bool:
        """Return whether forward gives the same without a graph: not what differentiates, or asks for the mode."""
        try:
            self.needs_graph = False
            return bool(np.array_equal(self.forward(self.arrays), self.y, equal_nan=True))
        except CheckError:  # it has just run with a graph: what it lacks is that
            return False

    def forward(self, arrays: Arrays) -> NDArray:
        """Return y."""
        call, graph = self.call, self.needs_graph
        with blamed(call.owner, "forward"), torch.set_grad_enabled(graph), call.moved(arrays, graph) as leaves:
            return self.row.of(call.outputs(call.passed(leaves), leaves))

    def backward(self, arrays: Arrays, dy: NDArray, start: float = 0.0) -> Arrays:
        """Return dy J for each array; `start` is not needed, as torch's gradients start anew."""
        return self.pulled(arrays, dy)

    def pulled(
        self,
        arrays: Arrays,
        dy: NDArray,
        function: Any = None,
        lay_x: Layout | None = None,
        lay_dy: Callable[[Any], Any] | None = None,
        batched: bool = False,
        only: int | None = None,
        redrawn: bool = False,
    ) -> Arrays:
        """Return dy J: of another function in its place; where inputs and dy lie otherwise; of one output `only`; with
        `redrawn` random numbers in backward, nothing where none are drawn."""
        call = self.call
        learn, self._pulled = not self._pulled, True
        with blamed(call.owner, "backward"), torch.enable_grad(), call.moved(arrays, True, learn) as leaves:
            passed = call.passed(leaves, lay_x)
            chosen = self.row.chosen(call.outputs(passed, leaves, function))
            if redrawn and not call.redraw():
                return {}
            pieces = self.row.pieces(as_tensor(dy), chosen)
            before = [trace_of(each) if each.numel() > LARGE else each.detach().clone() for each in passed]
            if only is not None:
                chosen, pieces = chosen[only : only + 1], pieces[only : only + 1]
            if lay_dy is not None:
                pieces = [lay_dy(each) for each in pieces]
            found = (gradients_of_a_batch if batched else gradients)(chosen, leaves, pieces)
            self._show_changes(arrays, passed, before)
            return {
                slot.name: slot.gradient(each, arrays[slot.name]) for slot, each in zip(call.slots, found, strict=True)
            }

    def _show_changes(self, arrays: Arrays, passed: list[Any], before: list[Any]) -> None:
        """Let arrays show what backward has changed in place of the inputs that it kept.

        What is large takes another's place in the mapping, whose memory may be the user's own.
        """
        for slot, now, then in zip(self.call.slots, passed, before, strict=False):
            if trace_of(now) != then if isinstance(then, tuple) else not same(now, then):
                if now.numel() > LARGE and isinstance(arrays, dict):
                    arrays[slot.name] = slot.numbers(now)
                elif now.numel() <= LARGE:
                    np.copyto(arrays[slot.name], slot.numbers(now))

    def coarsest(self) -> float:
        """Return the machine epsilon of the coarsest type that forward rounds to, as far as torch can be watched."""
        if not self._may_round:
            return 0.0
        seen = CoarsestSeen()
        try:
            with seen:
                self.forward(self.arrays)
        except CheckError:  # it has just run: some functions of torch refuse to be watched
            return 0.0
        return seen.eps


def gradients_of_a_batch(outputs: Sequence[Any], leaves: Sequence[Any], pieces: Sequence[Any]) -> list[Any]:
    """Return the gradient of each leaf, for a dy that is the last of a batch of two."""

    def pull(*dy: Any) -> tuple[Any, ...]:
        found = zip(gradients(outputs, leaves, dy), leaves, strict=True)
        return tuple(torch.zeros_like(leaf) if each is None else each for each, leaf in found)

    return [each[1] for each in torch.func.vmap(pull)(*(torch.stack([-dy, dy]) for dy in pieces))]


def gradients(outputs: Sequence[Any], leaves: Sequence[Any], pieces: Sequence[Any], graph: bool = False) -> list[Any]:
    """Return the gradient of each leaf, None where nothing comes back."""
    flowing = [(y, dy) for y, dy in zip(outputs, pieces, strict=True) if y.requires_grad]
    if not flowing or not leaves:
        return [None] * len(leaves)
    ys, dys = map(list, zip(*flowing, strict=True))
    nodes = nodes_of(ys)
    if any(map(_takes_backward_only, nodes)):
        return _accumulated(ys, leaves, dys, nodes)
    return list(torch.autograd.grad(ys, list(leaves), dys, allow_unused=True, create_graph=graph))


def _takes_backward_only(node: Any) -> bool:
    """Return whether a node is of a Function, such as a checkpoint, that works under `backward` alone."""
    kind = getattr(node, "_forward_cls", None)
    return kind is not None and ASKS_HOW in getattr(getattr(unwrap(kind.backward), "__code__", None), "co_names", ())


def _accumulated(ys: list[Any], leaves: Sequence[Any], dys: list[Any], nodes: list[Any]) -> list[Any]:
    """Return what backward adds to the `grad` of each leaf, as some graphs ask for that; no `grad` is changed by it."""
    with KeptGrads(nodes, leaves):
        torch.autograd.backward(ys, dys)
        return [leaf.grad for leaf in leaves]


def _may_round(node: Any) -> bool:
    """Return whether a node of a graph may round to a coarser type: a conversion, or a Function, which may hold one."""
    return type(node).__name__ == CONVERSION or hasattr(node, "_forward_cls")


def nodes_of(outputs: Sequence[Any]) -> list[Any]:
    """Return the nodes of the graph that the outputs come from."""
    waiting = list(dict.fromkeys(each.grad_fn for each in outputs if each.grad_fn is not None))
    seen = dict.fromkeys(waiting)
    while waiting:
        following = [each for each, _ in waiting.pop().next_functions if each is not None and each not in seen]
        seen.update(dict.fromkeys(following))
        waiting += following
    return list(seen)
