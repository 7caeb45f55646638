"""Forward mode: a jvp written by hand beside the slopes of forward along the same direction."""

from __future__ import annotations

import numpy as np

from inkgrad.check.finding import Finding
from inkgrad.check.joint import Joint
from inkgrad.check.kind import Kind
from inkgrad.check.measure.subject import Arrays
from inkgrad.check.verdict import Strictness
from inkgrad.errors import CheckError


def examine_forward_mode(
    joint: Joint, layer: str, strictness: Strictness
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return what is wrong with the forward mode of a subject, array by array, and why it could not be asked, if so.

    A jvp that is a stub says so when it is used; of backward that tells nothing.
    """
    subject = joint.subject
    if subject.pushforward is None or joint.findings:
        return (), ()
    every = joint.direction(subject.arrays)
    still = {name: np.zeros_like(v) for name, v in every.items()}
    try:
        if not _is_off(joint, every, strictness):
            return (), ()
        alone = [name for name, v in every.items() if _is_off(joint, {**still, name: v}, strictness)]
    except CheckError as error:
        where = f" of {layer}" if layer else ""
        return (), (f"forward mode{where}: {error}",)
    message = "jvp gives other slopes of y along {} than y itself has"
    findings = (Finding(layer, name, Kind.forward_mode, (), message.format(name)) for name in alone or list(every)[:1])
    return tuple(findings), ()


def _is_off(joint: Joint, v: Arrays, strictness: Strictness) -> bool:
    subject = joint.subject
    assert subject.pushforward is not None
    found = joint.point.slopes(v)
    said = np.asarray(subject.pushforward(subject.arrays, v), np.float64).ravel()
    if said.shape != found.middle.shape:
        raise CheckError(f"{subject.name}, jvp: {said.size} slopes for {found.middle.size} numbers")
    usual = float(np.sqrt(np.mean(found.middle**2)))
    room = found.bar + 64 * subject.eps * np.abs(said) + strictness.tolerance * usual
    return bool((np.abs(said - np.clip(said, found.low, found.high)) > room).any()) or not np.isfinite(said).all()
