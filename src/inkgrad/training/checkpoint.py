"""Checkpoints: a Run in a file, to go on from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkgrad.arrays import Array
from inkgrad.data import Augmentation
from inkgrad.errors import Diverged, ModelFileError
from inkgrad.optimizers import Optimizer
from inkgrad.saving import describe, read_tensors, write_tensors
from inkgrad.training.objective import Objective
from inkgrad.training.run import Run

KIND = "inkgrad checkpoint 1"
MEMORY = "optimizer."  # before the names of the optimizer's arrays


def save_checkpoint(path: str | os.PathLike[str], run: Run, notes: dict[str, Any]) -> None:
    """Write where `run` stands, and `notes` of the caller's own, which must be JSON-like.

    Raises Diverged, and writes nothing, when theta is no longer finite; ModelFileError when a
    layer, the cost or the optimizer is not a dataclass of plain settings.
    """
    if not np.isfinite(run.theta).all():
        raise Diverged("a parameter is no longer a finite number: try a smaller learning rate")
    tensors = {"theta": run.theta} | {MEMORY + name: array for name, array in run.state.items()}
    place = {"epoch": run.epoch, "step": run.step, "batch_size": run.batch_size, "seed": run.seed}
    header = {"run": place | _identity(run.objective, run.optimizer, run.augmentation), "notes": notes}
    write_tensors(path, tensors, header, KIND)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What was in a checkpoint's file: `notes` are the caller's."""

    path: str
    notes: dict[str, Any]
    place: dict[str, Any]
    tensors: dict[str, Array]

    def run(self, objective: Objective, optimizer: Optimizer, augmentation: Augmentation | None = None) -> Run:
        """Return the Run, ready to go on.

        Raises ModelFileError when it is one of another network, cost, optimizer or augmentation, or lacks something.
        """
        for name, value in _identity(objective, optimizer, augmentation).items():
            if self.place.get(name) != value:
                raise ModelFileError(f"{self.path} is of another {name}: {self.place.get(name)}, not {value}")
        state = {name.removeprefix(MEMORY): array for name, array in self.tensors.items() if name.startswith(MEMORY)}
        numbers = {name: self.place.get(name) for name in ("epoch", "step", "batch_size", "seed")}
        theta = self.tensors.get("theta")
        fresh = {} if theta is None else {name: array.shape for name, array in optimizer.init(theta).items()}
        if (
            theta is None
            or theta.shape != (objective.layout.size,)
            or {name: array.shape for name, array in state.items()} != fresh
            or not all(type(number) is int and number >= 0 for number in numbers.values())
        ):
            raise ModelFileError(f"{self.path} lacks a part of where the training stood: start anew")
        return Run(objective, optimizer, theta=theta, state=state, augmentation=augmentation, **numbers)  # type: ignore[arg-type]


def read_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Return what save_checkpoint wrote.

    Raises ModelFileError when the file is something else or damaged, OSError when it cannot be read.
    """
    tensors, header = read_tensors(path, KIND)
    notes, place = header.get("notes"), header.get("run")
    if not isinstance(notes, dict) or not isinstance(place, dict):
        raise ModelFileError(f"{path} lacks a part of its header: start anew")
    return Checkpoint(str(path), notes, place, tensors)


def _identity(objective: Objective, optimizer: Optimizer, augmentation: Augmentation | None) -> dict[str, Any]:
    return {
        "network": describe(objective.network),
        "cost": describe(objective.cost),
        "optimizer": describe(optimizer),
        "augmentation": describe(augmentation),
    }
