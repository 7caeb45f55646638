"""SavedSession: what a session left in its checkpoint, read with suspicion."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inkgrad.data import DataSource
from inkgrad.errors import DataError, ModelFileError, SettingError
from inkgrad.models import MODELS
from inkgrad.saving import build
from inkgrad.sessions.paths import Paths
from inkgrad.sessions.training_settings import TrainingSettings
from inkgrad.training import Checkpoint, Row, read_checkpoint
from inkgrad.whole_numbers import is_number


@dataclass(frozen=True, eq=False)
class SavedSession:
    """A checkpoint and the notes of a session in it, which Session.save_checkpoint wrote.

    settings   as they were chosen
    source     of the data
    data       the fingerprint of the training examples
    rows       the log
    costs      of the steps since its last row
    seconds    that the training took
    sync_every steps after which workers meet; inkgrad 0.1.0 noted none
    """

    checkpoint: Checkpoint
    settings: TrainingSettings
    source: DataSource
    data: str
    rows: list[Row]
    costs: list[float]
    seconds: float
    sync_every: int

    @property
    def epochs_done(self) -> int:
        """Whole epochs done."""
        return int(self.checkpoint.place["epoch"])

    @property
    def is_unfinished(self) -> bool:
        """Whether steps of it are done, and not all."""
        return self.epochs_done < self.settings.epochs and (self.epochs_done, self.checkpoint.place["step"]) != (0, 0)


def read_session(path: Path) -> SavedSession:
    """Return what Session.save_checkpoint wrote.

    Raises ModelFileError when the file is something else, damaged, or lacks something; OSError when it cannot be read.
    """
    checkpoint = read_checkpoint(path)
    notes = checkpoint.notes
    try:
        settings = build({"class": "TrainingSettings", **notes["settings"]}, {"TrainingSettings": TrainingSettings}, "")
        MODELS[settings.model]
        source = _source_in(notes)
        if not _are_sound(notes):
            raise KeyError
    except (KeyError, TypeError, ModelFileError, DataError):
        raise ModelFileError(f"{checkpoint.path} was not made by this version of inkgrad train: start anew") from None
    noted = {name: notes[name] for name in ("data", "rows", "costs", "seconds")}
    return SavedSession(checkpoint, settings, source, **noted, sync_every=notes.get("sync_every", 1))


def notes_of(source: DataSource) -> dict[str, Any]:
    """Return the notes that tell where data come from; what a source has unless it is told is left out."""
    usual, said = asdict(DataSource()), asdict(source)
    return {
        "folder": said.pop("data"),
        "source": {name: value for name, value in said.items() if value != usual[name]},
    }


def _source_in(notes: dict[str, Any]) -> DataSource:
    """Return what notes_of was given; KeyError, TypeError or DataError for other notes.

    inkgrad 0.1.0 noted the folder alone.
    """
    folder, noted = notes["folder"], notes.get("source", {})
    if not isinstance(noted, dict):
        raise TypeError
    said = noted.copy()
    classes = said.pop("classes", notes["settings"]["classes"] if not said else None)
    classes = tuple(classes) if isinstance(classes, list) else classes
    kinds: dict[str, Any] = {
        "test_data": str, "size": int, "validation": float, "frame": str, "transposed": bool,
    }  # fmt: skip
    are_names = isinstance(classes, tuple) and all(isinstance(name, str) for name in classes)
    if not isinstance(folder, str | None) or not (are_names or type(classes) is int or classes is None):
        raise TypeError
    if any(type(value) is not kinds[name] for name, value in said.items()):
        raise TypeError
    return DataSource(folder, classes, **said)


def find_session(paths: Paths) -> SavedSession | None:
    """Return the session in the checkpoint; None where there is no checkpoint, or none that could go on."""
    try:
        return read_session(paths.checkpoint)
    except (OSError, ModelFileError):
        return None


OR_DROP = "move it away, or begin with anew=True, which drops it"


def saved_or_refused(paths: Paths, advice: str = OR_DROP, setting: str = "anew") -> SavedSession | None:
    """Return the session in the checkpoint; None where there is none, or another version's that has ended.

    Raises SettingError, with this advice and about this setting, where what is there cannot be read, and may hold an
    unfinished training.
    """
    try:
        return read_session(paths.checkpoint)
    except FileNotFoundError:
        return None
    except (OSError, ModelFileError) as error:
        with suppress(OSError, ModelFileError):
            if epochs_left(read_checkpoint(paths.checkpoint)) == 0:
                return None
        raise SettingError(
            f"{without_advice(error)}; it may hold an unfinished training: {advice}", setting=setting
        ) from None


def without_advice(error: OSError | ModelFileError) -> str:
    """Return why a checkpoint cannot be used, for those who have better advice than to start anew."""
    return str(error).removesuffix(": start anew")


def epochs_left(checkpoint: Checkpoint) -> int | None:
    """Return how many epochs are left of the training in a checkpoint, of whatever version; None where it has none."""
    try:
        return max(int(checkpoint.notes["settings"]["epochs"] - checkpoint.place["epoch"]), 0)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _are_sound(notes: dict[str, Any]) -> bool:
    """Whether the notes, but for the settings, are all there and of the types that Session.save_checkpoint writes."""
    rows, costs = notes.get("rows"), notes.get("costs")
    sync_every = notes.get("sync_every", 1)
    return (
        isinstance(notes.get("data"), str)
        and type(sync_every) is int
        and sync_every > 0
        and is_number(notes.get("seconds"))
        and isinstance(costs, list)
        and all(is_number(cost) for cost in costs)
        and isinstance(rows, list)
        and all(_is_row(row) for row in rows)
    )


def _is_row(row: Any) -> bool:
    """Whether it is a row of the log: numbers by name, and perhaps words on what is trained."""
    return (
        isinstance(row, dict)
        and {"epoch", "seconds"} <= row.keys()
        and all(is_number(value) or (name == "training" and isinstance(value, dict)) for name, value in row.items())
    )
