"""NumPy: long functions along a sequence, a conditional random field and a recurrence in both directions."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same, vjp_call


@broken(
    Mistake(
        "crf-gold-transitions-once",
        "a transition that the true tags have twice is taken off once: indices that repeat, and -= with them",
        "np.subtract.at(dmove, (tags[:, :-1].ravel(), tags[:, 1:].ravel()), 1 / n)",
        "dmove[tags[:, :-1].ravel(), tags[:, 1:].ravel()] -= 1 / n",
        {"move": "overwritten missing one-example"},
    ),
    Mistake(
        "crf-posterior-over-next",
        "the chances of the tag before, given the next, are made to sum to 1 over the next",
        "pair = chance / chance.sum(axis=1, keepdims=True) * dnext.reshape(n, 1, k)",
        "pair = chance / chance.sum(axis=2, keepdims=True) * dnext.reshape(n, 1, k)",
        same("emit move start", "wrong-axis"),
    ),
    Mistake(
        "crf-best-path",
        "backward follows the best tag before each, as for the best path, where forward sums over all",
        "pair = chance / chance.sum(axis=1, keepdims=True) * dnext.reshape(n, 1, k)",
        "pair = (chance == chance.max(axis=1, keepdims=True)) * dnext.reshape(n, 1, k)",
        same("emit move start", "wrong-formula"),
    ),
    Mistake(
        "crf-carry-from-emissions",
        "what goes back a step is the gradient of the emissions alone, as of their own softmax",
        "dnext = pair.sum(axis=2)",
        "dnext = np.exp(alphas[t - 1] - np.logaddexp.reduce(alphas[t - 1], axis=1, keepdims=True)) / n",
        same("emit move start", ""),
    ),
)
def random_field(rng):
    n, length, k = 2, 5, 3
    tags = rng.integers(0, k, size=(n, length))
    tags[:, :3] = 0, 1, 0
    tags[1, 3:] = 1, 0

    def cost(emit, move, start, end):
        # the score of the true tags
        rows = np.arange(n)
        first = tags[:, 0]
        gold = start[first]
        gold = gold + emit[0][rows, first]
        for t in range(1, length):
            last = tags[:, t - 1]
            now = tags[:, t]
            step = move[last, now]
            gold = gold + step
            seen = emit[t][rows, now]
            gold = gold + seen
        stop = tags[:, -1]
        gold = gold + end[stop]
        # and of all
        alpha = start + emit[0]
        for t in range(1, length):
            joint = alpha[:, :, None]
            joint = joint + move
            largest = joint.max(axis=1)
            shifted = joint - largest[:, None]
            e = np.exp(shifted)
            total = e.sum(axis=1)
            alpha = np.log(total)
            alpha = alpha + largest
            alpha = alpha + emit[t]
        alpha = alpha + end
        largest = alpha.max(axis=1)
        shifted = alpha - largest[:, None]
        total = np.exp(shifted).sum(axis=1)
        log_z = np.log(total) + largest
        lost = log_z - gold
        return lost.mean()

    def cost_gradient(emit, move, start, end):
        alphas = [start + emit[0]]
        for t in range(1, length):
            alphas.append(np.logaddexp.reduce(alphas[-1][:, :, None] + move, axis=1) + emit[t])
        final = np.exp(alphas[-1] + end)
        dnext = final / final.sum(axis=1, keepdims=True) / n
        demit, dmove, dend = np.zeros_like(emit), np.zeros_like(move), dnext.sum(axis=0)
        for t in range(length - 1, 0, -1):
            demit[t] = dnext
            joint = alphas[t - 1][:, :, None] + move
            chance = np.exp(joint - joint.max(axis=(1, 2), keepdims=True))
            pair = chance / chance.sum(axis=1, keepdims=True) * dnext.reshape(n, 1, k)
            dmove += pair.sum(axis=0)
            dnext = pair.sum(axis=2)
        demit[0] = dnext
        dstart = dnext.sum(axis=0)
        for t in range(length):
            demit[t, np.arange(n), tags[:, t]] -= 1 / n
        np.subtract.at(dmove, (tags[:, :-1].ravel(), tags[:, 1:].ravel()), 1 / n)
        np.subtract.at(dstart, tags[:, 0], 1 / n)
        np.subtract.at(dend, tags[:, -1], 1 / n)
        return demit, dmove, dstart, dend

    shapes = (length, n, k), (k, k), (k,), (k,)
    return gradient_call(cost, cost_gradient, *(rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "both-ways-not-flipped",
        "the second direction reads from the end, and its part of dy is not turned round",
        "dback = dboth[::-1, :, size:]",
        "dback = dboth[:, :, size:]",
        same("x wx_b wh_b b_b", "reordered"),
    ),
    Mistake(
        "both-ways-other-weights",
        "the second direction's gradient goes back through the hidden weights of the first",
        "dx_b, dwx_b, dwh_b, db_b = back(dback, x[::-1], wx_b, wh_b, b_b)",
        "dx_b, dwx_b, dwh_b, db_b = back(dback, x[::-1], wx_b, wh_b, b_b, wh_f)",
        same("x wx_b wh_b b_b", "wrong-argument"),
    ),
    Mistake(
        "both-ways-bias-of-one-step",
        "the bias of each direction is set at every step instead of added to",
        "db += dz.sum(axis=0)",
        "db = dz.sum(axis=0)",
        same("b_f b_b", "overwritten missing not-summed"),
    ),
    Mistake(
        "both-ways-second-direction-forgotten",
        "x is read in both directions, and the second gives nothing back to it",
        "dx = dx_f + dx_b[::-1]",
        "dx = dx_f",
        {"x": "term-missing missing"},
    ),
)
def both_directions(rng):
    n, length, size = 2, 4, 3

    def run(x, wx_f, wh_f, b_f, wx_b, wh_b, b_b, wo):
        h = np.zeros((n, size), dtype=x.dtype)
        forwards = []
        for t in range(length):
            z = x[t] @ wx_f
            carried = h @ wh_f
            z = z + carried
            z = z + b_f
            h = np.tanh(z)
            forwards.append(h)
        h = np.zeros((n, size), dtype=x.dtype)
        backwards = []
        for t in range(length - 1, -1, -1):
            z = x[t] @ wx_b
            carried = h @ wh_b
            z = z + carried
            z = z + b_b
            h = np.tanh(z)
            backwards.insert(0, h)
        first = np.stack(forwards)
        second = np.stack(backwards)
        both = np.concatenate([first, second], axis=2)
        logits = both @ wo
        largest = logits.max(axis=2, keepdims=True)
        shifted = logits - largest
        e = np.exp(shifted)
        total = e.sum(axis=2, keepdims=True)
        log = np.log(total)
        logp = shifted - log
        # the first word counts most
        weights = 1 / (1 + np.arange(length))
        weights = weights / weights.sum()
        weights = weights[:, None, None]
        return logp * weights

    def states(x, wx, wh, b):
        h = [np.zeros((n, size))]
        for x_t in x:
            h.append(np.tanh(x_t @ wx + h[-1] @ wh + b))
        return h

    def back(dstates, x, wx, wh, b, carry=None):
        h = states(x, wx, wh, b)
        carry = wh if carry is None else carry
        dx, dwx, dwh, db, dh = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b), 0
        for t in range(length - 1, -1, -1):
            dz = (dstates[t] + dh) * (1 - h[t + 1] ** 2)
            dx[t] = dz @ wx.T
            dwx += x[t].T @ dz
            dwh += h[t].T @ dz
            db += dz.sum(axis=0)
            dh = dz @ carry.T
        return dx, dwx, dwh, db

    def run_vjp(dy, x, wx_f, wh_f, b_f, wx_b, wh_b, b_b, wo):
        both = np.concatenate(
            [np.stack(states(x, wx_f, wh_f, b_f)[1:]), np.stack(states(x[::-1], wx_b, wh_b, b_b)[:0:-1])], axis=2
        )
        weights = 1 / (1 + np.arange(length))
        dlogp = dy * (weights / weights.sum())[:, None, None]
        e = np.exp(both @ wo)
        dlogits = dlogp - e / e.sum(axis=2, keepdims=True) * dlogp.sum(axis=2, keepdims=True)
        dwo = np.einsum("tns,tno->so", both, dlogits)
        dboth = dlogits @ wo.T
        dback = dboth[::-1, :, size:]
        dx_f, dwx_f, dwh_f, db_f = back(dboth[:, :, :size], x, wx_f, wh_f, b_f)
        dx_b, dwx_b, dwh_b, db_b = back(dback, x[::-1], wx_b, wh_b, b_b)
        dx = dx_f + dx_b[::-1]
        return dx, dwx_f, dwh_f, db_f, dwx_b, dwh_b, db_b, dwo

    one = (2, size), (size, size), (size,)
    shapes = (length, n, 2), *one, *one, (2 * size, 3)
    return vjp_call(run, run_vjp, *(rng.normal(size=shape) * 0.8 for shape in shapes))
