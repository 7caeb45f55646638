"""Made-up lines of writing, for the recogniser that reads whole lines."""

from lab.synthetic.lines.kinds import ALPHABET, KINDS_OF_LINES, LineKinds
from lab.synthetic.lines.line_source import LABELS, LineSource, as_batch, made_batches
from lab.synthetic.lines.maker import LineMaker, MadeLine

__all__ = [
    "ALPHABET",
    "KINDS_OF_LINES",
    "LABELS",
    "LineKinds",
    "LineMaker",
    "LineSource",
    "MadeLine",
    "as_batch",
    "made_batches",
]
