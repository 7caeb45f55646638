"""Programs in processes of their own: `inkgrad` as a stranger would use it, and Python."""

import re
import subprocess
import sys
import time

TIMEOUT = 120  # seconds, far more than anything takes


def command(*words):
    """Return the words that start inkgrad."""
    return [sys.executable, "-m", "inkgrad", *map(str, words)]


def completed(words, **settings):
    """Run a program; return its exit status and what it printed, as text unless told otherwise."""
    return subprocess.run(words, **{"capture_output": True, "text": True, "timeout": TIMEOUT} | settings)


def started(words, **settings):
    """Start a program that a test is going to stop."""
    return subprocess.Popen(words, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | settings)


def wait_for(condition, what, process):
    """Wait, in small naps, until a condition holds; a program that ends before, or is too slow for it, is a failure."""
    begun = time.monotonic()
    while not condition():
        seconds = time.monotonic() - begun
        if seconds > TIMEOUT:
            process.kill()
        time.sleep(0.005)
        assert process.poll() is None, f"ended after {seconds:.0f} s, before {what}: {process.communicate(timeout=10)}"


def ended(process):
    """Wait for the end of a program; return its exit status and what it printed."""
    printed, said = process.communicate(timeout=TIMEOUT)
    return subprocess.CompletedProcess(process.args, process.returncode, printed, said)


def inkgrad(*words, cwd, **settings):
    """Run inkgrad in a folder."""
    return completed(command(*words), cwd=cwd, **settings)


def inkgrad_without(package, *words, cwd):
    """Run inkgrad in a folder, as if this package were not installed."""
    return python(f"import sys; sys.modules[{package!r}] = None; from inkgrad.cli import main; main()", *words, cwd=cwd)


def python(program, *words, **settings):
    """Run a program in a fresh interpreter."""
    return completed([sys.executable, "-c", program, *map(str, words)], **settings)


def output_of(program, *words, **settings):
    """Return what a program prints in a fresh interpreter, where it must end well."""
    found = python(program, *words, **settings)
    assert found.returncode == 0, found.stderr
    return found.stdout


def last_line(text):
    return text.rstrip().splitlines()[-1]


def assert_refused(found, *words, alone=True):
    """One clear line and exit status 2; what is not `alone` may have said other things before it."""
    assert (found.returncode, found.stdout) == (2, ""), found
    line = last_line(found.stderr)
    assert line.startswith("inkgrad: ")
    said = re.sub(r"inkgrad: (running .*|.* images in \d+ classes, .*)", "", found.stderr)  # what is said before
    assert said.count("inkgrad: ") == 1
    assert found.stderr.count("\n") == 1 or not alone, found.stderr
    assert "Traceback" not in found.stderr
    for word in words:
        assert word in line


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())
