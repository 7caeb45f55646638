"""Checkpoints: a Run in a file, to go on from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import NDArray, as_numpy
from inkgrad.data import Augmentation
from inkgrad.errors import Diverged, ModelFileError
from inkgrad.optimizers import Optimizer
from inkgrad.saving import FileKind, describe, quoted, read_tensors, write_tensors
from inkgrad.training.objective import Objective
from inkgrad.training.run import Run
from inkgrad.whole_numbers import LARGEST_WHOLE

CHECKPOINT = FileKind("inkgrad checkpoint", longest=2**25)  # the costs of a million steps
PLACE = ("epoch", "step", "batch_size", "seed")


def save_checkpoint(path: str | os.PathLike[str], run: Run, notes: dict[str, Any]) -> None:
    """Write where `run` stands, and `notes` of the caller's own, which must be JSON-like.

    The file does not tell whose arrays the run is on: they are written as NumPy's.

    Raises Diverged, and writes nothing, when theta is no longer finite; ModelFileError when a
    layer, the cost or the optimizer is not a dataclass of plain settings.
    """
    theta = as_numpy(run.theta)
    if not np.isfinite(theta).all():
        raise Diverged("a parameter is no longer a finite number: try a smaller learning rate")
    tensors = {"theta": theta} | {f"optimizer.{name}": as_numpy(array) for name, array in run.state.items()}
    place = {name: getattr(run, name) for name in PLACE}
    header = {"run": place | _identity(run.objective, run.optimizer, run.augmentation), "notes": notes}
    write_tensors(path, tensors, header, CHECKPOINT)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What was in a checkpoint's file: `notes` are the caller's."""

    path: str
    notes: dict[str, Any]
    place: dict[str, Any]
    tensors: dict[str, NDArray]

    def run(self, objective: Objective, optimizer: Optimizer, augmentation: Augmentation | None = None) -> Run:
        """Return the Run, ready to go on.

        Raises ModelFileError when it is one of another network, cost, optimizer or augmentation, or lacks something.
        """
        for name, value in _identity(objective, optimizer, augmentation).items():
            if self.place.get(name) != value:
                raise ModelFileError(f"{self.path} is of another {name}: {quoted(self.place.get(name))}, not {value}")
        before = "optimizer."
        state = {name.removeprefix(before): array for name, array in self.tensors.items() if name.startswith(before)}
        theta = self.tensors.get("theta", np.zeros(()))
        if (
            theta.shape != (objective.layout.size,)
            or theta.dtype.kind != "f"
            or not _are_alike(state, optimizer.init(theta))
            or not _is_place(self.place)
        ):
            raise ModelFileError(f"{self.path} lacks a part of where the training stood: start anew")
        numbers = {name: self.place[name] for name in PLACE}
        return Run(objective, optimizer, theta=theta, state=state, augmentation=augmentation, **numbers)


def _is_place(place: dict[str, Any]) -> bool:
    numbers = [place.get(name) for name in PLACE]
    are_whole = all(type(number) is int and 0 <= number <= LARGEST_WHOLE for number in numbers)
    return are_whole and place["batch_size"] > 0


def _are_alike(state: dict[str, NDArray], fresh: dict[str, NDArray]) -> bool:
    """Whether an optimizer's memory has the names, shapes and types of a fresh one, and counts that are counts."""
    about, wanted = ({name: (a.shape, a.dtype) for name, a in each.items()} for each in (state, fresh))
    counts = (array for array in state.values() if array.dtype.kind == "i")
    most = 2**53  # beyond it a float does not tell one step from the next
    return about == wanted and all(((count >= 0) & (count <= most)).all() for count in counts)


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Return what save_checkpoint wrote.

    Raises ModelFileError when the file is something else or damaged, OSError when it cannot be read.
    """
    tensors, header = read_tensors(path, CHECKPOINT)
    notes, place = header.get("notes"), header.get("run")
    if not isinstance(notes, dict) or not isinstance(place, dict) or not _is_place(place):
        raise ModelFileError(f"{path} lacks a part of its header: start anew")
    return Checkpoint(str(path), notes, place, tensors)


def _identity(objective: Objective, optimizer: Optimizer, augmentation: Augmentation | None) -> dict[str, Any]:
    return {
        "network": describe(objective.network),
        "cost": describe(objective.cost),
        "optimizer": describe(optimizer),
        "augmentation": describe(augmentation),
    }
