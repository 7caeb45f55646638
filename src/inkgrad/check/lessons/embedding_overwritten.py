"""An embedding whose gradient overwrites where a word comes twice."""

from __future__ import annotations

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.check.kind import Kind
from inkgrad.check.lessons.lesson import Lesson, by_hand


def embedded(table: NDArray, words: NDArray) -> NDArray:
    """Return the row of the table for each word, (N, D)."""
    return table[words]


def wrong(dy: NDArray, table: NDArray, words: NDArray) -> tuple[NDArray, None]:
    """NumPy reads the rows, adds, and writes them back: of a word that comes twice the last is left."""
    dtable = np.zeros_like(table)
    dtable[words] += dy
    return dtable, None


def right(dy: NDArray, table: NDArray, words: NDArray) -> tuple[NDArray, None]:
    """Each place adds to the row of its word."""
    dtable = np.zeros_like(table)
    np.add.at(dtable, words, dy)
    return dtable, None


def sentence(rng: np.random.Generator) -> dict[str, NDArray]:
    """Return a table of five words in three numbers each, and a sentence in which words come again."""
    return {"table": rng.normal(size=(5, 3)), "words": np.array([0, 2, 1, 2, 4, 1, 2])}


LESSON = Lesson(
    "embedding-overwritten",
    "an embedding whose gradient overwrites where a word comes twice",
    "dtable[words] += dy",
    "np.add.at(dtable, words, dy)",
    Kind.overwritten,
    "A test with a sentence of seven different words passes. In PyTorch it is index_add_, and in JAX .at[words].add, "
    "which do add.",
    by_hand("an embedding of 5 words, 7 places", embedded, wrong, right, sentence),
)
