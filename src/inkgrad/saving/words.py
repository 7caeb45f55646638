"""Words: what a file says, made fit for one line of an error message."""

from __future__ import annotations

from reprlib import Repr

LONGEST = 300


def one_line(thing: object, longest: int = LONGEST) -> str:
    """Return str(thing) on one line: control characters escaped, the middle left out beyond `longest` characters.

    >>> one_line("two" + chr(10) + "lines")
    'two\\\\nlines'
    """
    text = str(thing)
    if len(text) > longest:
        text = f"{text[: longest // 2]} ... {text[-(longest // 2) :]}"
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def quoted(thing: object) -> str:
    """Return repr(thing), shortened, however deep and large it is.

    >>> quoted(list(range(100)))
    '[0, 1, 2, 3, 4, 5, 6, 7, ...]'
    """
    short = Repr()
    short.maxlevel, short.maxlist, short.maxdict, short.maxstring, short.maxother = 3, 8, 8, 80, 120
    return one_line(short.repr(thing))
