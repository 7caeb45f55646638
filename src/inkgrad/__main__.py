"""The command `inkgrad`, which `python -m inkgrad` is too: Ctrl-C ends it with one line, also while it imports."""

import os


def end(*about_the_signal: object) -> None:
    """End the process as the command line does after Ctrl-C."""
    os.write(2, b"inkgrad: interrupted\n")
    os._exit(2)


try:
    import signal
except KeyboardInterrupt:  # before anything can be done against it
    end()


class Interruptible:
    """A with block in which Ctrl-C raises KeyboardInterrupt; before and after it, the process ends at once.

    An exception in the middle of an import, or of the end of the interpreter, would not be passed on as it is.
    """

    def __init__(self) -> None:
        self.before = signal.signal(signal.SIGINT, end)

    def __enter__(self) -> None:
        signal.signal(signal.SIGINT, self.before)

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, end)


def main() -> None:
    """Run the command line."""
    is_wanted = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # whoever started us may have said no
    interruptible = Interruptible() if is_wanted else None
    from inkgrad.cli import main as run

    run(interruptible)


if __name__ == "__main__":
    main()
