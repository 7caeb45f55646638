"""Checkpoints: a Run in a file, to go on from."""

from __future__ import annotations

import os
from typing import Any

from inkgrad.errors import ModelFileError
from inkgrad.optimizers import Optimizer
from inkgrad.saving import read_tensors, write_tensors
from inkgrad.training.objective import Objective
from inkgrad.training.run import Run

KIND = "inkgrad checkpoint 1"
MEMORY = "optimizer."  # before the names of the optimizer's arrays


def save_checkpoint(path: str | os.PathLike[str], run: Run, notes: dict[str, Any]) -> None:
    """Write where `run` stands, and `notes` of the caller's own, which must be JSON-like."""
    tensors = {"theta": run.theta} | {MEMORY + name: array for name, array in run.state.items()}
    write_tensors(path, tensors, {"run": _identity(run) | {"epoch": run.epoch, "step": run.step}, "notes": notes}, KIND)


def read_notes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the notes in a checkpoint, which should say how to make its objective and optimizer."""
    _, header = read_tensors(path, KIND)
    notes: dict[str, Any] = header["notes"]
    return notes


def load_checkpoint(path: str | os.PathLike[str], objective: Objective, optimizer: Optimizer) -> Run:
    """Return the Run in a checkpoint, ready to go on.

    Raises ModelFileError when the file is not a checkpoint, or is one of another network, cost
    or optimizer.
    """
    tensors, header = read_tensors(path, KIND)
    saved = header["run"]
    run = Run(
        objective,
        optimizer,
        batch_size=saved["batch_size"],
        seed=saved["seed"],
        epoch=saved["epoch"],
        step=saved["step"],
        theta=tensors["theta"],
        state={name.removeprefix(MEMORY): array for name, array in tensors.items() if name.startswith(MEMORY)},
    )
    for name, value in _identity(run).items():
        if saved[name] != value:
            raise ModelFileError(f"{path} is a checkpoint of another {name}: {saved[name]}, not {value}")
    return run


def _identity(run: Run) -> dict[str, Any]:
    return {
        "network": repr(run.objective.network),
        "cost": repr(run.objective.cost),
        "optimizer": repr(run.optimizer),
        "batch_size": run.batch_size,
        "seed": run.seed,
    }
