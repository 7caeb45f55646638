"""Paths: the files of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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

    def _beside(self, ending: str) -> Path:
        return self.model.with_name(self.model.name.removesuffix(".safetensors") + ending)
