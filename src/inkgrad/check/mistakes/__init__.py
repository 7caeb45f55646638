"""Mistakes: for each kind a page, KIND.md: what it means, an example that runs, how it looks, and what to do.

The command line, the documentation and the playground show the same pages.

    >>> mistake = explained(Kind.factor)
    >>> mistake.wrong_lines, mistake.right_lines
    (('return dy, dy.mean(axis=0)',), ('return dy, dy.sum(axis=0)',))
    >>> [finding.kind for finding in mistake.report().findings]
    ['factor']
"""

from inkgrad.check.kind import Kind
from inkgrad.check.mistakes.mistake import Mistake, explained, wrong_gradients

__all__ = ["Kind", "Mistake", "explained", "wrong_gradients"]
