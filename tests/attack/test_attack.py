"""Under attack nothing is lost, nothing crashes, nobody is locked out; `make attack` goes on for longer."""

import os
import sys

import pytest
from support import TESTS
from support.commands import completed

MINUTES = {"inputs": 1.0, "kills": 1.0, "clients": 1.0}


@pytest.mark.slow
@pytest.mark.parametrize("group", MINUTES)
def test_an_attack_finds_nothing(group):
    words = [sys.executable, "-m", "attack", group, "--minutes", MINUTES[group], "--workers", 1]
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    found = completed(list(map(str, words)), timeout=600, env=os.environ | {"PYTHONPATH": paths})
    print(found.stdout)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-3000:]
