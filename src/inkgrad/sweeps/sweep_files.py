"""The files of a sweep, all beside the model that it ends with, and the checkpoints of its trials."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkgrad.errors import ModelFileError
from inkgrad.sessions import Paths
from inkgrad.training import Checkpoint, Run, read_checkpoint, save_checkpoint


@dataclass(frozen=True)
class SweepPaths(Paths):
    """The files of a sweep and, as in Paths, of the training of its best settings."""

    @property
    def journal(self) -> Path:
        """What came of each trial, one JSON object a line."""
        return self._beside(".sweep.jsonl")

    @property
    def table(self) -> Path:
        """The same for a spreadsheet, the best trial first."""
        return self._beside(".sweep.csv")

    @property
    def picture(self) -> Path:
        """The same to look at."""
        return self._beside(".sweep.png")

    @property
    def folder(self) -> Path:
        """Checkpoints of the trials that are under way."""
        return self._beside(".sweep")


class TrialFolder:
    """Checkpoints of trials by their numbers, in a folder, which is made with the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        """Return the file of a trial."""
        return self.folder / f"trial-{number:05d}.checkpoint.safetensors"

    def save(self, number: int, run: Run, notes: dict[str, Any]) -> None:
        """Keep where a trial stands, in place of what was kept before."""
        self.folder.mkdir(exist_ok=True)
        save_checkpoint(self.path(number), run, notes)

    def load(self, number: int) -> Checkpoint | None:
        """Return what was kept; None where there is nothing, or nothing that can be read: the trial starts anew."""
        try:
            return read_checkpoint(self.path(number))
        except (FileNotFoundError, ModelFileError):
            return None

    def drop(self, number: int) -> None:
        """Forget a trial that has ended."""
        self.path(number).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all."""
        shutil.rmtree(self.folder, ignore_errors=True)
