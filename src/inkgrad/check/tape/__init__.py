"""Tape: the operations of a forward written down one by one, so that one of them can be differentiated wrongly."""

from inkgrad.check.tape.recorder import Recorder, leaves_of, replaced
from inkgrad.check.tape.tape import Change, Edge, Passage, Tape, TapeError, TapeStep

__all__ = ["Change", "Edge", "Passage", "Recorder", "Tape", "TapeError", "TapeStep", "leaves_of", "replaced"]
