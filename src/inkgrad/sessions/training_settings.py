"""What is chosen for a training and decides its numbers."""

from __future__ import annotations

from dataclasses import dataclass

from inkgrad.errors import SettingError

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
            raise SettingError(f"a training takes at least 1 epoch, got epochs={self.epochs}", setting="epochs")
        if self.classes < 2:
            raise SettingError(
                f"there must be at least 2 classes to tell apart, got classes={self.classes}", setting="classes"
            )
