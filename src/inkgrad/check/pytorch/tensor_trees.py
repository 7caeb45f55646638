"""Trees of tensors: lists, tuples, dicts and dataclasses, as functions take and give them."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import torch


def tensors_of(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each tensor of a tree with its path from `path` on: "batch['image']", "states[0]", "y.logits"."""
    if torch.is_tensor(tree):
        yield path, tree
        return
    for step, _, child in _children(tree):
        yield from tensors_of(child, path + step)


def with_tensors(tree: Any, tensors: Iterator[Any]) -> Any:
    """Return the tree with `tensors` in place of its own, in the order of `tensors_of`; what has none stays itself."""
    if torch.is_tensor(tree):
        return next(tensors)
    children = _children(tree)
    changed = {key: with_tensors(child, tensors) for _, key, child in children}
    if all(changed[key] is child for _, key, child in children):
        return tree
    if isinstance(tree, tuple):
        return type(tree)(*changed.values()) if hasattr(tree, "_fields") else type(tree)(changed.values())
    new = copy.copy(tree)
    for key, child in changed.items():
        if isinstance(tree, (list, Mapping)):
            new[key] = child
        else:
            object.__setattr__(new, key, child)  # a dataclass may be frozen
    return new


def _children(tree: Any) -> list[tuple[str, Any, Any]]:
    """Return how each child is written, its key, and the child; nothing for what is no tree."""
    if isinstance(tree, Mapping):  # so is the output of a model of transformers, which is a dataclass too
        return [(f"[{key!r}]", key, child) for key, child in tree.items()]
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return [(f".{key}", key, child) for key, child in zip(tree._fields, tree, strict=True)]
    if isinstance(tree, (list, tuple)):
        return [(f"[{k}]", k, child) for k, child in enumerate(tree)]
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        fields = (field.name for field in dataclasses.fields(tree))
        return [(f".{key}", key, getattr(tree, key)) for key in fields if hasattr(tree, key)]
    return []
