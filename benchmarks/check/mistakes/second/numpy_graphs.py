"""NumPy: long functions, attention over a graph and the read head of a memory."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "gat-leaky-of-attention",
        "the leaky slope is taken where the attention is positive, which it is on every edge",
        "de = ds * np.where(raw > 0, 1, 0.2)",
        "de = ds * np.where(alpha > 0, 1, 0.2)",
        same("x w a_from a_to", "wrong-argument wrong-mask derivative-forgotten"),
    ),
    Mistake(
        "gat-softmax-over-sources",
        "the softmax over the neighbours of a node is taken back over the nodes of a neighbour",
        "ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))",
        "ds = alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))",
        same("x w a_from a_to", "wrong-axis"),
    ),
    Mistake(
        "gat-both-ends-of-the-edge",
        "what an edge adds for its far end is summed as for its near end",
        "dto = de.sum(axis=1)",
        "dto = de.sum(axis=2)",
        {**same("x w", "wrong-axis"), "a_to": "wrong-axis swapped"},
    ),
    Mistake(
        "gat-skip-forgotten",
        "x also goes around the attention through a matrix of its own, and comes not back that way",
        "dx = dz @ around.T",
        "dx = np.zeros_like(x)",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "gat-attention-untransposed",
        "what a node gives its neighbours comes back as if they had given it to the node",
        "dwx = alpha.transpose(0, 2, 1) @ dmixed",
        "dwx = alpha @ dmixed",
        same("x w", "jacobian-not-transposed"),
    ),
)
def graph_attention(rng):
    n, heads, size = 5, 2, 3
    edges = np.eye(n, dtype=bool) | (rng.uniform(size=(n, n)) < 0.5)

    def attend(x, w, a_from, a_to, around):
        turned = []
        scores = []
        for h in range(heads):
            wx = x @ w[h]
            near = wx @ a_from[h]
            far = wx @ a_to[h]
            score = near[:, None] + far[None, :]
            leak = 0.2 * score
            score = np.where(score > 0, score, leak)
            turned.append(wx)
            scores.append(score)
        outputs = []
        for h in range(heads):
            score = scores[h]
            hidden = np.where(edges, score, -np.inf)
            largest = hidden.max(axis=1, keepdims=True)
            shifted = score - largest
            e = np.exp(shifted)
            e = np.where(edges, e, 0)
            total = e.sum(axis=1, keepdims=True)
            alpha = e / total
            mixed = alpha @ turned[h]
            outputs.append(mixed)
        z = np.concatenate(outputs, axis=1)
        skip = x @ around
        z = z + skip
        low = np.minimum(z, 0)
        low = np.exp(low)
        low = low - 1
        high = np.maximum(z, 0)
        y = high + low
        # how far each feature is from the mean of its node
        mean = y.mean(axis=1, keepdims=True)
        return y - mean

    def attend_vjp(dy, x, w, a_from, a_to, around):
        wx = np.einsum("nf,hfk->hnk", x, w)
        raw = np.einsum("hnk,hk->hn", wx, a_from)[:, :, None] + np.einsum("hnk,hk->hn", wx, a_to)[:, None, :]
        e = np.where(edges, np.exp(np.where(raw > 0, raw, 0.2 * raw)), 0)
        alpha = e / e.sum(axis=2, keepdims=True)
        z = np.concatenate(list(alpha @ wx), axis=1) + x @ around
        dz = (dy - dy.mean(axis=1, keepdims=True)) * np.where(z > 0, 1, np.exp(np.minimum(z, 0)))
        daround = x.T @ dz
        dmixed = dz.reshape(n, heads, size).transpose(1, 0, 2)
        dalpha = dmixed @ wx.transpose(0, 2, 1)
        dwx = alpha.transpose(0, 2, 1) @ dmixed
        ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))
        de = ds * np.where(raw > 0, 1, 0.2)
        dfrom = de.sum(axis=2)
        dto = de.sum(axis=1)
        dwx = dwx + dfrom[:, :, None] * a_from[:, None] + dto[:, :, None] * a_to[:, None]
        da_from, da_to = np.einsum("hn,hnk->hk", dfrom, wx), np.einsum("hn,hnk->hk", dto, wx)
        dx = dz @ around.T
        dx = dx + np.einsum("hnk,hfk->nf", dwx, w)
        return dx, np.einsum("nf,hnk->hfk", x, dwx), da_from, da_to, daround

    shapes = (n, 4), (heads, 4, size), (heads, size), (heads, size), (4, heads * size)
    return vjp_call(attend, attend_vjp, *(rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "read-head-shift-untransposed",
        "the weights are shifted around the ring, and their gradient is shifted the same way and not back",
        "dmixed = sum(moves[:, k, None] * np.roll(dmoved, 1 - k, axis=1) for k in range(3))",
        "dmixed = sum(moves[:, k, None] * np.roll(dmoved, k - 1, axis=1) for k in range(3))",
        same("memory key strength gate before", "jacobian-not-transposed reordered"),
    ),
    Mistake(
        "read-head-strength-without-softplus",
        "the strength goes through a softplus, and its gradient does not",
        "dstrength = dbeta / (1 + np.exp(-strength))",
        "dstrength = dbeta",
        {"strength": "derivative-forgotten"},
    ),
    Mistake(
        "read-head-norm-of-memory",
        "likeness is divided by the lengths of the memory's rows, taken for constants",
        "dmemory = dmemory - (dlike * like / long**2).sum(axis=0)[:, None] * memory",
        "pass",
        {"memory": "term-missing"},
    ),
    Mistake(
        "read-head-gate-of-weights-before",
        "the gate mixes new weights with old ones; its slope has the new ones alone",
        "dopen = (dmixed * (content - before)).sum(axis=1)",
        "dopen = (dmixed * content).sum(axis=1)",
        {"gate": "term-missing"},
    ),
)
def read_head(rng):
    def read(memory, key, strength, gate, shift, sharp, before):
        # how alike the key and each row of the memory are
        dots = key @ memory.T
        long = memory * memory
        long = long.sum(axis=1)
        long = np.sqrt(long)
        short = key * key
        short = short.sum(axis=1)
        short = np.sqrt(short)
        scale = short[:, None] * long
        like = dots / scale
        beta = np.exp(strength)
        beta = np.log1p(beta)
        score = beta[:, None] * like
        score = score - score.max(axis=1, keepdims=True)
        e = np.exp(score)
        content = e / e.sum(axis=1, keepdims=True)
        # between these weights and those of the step before
        opened = 1 / (1 + np.exp(-gate))
        new = opened[:, None] * content
        old = (1 - opened)[:, None] * before
        mixed = new + old
        # around the ring by -1, 0, 1
        m = np.exp(shift)
        moves = m / m.sum(axis=1, keepdims=True)
        moved = np.zeros_like(mixed)
        for k in range(3):
            rolled = np.roll(mixed, k - 1, axis=1)
            moved = moved + moves[:, k, None] * rolled
        # and sharper
        gamma = np.exp(sharp)
        gamma = 1 + np.log1p(gamma)
        log = np.log(moved)
        power = np.exp(gamma[:, None] * log)
        weights = power / power.sum(axis=1, keepdims=True)
        return weights @ memory

    def read_vjp(dy, memory, key, strength, gate, shift, sharp, before):
        long, short = np.sqrt((memory**2).sum(axis=1)), np.sqrt((key**2).sum(axis=1, keepdims=True))
        like = key @ memory.T / (short * long)
        beta = np.log1p(np.exp(strength))
        e = np.exp(beta[:, None] * like)
        content = e / e.sum(axis=1, keepdims=True)
        opened = 1 / (1 + np.exp(-gate))
        mixed = opened[:, None] * content + (1 - opened)[:, None] * before
        moves = np.exp(shift) / np.exp(shift).sum(axis=1, keepdims=True)
        moved = sum(moves[:, k, None] * np.roll(mixed, k - 1, axis=1) for k in range(3))
        gamma = 1 + np.log1p(np.exp(sharp))
        power = moved ** gamma[:, None]
        weights = power / power.sum(axis=1, keepdims=True)
        dweights = dy @ memory.T
        dexponent = weights * (dweights - (weights * dweights).sum(axis=1, keepdims=True))
        dsharp = (dexponent * np.log(moved)).sum(axis=1) / (1 + np.exp(-sharp))
        dmoved = dexponent * gamma[:, None] / moved
        dmoves = np.stack([(dmoved * np.roll(mixed, k - 1, axis=1)).sum(axis=1) for k in range(3)], axis=1)
        dshift = moves * (dmoves - (moves * dmoves).sum(axis=1, keepdims=True))
        dmixed = sum(moves[:, k, None] * np.roll(dmoved, 1 - k, axis=1) for k in range(3))
        dopen = (dmixed * (content - before)).sum(axis=1)
        dgate = dopen * opened * (1 - opened)
        dbefore = dmixed * (1 - opened)[:, None]
        dcontent = dmixed * opened[:, None]
        dscore = content * (dcontent - (content * dcontent).sum(axis=1, keepdims=True))
        dbeta = (dscore * like).sum(axis=1)
        dstrength = dbeta / (1 + np.exp(-strength))
        dlike = dscore * beta[:, None]
        ddots = dlike / (short * long)
        dkey = ddots @ memory - (dlike * like).sum(axis=1, keepdims=True) * key / short**2
        dmemory = weights.T @ dy + ddots.T @ key
        dmemory = dmemory - (dlike * like / long**2).sum(axis=0)[:, None] * memory
        return dmemory, dkey, dstrength, dgate, dshift, dsharp, dbefore

    before = rng.dirichlet(np.ones(6), size=3)
    memory, key, rest = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(3, 3))
    return vjp_call(read, read_vjp, memory, key, rest[0] + 1, rest[1], rng.normal(size=(3, 3)), rest[2], before)
