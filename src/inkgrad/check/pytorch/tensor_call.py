"""TensorCall: a function of tensors called at other numbers, its module left as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from inkgrad.arrays import NDArray
from inkgrad.check.calls import a_kind, as_one_line
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.pytorch.argument_names import argument_names, function_class, owner_of
from inkgrad.check.pytorch.call_state import CallState
from inkgrad.check.pytorch.precision import COARSE, FINE, Widening, fine
from inkgrad.check.pytorch.tensor_trees import tensors_of, with_tensors
from inkgrad.check.pytorch.torch_modules import known_modules, moving_modules, parameters_of, submodules_of
from inkgrad.errors import CheckError

LARGE = 1_000_000  # numbers of a tensor that is not copied only to be safe from changes in place
Layout = Callable[
    [Any, Any], Any
]  # takes a tensor and the user's own, gives one of the same numbers that lies otherwise


@dataclass(frozen=True, eq=False)
class Slot:
    """A tensor that moves: an input, or a parameter of the module; `dtype` is what the function gets.

    Infinities in it, such as those of a mask, stay: they are 0 in its array.
    """

    name: str
    own: Any
    parameter: bool
    dtype: Any

    @cached_property
    def infinite(self) -> NDArray | None:
        """The infinities at their places, 0 elsewhere; None where there are none."""
        numbers = self.numbers(self.own)
        with np.errstate(all="ignore"):
            if np.isfinite(numbers.sum()):  # which takes no memory, as parameters may be large
                return None
        found = np.isinf(numbers)
        return np.where(found, numbers, 0) if found.any() else None

    def array(self) -> NDArray:
        """Return its numbers, complex ones as pairs, bfloat16 as float32; of what is large its very memory."""
        array = self.numbers(self.own)
        if self.infinite is not None:
            return np.where(self.infinite != 0, 0, array)
        return array if array.size > LARGE else array.copy()

    def numbers(self, tensor: Any) -> NDArray:
        """Return an array of a tensor's numbers, which shares its memory where that is possible."""
        return np.asarray(_plain(tensor.detach().to(self.dtype)).numpy(force=True))

    def tensor(self, array: NDArray) -> Any:
        """Return the array's numbers as a tensor on the slot's device, sharing memory where that is possible."""
        return self.tangent(array if self.infinite is None else np.where(self.infinite != 0, self.infinite, array))

    def tangent(self, array: NDArray) -> Any:
        """Return a direction as a tensor: along infinities nothing moves."""
        tensor = as_tensor(array)
        if self.dtype.is_complex:
            tensor = as_complex(tensor)
        return tensor if self.own.is_cpu else tensor.to(self.own.device)

    def passed(self, tensor: Any) -> Any:
        """Return what the function gets for a tensor of the array's numbers; gradients flow back through it."""
        return tensor if tensor.dtype == self.dtype else tensor.to(self.dtype)

    def gradient(self, found: Any, array: NDArray) -> NDArray:
        """Return a gradient as an array like the slot's: zeros for None, which is that of a constant."""
        if found is None:
            return np.zeros_like(array)
        found = found.to_dense() if found.layout != torch.strided else found
        values = np.asarray(_plain(found.detach()).numpy(force=True))
        if self.infinite is not None:  # what stays has no slope to compare with; NaN is wrong everywhere
            values = np.where((self.infinite != 0) & np.isfinite(values), 0, values)
        if values.size > LARGE and values.dtype == array.dtype and not np.may_share_memory(values, array):
            return values
        return np.array(values, dtype=array.dtype)  # a copy: it may be dy, or what the function keeps


class TensorCall:
    """function(*inputs, **kwargs), whose floating-point inputs and whose module's parameters can be moved.

    Where some inputs require a gradient, those that do not are constants, as they are for torch's gradcheck; with
    `fixed` they are constants in any case.
    With `wide` all floating-point tensors that it gets are float64; with `widening` also those that it makes itself.
    """

    counts_every_output = False

    def __init__(
        self,
        function: Any,
        inputs: Sequence[Any],
        kwargs: Mapping[str, Any],
        seed: int,
        wide: bool = False,
        widening: bool = False,
        fixed: bool = False,
    ) -> None:
        self.owner = owner_of(function)
        self.kind = function_class(function)
        self.function: Callable[..., Any] = self.kind.apply if self.kind else function
        self.trees = (tuple(inputs), dict(kwargs))
        self.wide, self.widening, self.seed, self.fixed = wide, widening, seed, fixed
        named = [*zip(argument_names(function, len(inputs)), inputs, strict=True), *kwargs.items()]
        moving = moving_modules(function, named)
        self.modules = dict(submodules_of(moving | known_modules(function)))
        self._places = list(self._find_inputs(named))
        self.slots = [slot for slot, _ in self._places if slot]
        parameters = list(parameters_of(moving))
        self.slots += self._find_parameters(parameters, {slot.name for slot in self.slots})
        moved = {id(slot.own) for slot in self.slots}
        self._frozen = [(each, each.detach().to(FINE)) for _, each in parameters if wide and _stays(each, moved)]
        self._parameters = [*(slot.own for slot in self.slots if slot.parameter), *(each for each, _ in self._frozen)]
        self._left_alone: dict[Any, frozenset[int]] = {}  # large inputs that forward does not change
        self.state = CallState(self.modules.values(), [each.own for each in self.slots], seed, FINE if wide else None)

    def wider(self, widening: bool) -> TensorCall:
        """Return the same call in float64."""
        return TensorCall(
            self.kind or self.function, *self.trees, seed=self.seed, wide=True, widening=widening, fixed=self.fixed
        )

    def _find_inputs(self, named: Sequence[tuple[str, Any]]) -> Iterator[tuple[Slot | None, Any]]:
        tensors = [found for argument, tree in named for found in tensors_of(tree, argument)]
        chosen = self.fixed or any(tensor.requires_grad for _, tensor in tensors)
        for name, tensor in tensors:
            _refuse(self.owner, name, tensor)
            moves = _moves(tensor) and (tensor.requires_grad or not chosen)
            yield self._slot(name, tensor, False) if moves else None, tensor.detach()

    def _find_parameters(self, parameters: Sequence[tuple[str, Any]], taken: set[str]) -> Iterator[Slot]:
        for name, parameter in parameters:
            if torch.nn.parameter.is_lazy(parameter):
                raise CheckError(f"{self.owner}: {name} has no shape yet: call the module once before it is checked")
            if parameter.requires_grad and _moves(parameter):
                _refuse(self.owner, name, parameter)
                yield self._slot(f"self.{name}" if name in taken else name, parameter, True)

    def _slot(self, name: str, tensor: Any, parameter: bool) -> Slot:
        return Slot(name, tensor, parameter, fine(tensor.dtype) if self.wide else tensor.dtype)

    @contextmanager
    def moved(self, arrays: Arrays, graph: bool, learn: bool = False) -> Iterator[list[Any]]:
        """Put the arrays' numbers in the place of the parameters, and yield what to differentiate by, slot by slot.

        It must last until all is differentiated: the graph keeps the parameters themselves, not their numbers.
        """
        leaves = []
        own = [(each, each.data, each.grad) for each in self._parameters]
        with self.state.kept(learn), self._width():
            try:
                for slot in self.slots:
                    tensor = slot.tensor(arrays[slot.name])
                    if slot.parameter:
                        slot.own.data = slot.passed(tensor)
                        leaves.append(slot.own)
                    else:
                        leaves.append(tensor.requires_grad_(graph))
                for parameter, data in self._frozen:
                    parameter.data = data
                yield leaves
            finally:
                for parameter, data, gradient in own:
                    parameter.data = data
                    if parameter.grad is not gradient:
                        parameter.grad = gradient

    def passed(self, leaves: Sequence[Any], lay: Layout | None = None) -> list[Any]:
        """Return the inputs that the function gets: copies, so that it may change them; `lay` chooses how they lie.

        What is large and was left alone in the same mode before is not copied, unless backward may change it.
        """
        moving = [slot.passed(leaf) for slot, leaf in zip(self.slots, leaves, strict=True) if not slot.parameter]
        if lay is None:
            alone = self._left_alone.get(_mode(leaves), ())
            return [each if k in alone and not each.requires_grad else each.clone() for k, each in enumerate(moving)]
        return [lay(each, slot.own) for slot, each in zip(self.slots, moving, strict=False)]

    def outputs(self, passed: Sequence[Any], leaves: Sequence[Any], function: Any = None) -> list[Any]:
        """Return all tensors that the function, or another in its place, gives for the inputs passed."""
        moving = iter(passed)
        every = iter([tensor if slot is None else next(moving) for slot, tensor in self._places])
        inputs, kwargs = self.trees
        inputs = tuple(with_tensors(each, every) for each in inputs)
        kwargs = {key: with_tensors(each, every) for key, each in kwargs.items()}
        first = _mode(leaves) not in self._left_alone
        large = {k: trace_of(each) for k, each in enumerate(passed) if first and each.numel() > LARGE}
        given = (function or self.function)(*inputs, **kwargs)
        found = [tensor for _, tensor in tensors_of(given)]
        if not found:
            raise CheckError(f"{self.owner} should give a tensor of floating-point numbers, got {a_kind(given)}")
        if first:
            self._left_alone[_mode(leaves)] = frozenset(k for k, trace in large.items() if trace_of(passed[k]) == trace)
        return found

    def redraw(self) -> bool:
        """Let the random numbers of this call go on otherwise; return whether it draws any."""
        self.state.redraw()
        return self.state.draws

    @contextmanager
    def _width(self) -> Iterator[None]:
        """Let what the function makes itself be float64 too."""
        if not self.wide:
            yield
            return
        before = torch.get_default_dtype()
        torch.set_default_dtype(FINE)
        try:
            with Widening() if self.widening else nullcontext():
                yield
        finally:
            torch.set_default_dtype(before)


def _mode(leaves: Sequence[Any]) -> tuple[Any, ...]:
    """Return whether gradients are on and asked for: a function may do another thing where they are not."""
    return torch.is_grad_enabled(), *(each.requires_grad for each in leaves)


def trace_of(tensor: Any) -> tuple[int, Any]:
    """Return what a change in place leaves its trace in, without a copy of what is large."""
    return tensor._version, tensor.detach().sum().item()


def as_tensor(array: NDArray) -> Any:
    """Return a tensor that shares the memory of an array, if that can be written to."""
    array = np.asarray(array)
    if array.dtype.kind == "c":  # of a complex step, which would be lost without a word
        raise CheckError("complex numbers are moved as pairs of real ones")
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def as_complex(pairs: Any) -> Any:
    """Return complex numbers of pairs on the last axis, wherever these lie in memory."""
    return torch.complex(pairs[..., 0], pairs[..., 1])


@contextmanager
def blamed(owner: str, role: str) -> Iterator[None]:
    """Say whose error it is, in one line: the functions are the user's, and whatever they raise is about them."""
    try:
        yield
    except CheckError:
        raise
    except (Exception, SystemExit) as error:
        raise CheckError(f"{owner}, {role}: {as_one_line(error)}") from error


def _stays(parameter: Any, moved: set[int]) -> bool:
    """Return whether a parameter is frozen, of a floating-point type that a wide call has in float64."""
    return parameter.dtype in COARSE and parameter.is_floating_point() and id(parameter) not in moved


def _moves(tensor: Any) -> bool:
    return bool(tensor.is_floating_point() or tensor.is_complex())


def _plain(tensor: Any) -> Any:
    """Return a tensor of a type that NumPy has."""
    if tensor.is_complex():
        return torch.view_as_real(tensor.resolve_conj())
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).resolve_neg()


def _refuse(owner: str, name: str, tensor: Any) -> None:
    if tensor.is_nested:
        raise CheckError(f"{owner}: {name} is nested: check a function of the tensors in it")
    if tensor.is_floating_point() and tensor.dtype.itemsize < 2:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise CheckError(f"{owner}: {name} has the type {kind}, too coarse for slopes: check it in a wider one")
    if tensor.is_quantized:
        raise CheckError(f"{owner}: {name} is quantised, and steps have no slopes: check it in floating point")
    if tensor.layout != torch.strided:
        kind = str(tensor.layout).removeprefix("torch.")
        raise CheckError(f"{owner}: {name} has the layout {kind}: check a function of its values, a dense tensor")
    if tensor.is_meta:
        raise CheckError(f"{owner}: {name} is on the device meta, where there are no numbers")
