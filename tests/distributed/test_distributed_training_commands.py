"""`inkgrad train --workers`, with silly input: one line, and nothing written."""

import subprocess
import sys

import pytest

pytest.importorskip("ray", reason="Ray, an extra, is not installed")


def refused(folder, program, *arguments):
    """Return the one line that a program of its own says."""
    command = [sys.executable, *program, "train", "--model", "seed", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not list(folder.iterdir())
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--workers", 0], "a training takes at least 1 worker, got --workers 0"),
        (["--workers", 2, "--sync-every", 0], "workers meet after 1 step or more, got --sync-every 0"),
        (["--ray", "10.0.0.1:6379"], "--ray is for a training on several workers: say how many with --workers"),
        (["--sync-every", 2], "--sync-every is for a training on several workers: say how many with --workers"),
        (["--workers", 2, "--check-every", 9], "--check-every needs every step in this process: leave it out, or"),
        (["--workers", 2, "--batch-size", 1], "each of 2 workers needs an example of every batch, and a batch has 1"),
        (["--workers", 2, "--ray", "nowhere"], "the address of a Ray cluster is host:port"),
    ],
)
def test_silly_options_are_refused_in_one_line(tmp_path, arguments, line):
    assert refused(tmp_path, ["-m", "inkgrad"], *arguments).startswith(f"inkgrad: {line}")


WITHOUT = "import sys; sys.modules['ray'] = None; from inkgrad.cli.app import main; main()"


def test_without_ray_one_line_says_what_to_install(tmp_path):
    assert refused(tmp_path, ["-c", WITHOUT], "--workers", 2) == (
        "inkgrad: work on several workers needs Ray, which is not installed: pip install 'inkgrad[ray]'"
    )
