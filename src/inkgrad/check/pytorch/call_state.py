"""CallState: what a call changes beside its outputs, the same before each call and put back after it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

MISSING = object()


@dataclass(frozen=True)
class Chance:
    """A source of random numbers that is shared: how its state is read and set, how a number is drawn, and the state
    that calls start from."""

    get: Callable[[], Any]
    set: Callable[[Any], Any]
    draw: Callable[[], Any]
    start: Any


@dataclass
class Buffer:
    """A buffer under all its names, and the copy that calls work on in its place."""

    holders: list[tuple[dict[str, Any], str]]
    own: Any
    copy: Any
    changes: bool = False


class CallState:
    """Random numbers, buffers and attributes of modules.

    Random numbers start from `seed`; the buffers of the modules are replaced by copies, in `dtype` if one is given;
    attributes that a call sets are set back.  The first calls learn which of them change, so that later ones need
    not look after the others.
    """

    def __init__(self, modules: Iterable[Any], tensors: Iterable[Any], seed: int, dtype: Any = None) -> None:
        self.modules = list(modules)
        self.chances = list(_chances(tensors, seed))
        self.buffers = list(_buffers(self.modules, dtype))
        self.attributes: list[tuple[Any, str, Any]] = []
        self._used: list[Chance] = []

    @property
    def draws(self) -> bool:
        """Whether calls draw random numbers from a source that is shared."""
        return bool(self._used)

    def redraw(self) -> None:
        """Let the random numbers of a call go on otherwise than they would."""
        for each in self._used:
            each.draw()

    @contextmanager
    def kept(self, learn: bool = False) -> Iterator[None]:
        """Let a call begin as all calls begin, and put all back after it; with `learn`, see what it changes."""
        before = [(each, each.get()) for each in (self.chances if learn else self._used)]
        attributes = [(module, dict(vars(module))) for module in self.modules] if learn else []
        for each, _ in before:
            each.set(each.start)
        for buffer in self.buffers:
            for holder, key in buffer.holders:
                holder[key] = buffer.copy
        try:
            yield
        finally:
            if learn:
                self._learn(attributes)
            self._put_back(before)

    def _learn(self, attributes: list[tuple[Any, dict[str, Any]]]) -> None:
        self._used = [each for each in self.chances if each in self._used or not same(each.get(), each.start)]
        for buffer in self.buffers:
            buffer.changes = buffer.changes or not same(buffer.copy, buffer.own.to(buffer.copy.dtype))
        known = {(id(module), name) for module, name, _ in self.attributes}
        self.attributes += [each for each in _changes(attributes) if (id(each[0]), each[1]) not in known]

    def _put_back(self, before: list[tuple[Chance, Any]]) -> None:
        for each, state in before:
            each.set(state)
        for buffer in self.buffers:
            for holder, key in buffer.holders:
                holder[key] = buffer.own
            if buffer.changes:
                with torch.no_grad():
                    buffer.copy = buffer.copy.detach().copy_(buffer.own)
        for module, name, value in self.attributes:
            if value is MISSING:
                vars(module).pop(name, None)
            else:
                vars(module)[name] = value


def _chances(tensors: Iterable[Any], seed: int) -> Iterator[Chance]:
    for generator in (torch.default_generator, *_on_devices(tensors)):
        start = torch.Generator(generator.device).manual_seed(seed).get_state()
        draw = partial(torch.rand, 1, generator=generator, device=generator.device)
        yield Chance(generator.get_state, generator.set_state, draw, start)
    yield Chance(random.getstate, random.setstate, random.random, random.Random(seed).getstate())
    numpy = np.random.RandomState(seed % 2**32).get_state()
    yield Chance(np.random.get_state, np.random.set_state, np.random.random, numpy)


def _on_devices(tensors: Iterable[Any]) -> list[Any]:
    indices = {each.device.index or 0 for each in tensors if each.is_cuda}
    return [torch.cuda.default_generators[index] for index in sorted(indices)]


def _buffers(modules: Iterable[Any], dtype: Any) -> Iterator[Buffer]:
    found: dict[int, Buffer] = {}
    for each in modules:
        for key, own in each._buffers.items():
            if own is None or own.layout != torch.strided:
                continue
            wide = dtype if dtype is not None and own.is_floating_point() else None
            if id(own) not in found:
                found[id(own)] = Buffer([], own, own.detach().clone().to(wide))
            found[id(own)].holders.append((each._buffers, key))
    yield from found.values()


def same(a: Any, b: Any) -> bool:
    """Return whether two states or two tensors are the same, NaN where NaN is."""
    if torch.is_tensor(a):
        a, b = a.detach(), b.detach()
        return bool(
            torch.equal(a, b)
            or ((a.is_floating_point() or a.is_complex()) and torch.equal(a.nan_to_num(), b.nan_to_num()))
        )
    if isinstance(a, tuple):  # the state of Python's generator, or of NumPy's
        return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _changes(before: list[tuple[Any, dict[str, Any]]]) -> Iterator[tuple[Any, str, Any]]:
    """Yield each attribute of a module that is no longer what it was, and what it was."""
    for module, attributes in before:
        now = vars(module)
        for name in {**attributes, **now}:
            value = attributes.get(name, MISSING)
            if now.get(name, MISSING) is not value:
                yield module, name, value
