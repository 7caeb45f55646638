"""A forward of PyTorch written down, operation by operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from inkgrad.arrays import NDArray
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.pytorch import composites
from inkgrad.check.pytorch.torch_function import own_forward
from inkgrad.check.pytorch.vector_product import VectorProduct
from inkgrad.check.tape import Recorder, Tape, TapeError, leaves_of, replaced
from inkgrad.check.tape.place import place_of_caller
from inkgrad.errors import CheckError

FOLLOWED = torch.float64, torch.complex128
SAME = 1e-10  # by which an operation and its parts may differ
LIBRARY = str(Path(torch.__file__).parent)
IN_PLACE = {"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"}
# What says something of a tensor rather than doing something with its numbers.
LOOKS = {"__get__", "size", "dim", "stride", "numel", "is_contiguous", "is_floating_point", "requires_grad_", "__len__"}


class TensorTracer(Recorder):
    """A recorder of what is done with tensors; it knows them by themselves, so it keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[int, tuple[Any, int]] = {}

    def follow(self, tensor: Any, number: int) -> None:
        """Let a tensor be a value from now on."""
        self._numbers[id(tensor)] = (tensor, number)

    def number(self, tensor: Any) -> int | None:
        """Return which value a tensor is, or None if it is none that is followed."""
        found = self._numbers.get(id(tensor))
        return found[1] if found else None

    def written(self, function: Callable[..., Any], args: Any, kwargs: Any, result: Any, chance: Any) -> None:
        """Write down that a function gave a result; `chance` is the state of random numbers before, if it drew any."""
        name = getattr(function, "__name__", str(function))
        given = list(leaves_of((args, kwargs), torch.Tensor))
        is_in_place = name in IN_PLACE or (name.endswith("_") and not name.endswith("__")) or self._has_changed(result)
        results = [args[0]] if is_in_place else [*leaves_of(result, torch.Tensor)]
        if "out" in kwargs:
            raise TapeError("an operation with out=")
        if all(self.number(each) is None for each in given):
            return
        for each in given:
            if self.number(each) is None and each.dtype in FOLLOWED:  # a constant
                self.follow(each, self.value(_numbers(each)))
        live = [k for k, each in enumerate(given) if self.number(each) is not None]
        inputs = [number for k in live if (number := self.number(given[k])) is not None]
        fixed = [each.detach() for each in given]
        place = place_of_caller(tuple(given[k] for k in live), LIBRARY, composites.__file__)

        def apply(part: int, *values: NDArray) -> NDArray:
            own = list(fixed)
            for k, value in zip(live, values, strict=True):
                own[k] = torch.from_numpy(np.array(value))
            new_args, new_kwargs = replaced((args, kwargs), torch.Tensor, iter(own))
            with torch.no_grad(), _drawn_again(chance):
                found = function(*new_args, **new_kwargs)
            tensors = [new_args[0]] if is_in_place else [*leaves_of(found, torch.Tensor)]
            return np.asarray(tensors[part].numpy(force=True))

        for part, each in enumerate(results):
            if (each.is_floating_point() or each.is_complex()) and not any(
                each is own for own in given if not is_in_place
            ):
                step = _part(apply, part)
                self.follow(each, self.step(step, inputs, _numbers(each), place, name))

    def _has_changed(self, tensor: Any) -> bool:
        """Return whether a tensor that is followed has other numbers now, as after relu(x, inplace=True)."""
        number = self.number(tensor)
        return number is not None and not np.array_equal(self.values[number], _numbers(tensor), equal_nan=True)

    def taken_apart(self, composite: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> bool:
        """Write down the operations of which another one is made, and return whether they give its result."""
        n_values, n_steps, n_numbers, numbers = len(self.values), len(self.steps), self.n_numbers, dict(self._numbers)
        with Watch(self):
            found = composite(*args, **kwargs)
        number = self.number(found)
        if number is not None and found.shape == result.shape and torch.allclose(found, result, SAME, SAME):
            self.follow(result, number)
            self.steps[-1] = replace(self.steps[-1], place=replace(self.steps[-1].place, part=""))
            return True
        del self.values[n_values:], self.steps[n_steps:]
        self.pairs = {each for each in self.pairs if each < n_values}  # these numbers will be those of other values
        self.n_numbers, self._numbers = n_numbers, numbers
        return False


def _part(apply: Callable[..., NDArray], part: int) -> Callable[..., NDArray]:
    return lambda *values: apply(part, *values)


def _numbers(tensor: Any) -> NDArray:
    if tensor.dtype not in FOLLOWED or tensor.layout != torch.strided:
        raise TapeError(f"a tensor of {tensor.dtype}")
    return np.asarray(tensor.detach().numpy(force=True))


@contextmanager
def _drawn_again(state: Any) -> Iterator[None]:
    """Let an operation draw the random numbers that it drew before."""
    if state is None:
        yield
        return
    now = torch.get_rng_state()
    torch.set_rng_state(state)
    try:
        yield
    finally:
        torch.set_rng_state(now)


class Watch(TorchFunctionMode):  # type: ignore[misc]
    """Tells a recorder of every call of PyTorch."""

    def __init__(self, tracer: TensorTracer) -> None:
        super().__init__()
        self._tracer = tracer

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in LOOKS and getattr(func, "__self__", None) not in MOVING:
            return func(*args, **(kwargs or {}))
        before = torch.get_rng_state()
        result = func(*args, **(kwargs or {}))
        chance = None if torch.equal(before, torch.get_rng_state()) else before
        composite = composites.COMPOSITES.get(func)
        if composite is None or not self._tracer.taken_apart(composite, args, kwargs or {}, result):
            self._tracer.written(func, args, kwargs or {}, result, chance)
        return result


MOVING = {
    torch.Tensor.T,
    torch.Tensor.mT,
    torch.Tensor.H,
    torch.Tensor.mH,
    torch.Tensor.data,
    torch.Tensor.real,
    torch.Tensor.imag,
}  # properties with numbers


def unfold(product: VectorProduct, arrays: Arrays) -> Tape:
    """Return the tape of a call of tensors at some arrays.

    Raises TapeError where that cannot be written down.
    """
    call, row = product.call, product.row
    if any(slot.dtype != torch.float64 for slot in call.slots) or row.infinite is not None or product.needs_graph:
        raise TapeError("other numbers than float64, or a forward that differentiates")
    tracer = TensorTracer()
    try:
        with torch.no_grad(), call.moved(arrays, False) as leaves:
            passed = call.passed(leaves)
            inputs = iter(passed)
            for slot in call.slots:
                tracer.follow(slot.own if slot.parameter else next(inputs), tracer.array(slot.name, arrays[slot.name]))
            with Watch(tracer):
                outputs = call.outputs(passed, leaves, own_forward(product))
            numbers = [tracer.number(each) for each in row.chosen(outputs)]
    except (TapeError, CheckError):
        raise
    except Exception as error:  # the function is the user's: whatever it raises while it is watched
        raise TapeError(str(error)) from error
    if None in numbers:
        raise TapeError("an output does not come from what was followed")
    return tracer.tape([number for number in numbers if number is not None])
