"""Sessions: a training with its files, begun, saved and gone on with."""

from inkgrad.sessions.opening import resume, start
from inkgrad.sessions.paths import Paths
from inkgrad.sessions.session import Session, Walk
from inkgrad.sessions.training_settings import DEFAULT_MODEL, Settings

__all__ = ["DEFAULT_MODEL", "Paths", "Session", "Settings", "Walk", "resume", "start"]
