"""CTC: a line is to say what it says, wherever in it each class stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral

from inkgrad.arrays import AnyArray, Array, namespace
from inkgrad.costs.base import OfLogits, log_softmax
from inkgrad.costs.line_targets import frames_needed, refuse_bad_targets, said_in
from inkgrad.errors import SettingError

NEVER = -1e30
"""Stands for log 0: e to this power is 0, yet the difference of two is a number."""


@dataclass(frozen=True)
class CTC(OfLogits):
    """C = - 1/N sum_i log p(labelling of line i), connectionist temporal classification, for logits y.

    (Graves, Fernández, Gomez & Schmidhuber 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf; numbers in
    brackets are those of its equations.)

    Shapes    y (N, T, K)   t (N, M)   dy like y

    Targets   A line is T frames from left to right.  A row of t is how many frames of y are the line's, the class
              numbers that it says, its labelling, and then -1 to the end: `line_targets` makes such rows.

    Paths     A path has one of the K classes for each frame; the class `blank` says nothing.  A path says what
              is left when classes that follow themselves are one, and then the blanks go: with - for the blank,
              aa-ab and -a-ab both say aab.  Frames are independent given the line: with q = softmax(y),

              p(path) = prod_t q_t,path_t  (2),      p(labelling) = sum of p over the paths that say it  (3).

    Forward   Put blanks before, between and after the classes of the labelling: l_0 ... l_S-1, S = 2 L + 1 states.
              A path that says it begins in state 0 or 1, ends in S - 2 or S - 1, and from frame to frame stays,
              goes one state on, or two where that leaves out a blank between two classes that differ.  Let a_ts
              be the sum of p over all ways through the frames before t that may be in state s at frame t:

              a_0s   = 1 for s = 0 and 1, else 0
              a_t+1s = sum_r a_tr q_t,l_r,   r = s, s - 1, and s - 2 if l_s-2 is not l_s  (6, 7; their α_t(s) is
                                                                                           a_ts q_t,l_s)
              p      = a_T,S-1, as if a blank came after the last frame  (8).

              They are kept as logarithms, as p is soon too small for a number.

    Backward  Let b_ts be the same sum over the ways through the frames after t: that of the line and the labelling
              read from right to left  (10, 11; their β_t(s) is b_ts q_t,l_s).  Each path is in some state at frame
              t, so p = sum_s a_ts q_t,l_s b_ts  (14), in which neither a_ts nor b_ts depends on q_t.  So

              dp/dq_tk = sum of a_ts b_ts over the s with l_s = k  (15),

              and with γ_tk = q_tk/p dp/dq_tk, how probable class k is at frame t given the labelling, which sums
              to 1 over k,  d log p / dq_tk = γ_tk / q_tk.  Through the softmax, dq_tk/dy_tj = q_tk (δ_kj - q_tj),

              dC/dy_tj = - 1/N sum_k γ_tk (δ_kj - q_tj) = (q_tj - γ_tj) / N  (16).

    No path   A labelling needs a frame for each class, and one more between two that are alike: `frames_needed`
              counts them.  In a shorter line no path says it: p = 0 and the loss is infinite, as it is where a
              class that is said has the logit -inf.  No step makes that better, and dy of such a line is 0.  A
              training stops at an infinite cost, and says which line is too short: leave such lines out, or have
              them cost 0 with `zero_infinity`; they still count in N.

    Raises SettingError for a blank that is no class number, or a zero_infinity that is no bool.
    """

    blank: int = 0
    zero_infinity: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.blank, Integral) or isinstance(self.blank, bool) or self.blank < 0:
            raise SettingError(
                f"the blank of CTC is a class number, 0 or more, got {self.blank!r:.40}", setting="blank"
            )
        if not isinstance(self.zero_infinity, bool):
            raise SettingError(
                f"zero_infinity of CTC is True or False, got {self.zero_infinity!r:.40}", setting="zero_infinity"
            )

    def losses(self, y: Array, t: Array) -> Array:
        lines = self._lines(y, t)
        return _typed_as(y, self._losses(lines.at_the_end(*log_sums(lines.log_q_of_states(), lines.states))))

    def value_and_gradient(self, y: Array, t: Array) -> tuple[float, Array]:
        xp, n = namespace(y), y.shape[0]
        lines = self._lines(y, t)
        log_q = lines.log_q_of_states()
        log_p, log_a, log_b = lines.both_ways(log_q)
        gamma = lines.by_class(xp.exp(log_softmax(log_a + log_q + log_b)))  # of each frame these sum to p (14)
        counts = lines.inside & ~_is_none(log_p)[:, None]
        dy = xp.where(counts[:, :, None], xp.exp(lines.log_q) - gamma, xp.zeros_like(gamma))
        return float(xp.sum(self._losses(log_p)) / n), _typed_as(y, dy / n)

    def remedy(self, t: AnyArray) -> str:
        needed, n_frames = frames_needed(t), t[:, 0]
        too_short = [] if self.zero_infinity else [i for i in range(t.shape[0]) if int(needed[i]) > int(n_frames[i])]
        if not too_short:
            return super().remedy(t)
        i = too_short[0]
        return (
            f"line {i} of the batch has {int(n_frames[i])} frames, and its labelling needs {int(needed[i])}: "
            f"leave it out, or take {replace(self, zero_infinity=True)}"
        )

    def _losses(self, log_p: Array) -> Array:
        xp = namespace(log_p)
        without = xp.full_like(log_p, 0 if self.zero_infinity else xp.inf)
        return xp.where(_is_none(log_p), without, -log_p)

    def _lines(self, y: Array, t: Array) -> Lines:
        refuse_bad_targets(self, y, t, self.blank)
        xp = namespace(y)
        y = xp.astype(y, xp.float32) if _is_half(y) else y
        n_frames, labelling, length = said_in(t)
        inside = xp.arange(y.shape[1], device=y.device)[None, :] < n_frames[:, None]
        log_q = log_softmax(xp.where(inside[:, :, None], y, xp.zeros_like(y)))  # whatever stands beyond a line
        blanks = xp.full_like(labelling, self.blank)
        pairs = xp.stack([blanks, xp.where(labelling < 0, blanks, labelling)], axis=2)
        states = xp.concat([xp.reshape(pairs, (t.shape[0], 2 * labelling.shape[1])), blanks[:, :1]], axis=1)
        return Lines(log_q, inside, n_frames, 2 * length, states)


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines with the states that their labellings take them through.

    log_q     (N, T, K)  the logarithms of q
    inside    (N, T)     whether a frame is the line's
    n_frames  (N,)       how many are
    last      (N,)       the number of its last state
    states    (N, S)     l, the class of each state; blank for those after the last
    """

    log_q: AnyArray
    inside: AnyArray
    n_frames: AnyArray
    last: AnyArray
    states: AnyArray

    def log_q_of_states(self) -> AnyArray:
        """Return log q_t,l_s, (N, T, S); NEVER for states after the last."""
        xp = namespace(self.log_q)
        i, t, s = self._places()
        found = _picked(self.log_q, i, t, self.states[:, None, :])
        never = xp.full_like(found, NEVER)
        return xp.where(s <= self.last[:, None, None], xp.maximum(found, never), never)

    def both_ways(self, log_q: AnyArray) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return log p (N,), log a_ts and log b_ts (N, T, S), the last two less some number for each frame."""
        xp, n = namespace(log_q), log_q.shape[0]
        sums, scales = log_sums(  # of the lines, and of the same from right to left: one loop over the frames
            xp.concat([log_q, self._turned(log_q)]),
            xp.concat([self.states, self._turned(self.states[:, None, :])[:, 0, :]]),
        )
        log_p = self.at_the_end(sums[:n, :, :], scales[:n, :])
        return log_p, sums[:n, :-1, :], self._turned(sums[n:, :-1, :])

    def at_the_end(self, sums: AnyArray, scales: AnyArray) -> AnyArray:
        """Return log p, what log_sums says of a frame after the last at the last state; NEVER or less for no path."""
        i, zero = self._places()[0][:, 0, 0], namespace(sums).zeros_like(self.last)
        return _picked(sums, i, self.n_frames, self.last) + _picked(scales[:, :, None], i, self.n_frames, zero)

    def by_class(self, gamma: AnyArray) -> AnyArray:
        """Return the sum over the states of each class, (N, T, K), of what belongs to states, (N, T, S)."""
        xp = namespace(gamma)
        classes = xp.arange(self.log_q.shape[2], device=gamma.device)
        return gamma @ xp.astype(self.states[:, :, None] == classes, gamma.dtype)

    def _turned(self, x: AnyArray) -> AnyArray:
        """Return what belongs to frames and states, (N, T, S), from each line's last to its first; so is (N, 1, S)."""
        xp = namespace(x)
        i, _, s = self._places()
        t = self.n_frames[:, None, None] - 1 - xp.arange(x.shape[1], device=x.device)[None, :, None]
        s = self.last[:, None, None] - s
        within = xp.clip(t, 0, max(x.shape[1] - 1, 0)), xp.clip(s, 0, None)  # beyond a line it does not matter
        return _picked(x, i, *within)

    def _places(self) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return the numbers of lines, frames and states, each along its own axis."""
        xp = namespace(self.states)
        sizes = *self.log_q.shape[:2], self.states.shape[1]
        i, t, s = (xp.arange(size, device=self.states.device) for size in sizes)
        return i[:, None, None], t[None, :, None], s[None, None, :]


def log_sums(log_q: AnyArray, states: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Return log a_ts (N, T + 1, S), less the largest of each frame, and what was taken off until then, (N, T + 1).

    log_q (N, T, S) has that of each state at each frame.  The numbers that matter stay small, so that float32 has
    digits enough for them: log p is hundreds.
    """
    xp = namespace(log_q)
    n, n_frames, n_states = log_q.shape
    sums = xp.full((n, n_frames + 1, n_states), NEVER, dtype=log_q.dtype, device=log_q.device)
    sums[:, 0, :2] = 0
    scales = xp.zeros((n, n_frames + 1), dtype=log_q.dtype, device=log_q.device)
    price = xp.full_like(sums[:, 0, :], NEVER)  # of going on by two states
    price[:, 2:] = xp.where(states[:, 2:] != states[:, :-2], xp.zeros_like(price[:, 2:]), price[:, 2:])
    front = price[:, :2]
    for t in range(n_frames):
        now = xp.concat([front, sums[:, t, :] + log_q[:, t, :]], axis=1)
        stay, step, skip = now[:, 2:], now[:, 1:-1], now[:, :-2] + price
        most = xp.maximum(xp.maximum(stay, step), skip)
        new = most + xp.log(xp.exp(stay - most) + xp.exp(step - most) + xp.exp(skip - most))
        largest = xp.max(new, axis=1)
        sums[:, t + 1, :], scales[:, t + 1] = new - largest[:, None], scales[:, t] + largest
    return sums, scales


def _picked(x: AnyArray, i: AnyArray, j: AnyArray, k: AnyArray) -> AnyArray:
    """Return x_ijk for arrays of places, which are broadcast."""
    xp = namespace(x)
    flat = (i * x.shape[1] + j) * x.shape[2] + k
    return xp.reshape(xp.take(xp.reshape(x, (-1,)), xp.reshape(flat, (-1,))), flat.shape)


def _is_half(y: AnyArray) -> bool:
    """Whether numbers are of a type that has no NEVER, as float16: they are added up in float32."""
    xp = namespace(y)
    return bool(xp.isdtype(y.dtype, "real floating")) and float(xp.finfo(y.dtype).max) < -NEVER


def _typed_as(y: AnyArray, x: AnyArray) -> AnyArray:
    return namespace(y).astype(x, y.dtype) if _is_half(y) else x


def _is_none(log_p: AnyArray) -> AnyArray:
    """Whether there is no path at all; NaN is not that."""
    return log_p < NEVER / 2
