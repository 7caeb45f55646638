"""Paths: the files of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inkgrad.files import refuse_unwritable
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

    def take(self) -> WriterLock:
        """Keep others from these files until the lock is released.

        Raises OSError where nothing can be written there, SettingError where somebody else writes them.
        """
        refuse_unwritable(self.model)
        return WriterLock(self.lock)

    def _beside(self, ending: str) -> Path:
        return self.model.with_name(self.model.name.removesuffix(".safetensors") + ending)
