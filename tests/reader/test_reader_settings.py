"""The numbers of every stage of reading can be chosen: each comes to where it counts."""

import numpy as np
import pytest

from inkgrad.pictures.paper import PaperSettings, SkewSettings
from inkgrad.pictures.pieces import CutSettings, PieceSettings
from inkgrad.pictures.runs import RuleSettings
from inkgrad.pictures.weak_ink import WeakInkSettings
from inkgrad.reader import Reader, ReaderSettings
from inkgrad.reader.arbitration import ArbitrationSettings
from inkgrad.reader.choice import ChoiceSettings
from inkgrad.reader.lattice import LatticeSettings
from inkgrad.reader.line_eye import LineSettings
from inkgrad.reader.page import PageSettings
from inkgrad.reader.page.grids import GridSettings
from inkgrad.reader.page.scan import RowSettings
from inkgrad.reader.page.table import TableSettings
from inkgrad.reader.parsing import ParsingSettings
from inkgrad.reader.strips import StripSettings
from lab.synthetic import Look, write_line, write_ruled, write_table


def told(reading):
    """All that was read in a picture."""
    return reading.table, [(digit.label, digit.box, digit.line, digit.probability) for digit in reading.digits]


@pytest.fixture(scope="module")
def pictures(some):
    rng = np.random.default_rng
    uneven = 255.0 - write_line(6, Look(), rng(4), some).picture
    uneven[np.arange(len(uneven)) % 12 < 4] *= 0.45
    return {
        "uneven": np.uint8(255 - uneven),
        "line": write_line(6, Look(rotation=4), rng(0), some).picture,
        "touching": write_line(4, Look(touching=1), rng(1), some).picture,
        "ruled": write_ruled([5, 5], Look(lines="ruled"), rng(2), some).picture,
        "table": write_table(3, 3, Look(), rng(3), some).picture,
    }


no_rules = RuleSettings(slender=1e9, very_long=1e9, ending=1e9, side=1e9)
no_table = TableSettings(most_cells=0, grids=GridSettings(seen=2))


CASES = {
    "paper": ("line", ReaderSettings(PageSettings(paper=PaperSettings(least_ink=5)))),
    "weak ink": ("uneven", ReaderSettings(PageSettings(weak_ink=WeakInkSettings(least=1)))),
    "skew": ("line", ReaderSettings(PageSettings(skew=SkewSettings(most_degrees=0)))),
    "pieces": ("line", ReaderSettings(PageSettings(pieces=PieceSettings(lowest_px=1000)))),
    "rows": ("line", ReaderSettings(PageSettings(rows=RowSettings(overlap=2)))),
    "page": ("line", ReaderSettings(PageSettings(thinnest_px=10_000))),
    "rules": ("ruled", ReaderSettings(PageSettings(rules=no_rules))),
    "tables": ("table", ReaderSettings(PageSettings(tables=no_table))),
    "cuts": ("touching", ReaderSettings(parsing=ParsingSettings(cuts=CutSettings(most_cuts=0)))),
    "lattice": ("line", ReaderSettings(parsing=ParsingSettings(lattice=LatticeSettings(most_atoms=0)))),
    "parsing": ("touching", ReaderSettings(parsing=ParsingSettings(wide=9, wide_if_unsure=9, wide_if_doubtful=9))),
    "strips": ("line", ReaderSettings(strips=StripSettings(room=1))),
    "lines": ("line", ReaderSettings(lines=LineSettings(step_px=128))),
    "choice": ("line", ReaderSettings(choice=ChoiceSettings(doubt=2, sure=0, better=-1))),
    "arbitration": ("line", ReaderSettings(arbitration=ArbitrationSettings(wrong=0.3))),
}


@pytest.mark.parametrize("stage", CASES)
def test_the_numbers_of_each_stage_can_be_chosen(reader, pictures, stage):
    name, settings = CASES[stage]
    chosen = Reader(reader.eye.model, settings=settings)
    assert told(chosen.read(pictures[name])) != told(reader.read(pictures[name]))
    (one_of_many,) = chosen.read_many([pictures[name]], workers=2)
    assert told(one_of_many)[0] == told(chosen.read(pictures[name]))[0]
    assert len(one_of_many.digits) == len(chosen.read(pictures[name]).digits)


def test_settings_that_are_not_told_are_the_usual_ones(reader, pictures):
    usual = Reader(reader.eye.model, settings=ReaderSettings(PageSettings(rules=RuleSettings(slender=22))))
    for picture in pictures.values():
        assert told(usual.read(picture)) == told(reader.read(picture))
