"""Close look: what is wrong with a large array is seen in a few of its entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.blocks import Block, block_beside, wrong_block
from inkgrad.check.entries import Looks, examine_entries
from inkgrad.check.finding import Finding
from inkgrad.check.joint import Joint
from inkgrad.check.kind import Kind
from inkgrad.check.measure.numerical import Numerical
from inkgrad.check.measure.purity import examine_linearity
from inkgrad.check.measure.streams import stream
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.naming import Case, name_of_whole
from inkgrad.check.own_forward import ROUNDINGS, own_gradients
from inkgrad.check.verdict import ArrayVerdict, Strictness, root_mean_square


@dataclass(frozen=True)
class Few:
    """How many entries of a wrong array are looked at.

    usual    of most arrays
    huge     an array of more numbers takes long to copy for each of them,
    of_huge  so fewer are looked at
    most_as_whole  numbers of an array that is looked at as a whole where its right gradient is known
    """

    usual: int = 64
    huge: int = 1_000_000
    of_huge: int = 16
    most_as_whole: int = 1_000_000

    def of(self, array: NDArray) -> int:
        """Return how many entries of an array are looked at."""
        return self.of_huge if array.size > self.huge else self.usual


FEW = Few()


def close_looks(
    joint: Joint, wrong: Sequence[ArrayVerdict], seed: int, looks: Looks, strictness: Strictness
) -> tuple[Finding, ...]:
    """Return what is wrong with each of some arrays: the part of it that is wrong is examined entry by entry."""
    right = own_gradients(joint, strictness) or {}
    blocks = [_block(joint, each.array, right.get(each.array)) for each in wrong]
    wholes = [_as_whole(joint, each, right, looks) if each.array in right else None for each in wrong]
    each_of = zip(wrong, blocks, wholes, strict=True)
    return tuple(_close_look(joint, *each, seed, looks, strictness) for each in each_of)


def _as_whole(joint: Joint, wrong: ArrayVerdict, right: Arrays, looks: Looks) -> Finding | None:
    """Return what is wrong with an array whose right gradient is known as a whole; None if that tells nothing."""
    name = wrong.array
    if joint.subject.arrays[name].size > FEW.most_as_whole:
        return None
    said = joint.subject.backward(joint.subject.copies(), joint.dys[0].copy(), 0.0)[name].astype(np.float64)
    numericals = {}
    for each, gradient in right.items():
        n = gradient.astype(np.float64)
        numericals[each] = Numerical(n, n, np.full(n.shape, ROUNDINGS * joint.subject.eps * root_mean_square(n)), None)
    case = Case(joint.subject, name, said, numericals, joint.y, joint.dys[0], looks.settings)
    return name_of_whole(case, wrong.layer) if np.isfinite(said).all() else None


def _close_look(
    joint: Joint,
    wrong: ArrayVerdict,
    block: Block,
    whole: Finding | None,
    seed: int,
    looks: Looks,
    strictness: Strictness,
) -> Finding:
    name = wrong.array
    if whole is None:
        small = block.alone(joint.subject, joint.y) or block.subject(joint.subject)
        y = np.asarray(small.forward(small.copies()))
        found = examine_entries(small, y, seed, wrong.layer, replace(looks, mechanisms=()), strictness).findings
    else:
        found = (whole,)
    size = f"its error is about {wrong.error:.2g} of it"
    if not found and (elsewhere := _nonlinear(joint, wrong, seed)):  # for each dy other numbers may be wrong
        return replace(elsewhere[0], evidence=elsewhere[0].evidence | {"error": wrong.error})
    evidence = {"error": wrong.error, "where": block.where}
    if not found:
        message = f"d{name} fits no known pattern; {size}; the wrong numbers lie {block.where}"
        return Finding(wrong.layer, name, Kind.unknown, (), message, evidence)
    message = f"{found[0].message} ({size}; the wrong numbers lie {block.where})"
    return replace(found[0], message=message, evidence=found[0].evidence | evidence)


def _block(joint: Joint, name: str, right: NDArray | None) -> Block:
    """Return the block where an array is wrong: at once beside the gradient of forward itself, if that is known."""
    most = FEW.of(joint.subject.arrays[name])
    beside_own = None if right is None else block_beside(joint, name, most, right)
    return beside_own or wrong_block(joint, name, most)


def _nonlinear(joint: Joint, wrong: ArrayVerdict, seed: int) -> list[Finding]:
    dy = np.asarray(stream(seed, "dy").normal(size=joint.y.shape)).astype(joint.y.dtype)
    gradients = joint.subject.backward(joint.subject.copies(), dy.copy(), 0.0)
    found = examine_linearity(joint.subject, dy, gradients, set(gradients) - {wrong.array})
    return [replace(finding, layer=wrong.layer) for finding in found]
