"""Decoding: what a line says, from the probability of each class at each frame.

A path has one class for each frame; CTC says how a path says a labelling.  The most probable path is found at once.
The most probable labelling has the largest sum over all its paths, and a search finds it, or nearly always does:
of all labellings, or of those that an automaton accepts.
An alignment tells in which frames each class of a labelling stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, repeat

import numpy as np

from inkgrad.arrays import NDArray
from inkgrad.errors import DataError, SettingError, ShapeError
from inkgrad.whole_numbers import refuse_no_whole, shown_whole

__all__ = ["Aligned", "Automaton", "Decoded", "align", "beam_search", "best_path"]

ROOM = 1e-3  # by which the probabilities of a frame may miss 1: single precision, and a softmax of many classes


@dataclass(frozen=True)
class Decoded:
    """What a line says: class numbers from left to right, and the logarithm of how probable that is."""

    labelling: tuple[int, ...]
    log_p: float


@dataclass(frozen=True, eq=False)
class Automaton:
    """Which labellings are expected, told by states that classes lead from one to the next; the first is state 0.

    leads_to  (S, K)  the state to which class k leads from state s; -1 where k is not expected there
    ends      (S,)    whether a labelling may end in state s

    Where the labellings are of K classes one of which is the blank, what it leads to does not matter.

    Raises ShapeError for arrays of other shapes, DataError for states that are none.
    """

    leads_to: NDArray
    ends: NDArray

    def __post_init__(self) -> None:
        leads_to, ends = np.asarray(self.leads_to), np.asarray(self.ends)
        if leads_to.ndim != 2 or not len(leads_to) or ends.shape != leads_to.shape[:1]:
            raise ShapeError(
                "an automaton takes `leads_to` of shape (states, classes) and `ends` of shape (states,), 1 state or "
                f"more, got {leads_to.shape} and {ends.shape}"
            )
        if leads_to.dtype.kind not in "iu" or ends.dtype != bool:
            raise DataError(f"an automaton takes whole numbers and bools, got {leads_to.dtype} and {ends.dtype}")
        if (strange := leads_to[(leads_to < -1) | (leads_to >= len(leads_to))]).size:
            raise DataError(f"states are 0 to {len(leads_to) - 1}, or -1 for none, got {strange[0]}")

    def accepts(self, labelling: Sequence[int]) -> bool:
        """Return whether a labelling is one of those that are expected."""
        state = 0
        for k in labelling:
            state = int(self.leads_to[state, k])
            if state < 0:
                return False
        return bool(self.ends[state])


@dataclass(frozen=True)
class Aligned:
    """Where a line says a labelling: of each class the frames from `start` to before `stop`, and how probable that is.

    log_p is the logarithm of the probability of this one path.
    """

    frames: tuple[tuple[int, int], ...]
    log_p: float


def best_path(log_q: NDArray, blank: int = 0) -> Decoded:
    """Return what the most probable path of a line says; log_p is that of the path alone.

    log_q (T, K) has the logarithm of the probability of each class at each frame; class `blank` says nothing.
    (Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf, section 3.2, "best path decoding".)

    Raises ShapeError for another shape, DataError for what is no logarithm of probabilities, SettingError for a
    blank that is none of the classes.
    """
    _refuse_no_line(log_q, blank)
    path = np.argmax(log_q, axis=1)
    begins = np.concatenate([[True], path[1:] != path[:-1]])[: len(path)]
    said = path[begins & (path != blank)]
    return Decoded(tuple(said.tolist()), float(np.max(log_q, axis=1).sum()))


def beam_search(log_q: NDArray, blank: int = 0, width: int = 16, automaton: Automaton | None = None) -> list[Decoded]:
    """Return what a line most probably says, the most probable labelling first, at most `width` of them.

    log_q (T, K) has the logarithm of the probability of each class at each frame; class `blank` says nothing.
    (Hannun et al. 2014, https://arxiv.org/abs/1408.2873, algorithm 1, without a language model.)

    Let b(l) and n(l) be the sums of p over the ways through the first frames that say l and end in a blank, or in
    the last class of l.  With the next frame, q, where l is m and one class k more,

        b(l) <- (b(l) + n(l)) q_blank
        n(l) <- n(l) q_k + (b(m) + n(m)) q_k,  or n(l) q_k + b(m) q_k where m ends in k, too

    and of all l the `width` with the largest b + n are kept.  With a width for all of them log_p is exact; else
    what was dropped is missing in it.

    With an `automaton` only labellings are found that it accepts, and there are none where no such labelling is
    possible, as when the line has too few frames.  Then those l are kept that have the largest b β + n ν, where β
    and ν are the sums of p over all that may come after (`sums_to_come`): so much of the probability have the
    accepted labellings that begin with l.  (As in Graves et al. 2006, section 3.2, "prefix search decoding".)
    Without one, all that may come sums to 1.

    Raises ShapeError for another shape, DataError for what is no logarithm of probabilities, SettingError for a
    blank that is none of the classes, or a width below 1; ShapeError for an automaton of other classes.
    """
    _refuse_no_line(log_q, blank)
    refuse_no_whole(width, "width")
    if width < 1:
        raise SettingError(f"a beam keeps at least 1 labelling, got a `width` of {shown_whole(width)}", setting="width")
    log_q = np.asarray(log_q, np.float64)
    n_frames, n_classes = log_q.shape
    if automaton is None:
        automaton = Automaton(np.zeros((1, n_classes), np.int64), np.ones(1, bool))
        to_come: Iterator[tuple[NDArray, NDArray]] = repeat((np.zeros(1), np.zeros((1, n_classes))), n_frames + 1)
    elif automaton.leads_to.shape[1] != n_classes:
        raise ShapeError(
            f"a line of {n_classes} classes takes an automaton of as many, got {automaton.leads_to.shape[1]}"
        )
    else:
        to_come = reversed(list(sums_to_come(log_q, automaton, blank)))
    if next(to_come)[0][0] == -np.inf:
        return []
    beam = Beam(automaton.leads_to, log_b=np.zeros(1), log_n=np.full(1, -np.inf))
    for frame, (log_beta, log_nu) in zip(log_q, to_come, strict=True):
        beam.move_on(frame, blank, width, log_beta, log_nu)
    return beam.decoded()


def sums_to_come(log_q: NDArray, automaton: Automaton, blank: int = 0) -> Iterator[tuple[NDArray, NDArray]]:
    """Yield log β (S,) and log ν (S, K) after the last frame, then after the last but one, and so on to the first.

    log_q (T, K) is as beam_search takes it.  β_s and ν_sk are the sums of p over the ways through the frames that
    follow which make an accepted labelling of one that has led to state s, where the frame before says the blank,
    or class k.  With s(j) for the state to which class j leads from s, and the next frame, q,

        β_s  <- q_blank β_s + sum_j q_j ν_s(j),j
        ν_sk <- q_blank β_s + sum_j≠k q_j ν_s(j),j + q_k ν_sk

    They begin with 1 where a labelling may end, and 0 elsewhere.  ν of the blank means nothing.
    """
    leads_to = np.array(automaton.leads_to)
    leads_to[:, blank] = -1
    log_beta = np.where(automaton.ends, 0, -np.inf)
    log_nu = np.repeat(log_beta[:, None], leads_to.shape[1], axis=1)
    yield log_beta, log_nu
    for frame in log_q[::-1]:
        after = np.where(leads_to >= 0, frame + log_nu[leads_to, np.arange(len(frame))], -np.inf)
        stays = (frame[blank] + log_beta)[:, None]
        lower = np.logaddexp.accumulate(np.concatenate([stays, after], axis=1), axis=1)  # of the classes before k
        none = np.full_like(stays, -np.inf)
        upper = np.logaddexp.accumulate(np.concatenate([none, after[:, :0:-1]], axis=1), axis=1)[:, ::-1]
        log_beta, log_nu = lower[:, -1], np.logaddexp(np.logaddexp(lower[:, :-1], upper), frame + log_nu)
        yield log_beta, log_nu


def align(log_q: NDArray, labelling: Sequence[int], blank: int = 0) -> Aligned:
    """Return in which frames a line most probably says each class of a labelling, as what decodes it has found.

    log_q (T, K) has the logarithm of the probability of each class at each frame; class `blank` says nothing.
    The states are those of CTC, the classes with blanks between.  Let m_s be the largest p of a way through the
    first frames that ends in state s; with the next frame, q,

        m_s <- q_l_s max_r m_r,   r = s, s - 1, and s - 2 if l_s-2 is not l_s

    and which r it was is kept (Viterbi's algorithm; Rabiner 1989, https://doi.org/10.1109/5.18626, equations 32 to 35).

    Raises ShapeError, DataError and SettingError as beam_search does, and DataError for a labelling that the line
    cannot say.
    """
    _refuse_no_line(log_q, blank)
    states = _states(log_q, labelling, blank)
    may_skip = np.concatenate([[False, False], states[2:] != states[:-2]])[: len(states)]
    best, came_by = np.full(len(states), -np.inf), np.zeros((len(log_q), len(states)), np.int64)
    best[0] = 0  # as if a blank came before the first frame
    for t, frame in enumerate(np.asarray(log_q, np.float64)):
        before = np.concatenate([np.full(2, -np.inf), best])
        ways = np.stack([before[2:], before[1:-1], np.where(may_skip, before[:-2], -np.inf)])
        came_by[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + frame[states]
    state = len(states) - 1 - int(len(states) > 1 and best[-2] > best[-1])
    log_p, path = float(best[state]), []
    if log_p == -np.inf:
        raise DataError(
            f"the line says {list(labelling)} with probability 0: a class of it is impossible wherever it could stand"
        )
    for steps in came_by[::-1]:
        path.append(state)
        state -= int(steps[state])
    places = np.array(path[::-1], np.int64)
    runs = [np.flatnonzero(places == s) for s in range(1, len(states), 2)]
    return Aligned(tuple((int(run[0]), int(run[-1]) + 1) for run in runs), log_p)


def _states(log_q: NDArray, labelling: Sequence[int], blank: int) -> NDArray:
    """Return the classes of a labelling with blanks before, between and after, or refuse it."""
    n_classes = np.shape(log_q)[1]
    for k in labelling:
        if k not in range(n_classes) or k == blank:
            raise DataError(
                f"classes of a labelling are 0 to {n_classes - 1} but for the blank, {blank}, got {k!r:.40}"
            )
    needed = len(labelling) + sum(k == after for k, after in pairwise(labelling))
    if needed > len(log_q):
        raise DataError(f"a line of {len(log_q)} frames cannot say a labelling that needs {needed}")
    states = np.full(2 * len(labelling) + 1, blank)
    states[1::2] = labelling
    return states


@dataclass
class Beam:
    """The most probable labellings of the frames so far, each a node of a tree whose root says nothing.

    leads_to      (S, K)  the states of the automaton that accepts them
    log_b, log_n  (B,)    the logarithms of b and n
    nodes         of each labelling, its place in `parents` and `lasts`
    parents       of each node, the node of the labelling that is one class shorter
    lasts         the class that comes to that
    states        the state of the automaton that it has led to
    children      the nodes by their parents and lasts, as a labelling may leave the beam and come back
    """

    leads_to: NDArray
    log_b: NDArray
    log_n: NDArray
    nodes: list[int] = field(default_factory=lambda: [0])
    parents: list[int] = field(default_factory=lambda: [-1])
    lasts: list[int] = field(default_factory=lambda: [-1])
    states: list[int] = field(default_factory=lambda: [0])
    children: dict[tuple[int, int], int] = field(default_factory=dict)

    def move_on(self, log_q: NDArray, blank: int, width: int, log_beta: NDArray, log_nu: NDArray) -> None:
        """Go on by one frame, log_q (K,), keeping what is most probable with what may come, log β (S,) and ν (S, K)."""
        n = len(self.nodes)
        last, total = np.array([self.lasts[node] for node in self.nodes]), np.logaddexp(self.log_b, self.log_n)
        state = np.array([self.states[node] for node in self.nodes])
        next_state = self.leads_to[state]
        longer = np.where(next_state >= 0, total[:, None] + log_q, -np.inf)
        ends = np.flatnonzero((last >= 0) & (next_state[np.arange(n), last] >= 0))
        longer[ends, last[ends]] = self.log_b[ends] + log_q[last[ends]]  # a class twice has a blank between
        longer[:, blank] = -np.inf
        log_b, log_n = total + log_q[blank], self.log_n + log_q[last]
        places = {node: i for i, node in enumerate(self.nodes)}
        for j, node in enumerate(self.nodes):
            i = places.get(self.parents[node])
            if i is not None:  # what makes it of a shorter one is there already
                log_n[j] = np.logaddexp(log_n[j], longer[i, last[j]])
                longer[i, last[j]] = -np.inf
        of_all = np.concatenate([
            np.logaddexp(log_b + log_beta[state], log_n + log_nu[state, last]),
            (longer + log_nu[next_state, np.arange(len(log_q))]).ravel(),
        ])  # fmt: skip
        best = np.argsort(-of_all, kind="stable")[:width]
        best = best[of_all[best] > -np.inf]
        kept, (grown, classes) = best[best < n], np.divmod(best[best >= n] - n, len(log_q))
        self.nodes = [self.nodes[i] for i in kept] + [
            self._child(self.nodes[i], k) for i, k in zip(grown.tolist(), classes.tolist(), strict=True)
        ]
        self.log_b = np.concatenate([log_b[kept], np.full(len(grown), -np.inf)])
        self.log_n = np.concatenate([log_n[kept], longer[grown, classes]])

    def _child(self, parent: int, last: int) -> int:
        node = self.children.setdefault((parent, last), len(self.parents))
        if node == len(self.parents):
            self.parents.append(parent)
            self.lasts.append(last)
            self.states.append(int(self.leads_to[self.states[parent], last]))
        return node

    def decoded(self) -> list[Decoded]:
        """Return the labellings with their logarithms of b + n, the most probable first."""
        log_p = np.logaddexp(self.log_b, self.log_n)
        return [Decoded(self._labelling(self.nodes[i]), float(log_p[i])) for i in np.argsort(-log_p, kind="stable")]

    def _labelling(self, node: int) -> tuple[int, ...]:
        backwards = []
        while node:
            backwards.append(self.lasts[node])
            node = self.parents[node]
        return tuple(reversed(backwards))


def _refuse_no_line(log_q: NDArray, blank: int) -> None:
    if np.ndim(log_q) != 2:
        raise ShapeError(f"a line is decoded from an array of shape (frames, classes), got {np.shape(log_q)}")
    n_classes = np.shape(log_q)[1]
    refuse_no_whole(blank, "blank")
    if not 0 <= blank < n_classes:
        raise SettingError(
            f"the blank is one of the classes 0 to {n_classes - 1}, got {shown_whole(blank)}", setting="blank"
        )
    with np.errstate(over="ignore"):
        sums = np.exp(np.asarray(log_q, np.float64)).sum(axis=1)
    wrong = ~(np.abs(sums - 1) <= ROOM)  # NaN too
    if wrong.any():
        raise DataError(
            "a line is decoded from the logarithms of probabilities, which sum to 1 in each frame, got "
            f"{sums[wrong][0]:.4g} in frame {np.flatnonzero(wrong)[0]}: take log softmax of logits"
        )
