"""`inkgrad train --workers`, with silly input: one line, and nothing written."""

import pytest
from support.commands import assert_refused, inkgrad, inkgrad_without, last_line, names_in

pytest.importorskip("ray", reason="Ray, an extra, is not installed")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--workers", 0], "a training takes at least 1 worker, got --workers 0"),
        (["--workers", 2, "--sync-every", 0], "workers meet after 1 step or more, got --sync-every 0"),
        (["--ray", "10.0.0.1:6379"], "--ray is for a training on several workers: say how many with --workers"),
        (["--sync-every", 2], "--sync-every is for a training on several workers: say how many with --workers"),
        (["--workers", 2, "--check-every", 9], "--check-every needs every step in this process: leave it out, or"),
        (["--workers", 2, "--batch-size", 1], "each of 2 workers needs an example of every batch, and a batch has 1"),
    ],
)
def test_silly_options_are_refused_in_one_line(tmp_path, monkeypatch, inkgrad_here, arguments, line):
    monkeypatch.chdir(tmp_path)
    found = inkgrad_here("train", "--model", "seed", *arguments)
    assert_refused(found, alone=False)
    assert last_line(found.stderr).startswith(f"inkgrad: {line}")
    assert names_in(tmp_path) == []


def test_an_address_that_is_none_is_refused_in_one_line(tmp_path):
    found = inkgrad("train", "--model", "seed", "--workers", 2, "--ray", "nowhere", cwd=tmp_path)
    assert_refused(found, alone=False)
    assert last_line(found.stderr).startswith("inkgrad: the address of a Ray cluster is host:port")
    assert names_in(tmp_path) == []


def test_without_ray_one_line_says_what_to_install(tmp_path):
    found = inkgrad_without("ray", "train", "--model", "seed", "--workers", 2, cwd=tmp_path)
    assert_refused(found, alone=False)
    assert last_line(found.stderr) == (
        "inkgrad: work on several workers needs Ray, which is not installed: pip install 'inkgrad[ray]'"
    )
    assert names_in(tmp_path) == []
