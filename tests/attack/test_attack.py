"""Under attack nothing is lost, nothing crashes, nobody is locked out; `make attack` goes on for longer."""

import os
import sys

import pytest
from support import TESTS
from support.commands import completed

from attack.kills import parts_kept, trials_kept
from attack.swarm import Finding
from attack.tiny import TinySweep


@pytest.mark.slow
@pytest.mark.parametrize("group", ["inputs", "kills", "clients"])
def test_attacks_find_nothing_when_each_has_its_turn(group):
    words = [sys.executable, "-m", "attack", group, "--rounds", 1, "--minutes", 9, "--workers", 1]
    paths = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    found = completed(list(map(str, words)), timeout=600, env=os.environ | {"PYTHONPATH": paths})
    print(found.stdout)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-3000:]
    assert " nothing; " not in found.stdout, found.stdout  # each has struck


def test_a_trial_that_is_lost_is_found(tmp_path):
    sweep = TinySweep.make(tmp_path)
    lines = ['{"op_code": 0}\n', '{"op_code": 6, "state": 1}\n', '{"op_code": 6, "state": 2}\n']
    sweep.paths.journal.write_text("".join(lines))
    assert trials_kept(sweep, 1) == 2
    sweep.paths.journal.write_text("".join(lines[:2]))
    with pytest.raises(Finding, match="1 trials are in the journal; before it were 2"):
        trials_kept(sweep, 2)


def test_a_part_that_is_lost_is_found(tmp_path):
    (tmp_path / "out.csv.parts").mkdir()
    (tmp_path / "out.csv.parts" / "part-00000003.jsonl").touch()
    assert parts_kept(tmp_path, 0) == 1
    with pytest.raises(Finding, match="1 parts are done; before it were 2"):
        parts_kept(tmp_path, 2)
