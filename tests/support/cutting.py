"""What is read from pieces of ink alone, without the recogniser of whole lines."""

from inkgrad.pictures import open_picture
from inkgrad.reader import ReaderSettings
from inkgrad.reader.expectation import Expectation
from inkgrad.reader.page import scan
from inkgrad.reader.parsing import parse


def read_in_pieces(picture, eye, settings=None):
    """The digits of a picture, rows joined by newlines."""
    settings = settings or ReaderSettings()
    best = max(
        parse(scan(open_picture(picture), settings.page), eye, Expectation(), settings.parsing),
        key=lambda rows: sum(seen.probability for row in rows for seen in row),
    )
    return "\n".join("".join(seen.label for seen in row) for row in best if row)
