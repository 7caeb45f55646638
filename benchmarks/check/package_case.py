"""A case: a function of a released package, how it is called, and what a person found when looking at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

Built = tuple[Callable[..., Any], list[Any]]


class Known(StrEnum):
    """What the code of the package says when one reads it."""

    right = "right"
    approximation = "approximation"
    symmetric = "right where matrices are symmetric"
    surrogate = "surrogate"
    mistake = "mistake"


@dataclass(frozen=True)
class Case:
    """A function to be checked.

    package   as it is called by pip
    function  as people call it
    build     gives the function and its inputs; imports the package, which may not be there
    known     what it is, by its code
    note      what was seen there, in a sentence
    settings  what the check is told, such as a surrogate: without them it must alarm, with them not
    jax       whether it is a function of JAX
    """

    package: str
    function: str
    build: Callable[[], Built]
    known: Known = Known.right
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    jax: bool = False


def several(
    package: str, names: Iterable[str], build: Callable[[str], Built], known: Known = Known.right, note: str = ""
) -> list[Case]:
    return [Case(package, name, partial(build, name), known, note) for name in names]


def normal(*shape: int, seed: int = 0):
    import torch

    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def positive_definite(n: int, seed: int = 0):
    import torch

    a = normal(n, n, seed=seed)
    return a @ a.T + n * torch.eye(n, dtype=torch.float64)
