"""The files of a sweep, all beside the model that it ends with, and the checkpoints of its trials."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

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


TRIAL_FILES = re.compile(
    r"trial-\d{5,}\.checkpoint\.safetensors|\.trial-\d{5,}\.checkpoint\.safetensors\.[0-9a-f]{8}\.part"
)
"""Checkpoints of trials, and what a killed process left of one."""


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
        """Return what was kept, None where there is nothing; ModelFileError when it is damaged."""
        try:
            return read_checkpoint(self.path(number))
        except FileNotFoundError:
            return None

    def put_aside(self, number: int) -> None:
        """Give what was kept and cannot be used another name, so that nothing is written over it."""
        path = self.path(number)
        names = (f"{path.name}.unusable{'' if k == 1 else f'.{k}'}" for k in count(1))
        path.rename(next(free for name in names if not os.path.lexists(free := path.with_name(name))))

    def aside(self) -> set[Path]:
        """Return what was put aside."""
        return set(self.folder.glob("trial-*.checkpoint.safetensors.unusable*"))

    def drop(self, number: int) -> None:
        """Forget a trial that has ended."""
        self.path(number).unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget all; what was put aside stays, or is somebody's own, and the folder with it."""
        with suppress(FileNotFoundError, NotADirectoryError):
            for path in list(self.folder.iterdir()):
                if TRIAL_FILES.fullmatch(path.name) and path.is_file():
                    path.unlink()
        with suppress(OSError):  # there are other things in it
            self.folder.rmdir()
