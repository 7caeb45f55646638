"""What is said on the terminal while something goes on."""

import sys
from io import StringIO
from threading import Event

from inkgrad.cli.terminal import waiting


class Screen(StringIO):
    """A terminal that remembers what was shown, and lets one wait for it."""

    def __init__(self):
        super().__init__()
        self.is_written = Event()

    def isatty(self):
        return True

    def write(self, text):
        length = super().write(text)
        self.is_written.set()
        return length

    def until(self, words):
        while words not in self.getvalue():
            assert self.is_written.wait(10), self.getvalue()
            self.is_written.clear()


def screen_for(monkeypatch):
    """Return a screen in the place of standard error, in the test itself, as pytest changes it before each."""
    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", screen)
    return screen


def test_what_takes_long_is_said_and_what_it_is_at(monkeypatch):
    screen = screen_for(monkeypatch)
    with waiting("checking Net", seconds=0) as tell:
        screen.until("checking Net")
        tell("module 3 of 12")
        screen.until("module 3 of 12")


def test_what_is_done_soon_is_not_spoken_of(monkeypatch):
    screen = screen_for(monkeypatch)
    with waiting("checking Net"):
        pass
    assert screen.getvalue() == ""


def test_nothing_is_said_where_there_is_no_terminal(monkeypatch):
    for stream in StringIO(), None:
        monkeypatch.setattr(sys, "stderr", stream)
        with waiting("checking Net", seconds=0) as tell:
            tell("module 3 of 12")
        assert stream is None or stream.getvalue() == ""
