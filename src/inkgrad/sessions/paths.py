"""Paths: the files of a training, and of a sweep of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from inkgrad.files import refuse_same, refuse_unwritable, sweep_parts
from inkgrad.writer_lock import WriterLock


@dataclass(frozen=True)
class Paths:
    """The files of a training, all beside the model."""

    model: Path

    @property
    def all(self) -> tuple[Path, ...]:
        """All that is written."""
        return self.model, self.checkpoint, self.log, self.curves

    @property
    def checkpoint(self) -> Path:
        """Where the training stands."""
        return self._beside(".checkpoint.safetensors")

    @property
    def log(self) -> Path:
        """One JSON object a line."""
        return self._beside(".log.jsonl")

    @property
    def curves(self) -> Path:
        """The picture of the log."""
        return self._beside(".curves.png")

    @property
    def lock(self) -> Path:
        """Who writes these files, while somebody does."""
        return self._beside(".lock")

    def prepare(self, inputs: Iterable[Path]) -> None:
        """Remove what a killed process left half written.

        Raises OSError where a file cannot be written, or is one of the `inputs`, which are read.
        """
        inputs = list(inputs)
        for path in self.all:
            refuse_unwritable(path)
            refuse_same(path, inputs)
            sweep_parts(path)

    def take(self) -> WriterLock:
        """Keep others from these files until the lock is released.

        Raises OSError where nothing can be written there, SettingError where somebody else writes them.
        """
        refuse_unwritable(self.model)
        return WriterLock(self.lock)

    def _beside(self, ending: str) -> Path:
        return self.model.with_name(self.model.name.removesuffix(".safetensors") + ending)


@dataclass(frozen=True)
class SweepPaths(Paths):
    """The files of a sweep and, as in Paths, of the training of its best settings."""

    @property
    def all(self) -> tuple[Path, ...]:
        return *super().all, self.journal, self.table, self.picture

    @property
    def journal(self) -> Path:
        """What Optuna notes of the trials, as they go."""
        return self._beside(".sweep.jsonl")

    @property
    def table(self) -> Path:
        """What came of the trials for a spreadsheet, the best first."""
        return self._beside(".sweep.csv")

    @property
    def picture(self) -> Path:
        """The same to look at."""
        return self._beside(".sweep.png")

    @property
    def folder(self) -> Path:
        """Where there are locks of trials, while somebody may train them."""
        return self._beside(".sweep")

    def trial_lock(self, number: int) -> Path:
        """Tells whether somebody trains a trial."""
        return self.folder / f"trial-{number:05d}.lock"
