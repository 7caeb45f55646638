"""Measure how honest the reader's probabilities are: expected calibration errors, per character and per line.

Pictures are composed, of held-back seeds (with --development, of those that one may look at), and MNIST's test digits.
A character is right where it is matched when its line is aligned with the truth; a line, whose probability is that of
its weakest character, where all of it is; spaces aside.  What is "?" counts by what was most probable.

python benchmarks/reading/calibration.py
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

sys.path += map(str, Path(__file__).parents[1:3])  # where tables.py is, and lab
from pictures import COMPOSED, Picture, composed
from scoring import Answer, paired
from tables import markdown

from inkgrad.data import mnist
from inkgrad.metrics import Reliability, reliability
from inkgrad.models import load
from inkgrad.reader import Reader, Reading

MNIST, ALL = "MNIST's test digits", "all composed"
Outcomes = dict[str, tuple[list[float], list[bool]]]  # by kind: how probable, and whether right


def main() -> None:
    arguments = parsed()
    reader = Reader(None if arguments.model is None else load(arguments.model))
    characters: Outcomes = defaultdict(lambda: ([], []))
    lines: Outcomes = defaultdict(lambda: ([], []))
    pictures = composed(arguments.kinds, arguments.pages, arguments.development)
    for picture in (*pictures, *digits_of_mnist(arguments.mnist)):
        groups = [MNIST] if picture.kind == MNIST else [picture.kind, ALL]
        for text, truth, probabilities in pairs(reader.read(picture.pixels), picture.truth):
            for group in groups:
                if text:
                    characters[group][0].extend(probabilities)
                    characters[group][1].extend(matched(text, truth))
                    lines[group][0].append(min(probabilities))
                    lines[group][1].append(text == truth)
    print(table_of(characters, lines))


def digits_of_mnist(n: int) -> Iterator[Picture]:
    """Yield the first n of MNIST's test digits, black on white."""
    test = mnist().test
    for image, label in zip(test.x[:n], test.t[:n], strict=True):
        yield Picture(MNIST, MNIST, np.repeat(255 - image, 3, axis=2), Answer(str(label)), False)


def pairs(reading: Reading, truth: Answer) -> Iterator[tuple[str, str, list[float]]]:
    """Yield what each line says, what it should, and the probability of each character; spaces aside."""
    said = ["".join(character.best for character in line) for line in reading.lines]
    right = [line.replace(" ", "") for line in truth.text.split("\n")]
    left = iter(reading.lines)
    for line, text in paired(right, said):
        if text:
            yield text, line, [character.probability for character in next(left)]


def matched(text: str, truth: str) -> list[bool]:
    """Return which characters of a text are right, in the alignment with the fewest errors (Levenshtein 1966)."""
    row: list[tuple[int, tuple[bool, ...]]] = [(j, (False,) * j) for j in range(len(text) + 1)]
    for i, sign in enumerate(truth, start=1):
        before, row = row, [(i, ())]
        for j, other in enumerate(text, start=1):
            same, (errors, flags) = sign == other, before[j - 1]
            choices = (
                (errors + (not same), (*flags, same)),
                (before[j][0] + 1, before[j][1]),
                (row[-1][0] + 1, (*row[-1][1], False)),
            )
            row.append(min(choices, key=lambda choice: (choice[0], -sum(choice[1]))))
    return list(row[-1][1])


def table_of(characters: Outcomes, lines: Outcomes) -> str:
    """Return the calibration errors of each kind, and of all together."""
    head = ["pictures of", "characters", "right", "sure", "ECE", "lines", "right", "sure", "ECE of lines"]
    rows = []
    for kind in sorted(characters, key=(ALL, MNIST).count):
        found = [reliability(np.array(p), np.array(right)) for p, right in (characters[kind], lines[kind])]
        rows.append([kind, *(cell for each in found for cell in cells_of(each))])
    return markdown(head, rows)


def cells_of(found: Reliability) -> Iterable[str]:
    """Return how many, how many of them are right, how probable that was on the mean, and the calibration error."""
    full = found.n > 0
    means = (float(np.average(values[full], weights=found.n[full])) for values in (found.accuracy, found.probability))
    return str(found.n.sum()), *(f"{mean:.2%}" for mean in means), f"{found.error:.2%}"


def parsed() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=COMPOSED, default=list(COMPOSED), help="of these alone")
    parser.add_argument("--pages", type=int, default=40, help="composed pictures of each kind (40)")
    parser.add_argument("--mnist", type=int, default=10_000, help="of MNIST's test digits (10000)")
    parser.add_argument("--model", help="of the reader: a file or a name, for the one that comes with it")
    parser.add_argument("--development", action="store_true", help="compose of the seeds and digits of development")
    arguments = parser.parse_args()
    if arguments.pages < 1 or not 0 <= arguments.mnist <= 10_000:
        parser.error(f"--pages is 1 or more and --mnist 0 to 10000, got {arguments.pages} and {arguments.mnist}")
    return arguments


if __name__ == "__main__":
    main()
