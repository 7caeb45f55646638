"""The files of a sweep, all beside the model that it ends with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inkgrad.sessions import Paths


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
