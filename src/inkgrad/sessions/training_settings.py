"""What is chosen for a training: the settings that decide its numbers, and the speed, which does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from inkgrad.errors import SettingError
from inkgrad.fast import available_threads, refuse_bad_threads

DEFAULT_MODEL = "cnn"


@dataclass(frozen=True)
class Settings:
    """What decides the numbers of a training, besides the data."""

    model: str
    classes: int
    batch_size: int
    lr: float
    momentum: float
    seed: int
    epochs: int

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise SettingError(f"a training takes at least 1 epoch, got --epochs {self.epochs}")
        if self.classes < 2:
            raise SettingError(f"there must be at least 2 classes to tell apart, got --classes {self.classes}")


@dataclass(frozen=True)
class Speed:
    """How the work is done, which is no part of what is trained: fast layers on some threads, or plain ones."""

    n_threads: int = field(default_factory=available_threads)
    plain: bool = False

    def __post_init__(self) -> None:
        refuse_bad_threads(self.n_threads)
