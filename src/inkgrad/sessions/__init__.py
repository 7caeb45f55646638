"""Sessions: a training with its files, begun, saved and gone on with."""

from inkgrad.sessions.paths import Paths, SweepPaths
from inkgrad.sessions.saved_session import SavedSession, epochs_left, find_session, saved_or_refused
from inkgrad.sessions.session import Session, Stepper, as_source, refuse_losing_work, resume, resume_or_start, start
from inkgrad.sessions.training_settings import DEFAULT_MODEL, TrainingSettings, usual_settings

__all__ = [
    "DEFAULT_MODEL",
    "Paths",
    "SavedSession",
    "Session",
    "Stepper",
    "SweepPaths",
    "TrainingSettings",
    "as_source",
    "epochs_left",
    "find_session",
    "refuse_losing_work",
    "resume",
    "resume_or_start",
    "saved_or_refused",
    "start",
    "usual_settings",
]
