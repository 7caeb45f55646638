"""NumPy: sums over alignments, that of CTC in a long function and Sinkhorn's transport, and two layers of tables."""

import numpy as np

from mistakes.case import Mistake, broken, gradient_call, same, vjp_call


@broken(
    Mistake(
        "ctc-skips-lost",
        "a path may skip the blank between two labels, and nothing comes back over the skip",
        "dbefore[s - 2] += dsum[s]",
        "pass",
        same("x w b", "term-missing missing carry-lost"),
    ),
    Mistake(
        "ctc-blank-of-one-place",
        "the blank stands in many places of a path, and the last of them writes over the others",
        "dp[t, path[s]] += dalpha[s] * sums[t][s]",
        "dp[t, path[s]] = dalpha[s] * sums[t][s]",
        same("x w b", "overwritten missing term-missing"),
    ),
    Mistake(
        "ctc-skips-between-twins",
        "between two equal labels the blank must stay, and backward lets it be skipped",
        "if s >= 2 and skips[s]:",
        "if s >= 2:",
        same("x w b", "wrong-mask mask-forgotten"),
    ),
    Mistake(
        "ctc-ends-in-a-blank",
        "a path may end in the last label or in the blank after it, and only the blank gets its part",
        "dalpha[-2] = -1 / (alphas[-1][-1] + alphas[-1][-2])",
        "dalpha[-2] = 0",
        same("x w b", "term-missing missing"),
    ),
)
def ctc_cost(rng):
    labels, steps = (1, 2, 2), 6
    path = [0, 1, 0, 2, 0, 2, 0]
    skips = [path[s] != 0 and path[s] != path[s - 2] for s in range(len(path))]

    def cost(x, w, b):
        # what each step says of each label
        z = x @ w
        z = z + b
        largest = z.max(axis=1, keepdims=True)
        z = z - largest
        e = np.exp(z)
        total = e.sum(axis=1, keepdims=True)
        p = e / total
        # a blank between all labels and around them
        places = [0]
        for label in labels:
            places.append(label)
            places.append(0)
        n_places = len(places)
        alpha = np.zeros(n_places)
        alpha[0] = p[0, 0]
        alpha[1] = p[0, places[1]]
        for t in range(1, steps):
            new = np.zeros(n_places)
            for s in range(n_places):
                # stay, or come from the place before
                reached = alpha[s]
                if s >= 1:
                    reached = reached + alpha[s - 1]
                here = places[s]
                # or skip a blank between two labels that differ
                if s >= 2 and here != 0:
                    far = places[s - 2]
                    if far != here:
                        reached = reached + alpha[s - 2]
                new[s] = reached * p[t, here]
            alpha = new
        ends = alpha[-1]
        ends = ends + alpha[-2]
        return -np.log(ends)

    def gradient(x, w, b):
        e = np.exp(x @ w + b)
        p = e / e.sum(axis=1, keepdims=True)
        first = np.zeros(len(path))
        first[:2] = 1
        sums, alphas = [first], [first * p[0, path]]
        for t in range(1, steps):
            before = alphas[-1]
            reached = before + np.append(0, before[:-1]) + np.where(skips, np.append([0, 0], before[:-2]), 0)
            sums.append(reached)
            alphas.append(reached * p[t, path])
        dalpha, dp = np.zeros(len(path)), np.zeros_like(p)
        dalpha[-1] = -1 / (alphas[-1][-1] + alphas[-1][-2])
        dalpha[-2] = -1 / (alphas[-1][-1] + alphas[-1][-2])
        for t in reversed(range(steps)):
            dbefore, dsum = np.zeros(len(path)), dalpha * p[t, path]
            for s in range(len(path)):
                dp[t, path[s]] += dalpha[s] * sums[t][s]
                dbefore[s] += dsum[s]
                if s >= 1:
                    dbefore[s - 1] += dsum[s]
                if s >= 2 and skips[s]:
                    dbefore[s - 2] += dsum[s]
            dalpha = dbefore
        dz = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        return dz @ w.T, x.T @ dz, dz.sum(axis=0)

    return gradient_call(cost, gradient, rng.normal(size=(steps, 2)), rng.normal(size=(2, 3)), rng.normal(size=3))


@broken(
    Mistake(
        "sinkhorn-cost-in-the-plan",
        "the distances are summed with the plan, which is made of them: only the plan's part comes back",
        "ddistance = dy[:, None] * plan - dkernel * kernel / softness",
        "ddistance = -dkernel * kernel / softness",
        same("x y", "term-missing missing"),
    ),
    Mistake(
        "sinkhorn-kernel-untransposed",
        "the columns' weights are of the transposed kernel, and come back through it as it is",
        "du = kernel @ dlow",
        "du = dlow @ kernel",
        same("x y", "jacobian-not-transposed"),
    ),
    Mistake(
        "sinkhorn-weights-of-the-end",
        "each round has its own weights of the rows, and the kernel's gradient has those of the last at each",
        "dkernel += np.outer(us[k], dlow)",
        "dkernel += np.outer(us[-1], dlow)",
        same("x y", "wrong-argument"),
    ),
)
def sinkhorn(rng):
    n, rounds, softness = 4, 3, 1.5

    def transport(x, y):
        distance = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        kernel = np.exp(-distance / softness)
        u = np.ones(n)
        for _ in range(rounds):
            v = 1 / (n * (kernel.T @ u))
            u = 1 / (n * (kernel @ v))
        plan = u[:, None] * kernel * v
        return (plan * distance).sum(axis=1)

    def transport_vjp(dy, x, y):
        distance = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        kernel = np.exp(-distance / softness)
        us, vs = [np.ones(n)], []
        for _ in range(rounds):
            vs.append(1 / (n * (kernel.T @ us[-1])))
            us.append(1 / (n * (kernel @ vs[-1])))
        plan = us[-1][:, None] * kernel * vs[-1]
        dplan = dy[:, None] * distance
        dkernel = us[-1][:, None] * dplan * vs[-1]
        du, dv = (dplan * kernel * vs[-1]).sum(axis=1), (dplan * kernel * us[-1][:, None]).sum(axis=0)
        for k in reversed(range(rounds)):
            dhigh = -du * n * us[k + 1] ** 2
            dkernel += np.outer(dhigh, vs[k])
            dv = dv + kernel.T @ dhigh
            dlow = -dv * n * vs[k] ** 2
            dkernel += np.outer(us[k], dlow)
            du = kernel @ dlow
            dv = np.zeros(n)
        ddistance = dy[:, None] * plan - dkernel * kernel / softness
        dgap = 2 * ddistance[:, :, None] * (x[:, None] - y[None])
        return dgap.sum(axis=1), -dgap.sum(axis=0)

    return vjp_call(transport, transport_vjp, rng.normal(size=(n, 2)), rng.normal(size=(n, 2)))


@broken(
    Mistake(
        "bag-total-of-weights",
        "a bag is divided by the sum of its weights, which is taken for a constant",
        "dweights = ((table[index] - y[:, None]) * dy[:, None]).sum(axis=2) * real / total",
        "dweights = (table[index] * dy[:, None]).sum(axis=2) * real / total",
        {"weights": "term-missing missing"},
    ),
    Mistake(
        "bag-repeated-words",
        "a word that is in several bags, or twice in one, gets the last of its gradients",
        "np.add.at(dtable, index, share[:, :, None] * dy[:, None])",
        "dtable[index] += share[:, :, None] * dy[:, None]",
        {"table": "overwritten missing term-missing"},
    ),
)
def embedding_bag(rng):
    index = np.array([[1, 2, 2, 0], [3, 4, 0, 0], [4, 1, 5, 3]])
    real = index > 0

    def bags(table, weights):
        kept = weights * real
        return (kept[:, :, None] * table[index]).sum(axis=1) / kept.sum(axis=1, keepdims=True)

    def bags_vjp(dy, table, weights):
        y, total = bags(table, weights), (weights * real).sum(axis=1, keepdims=True)
        share = weights * real / total
        dtable = np.zeros_like(table)
        np.add.at(dtable, index, share[:, :, None] * dy[:, None])
        dweights = ((table[index] - y[:, None]) * dy[:, None]).sum(axis=2) * real / total
        return dtable, dweights

    return vjp_call(bags, bags_vjp, rng.normal(size=(6, 3)), rng.uniform(0.5, 2, size=index.shape))


@broken(
    Mistake(
        "weight-norm-length-over-inputs",
        "each unit's weights are divided by their length, and the part along them is summed over the units",
        "dv = gain * (dw - unit * (unit * dw).sum(axis=0)) / long",
        "dv = gain * (dw - unit * (unit * dw).sum(axis=1, keepdims=True)) / long",
        {"v": "wrong-axis"},
    ),
    Mistake(
        "weight-norm-gain-of-long-weights",
        "the gain multiplies weights of length one, and its gradient has them as they were before",
        "dgain = (dw * unit).sum(axis=0)",
        "dgain = (dw * v).sum(axis=0)",
        {"gain": "wrong-argument derivative-forgotten factor-per-column factor-per-row"},
    ),
)
def weight_norm(rng):
    def layer(x, v, gain, b):
        return np.maximum(x @ (gain * v / np.sqrt((v**2).sum(axis=0))) + b, 0)

    def layer_vjp(dy, x, v, gain, b):
        long = np.sqrt((v**2).sum(axis=0))
        unit = v / long
        dz = dy * (x @ (gain * unit) + b > 0)
        dw = x.T @ dz
        dgain = (dw * unit).sum(axis=0)
        dv = gain * (dw - unit * (unit * dw).sum(axis=0)) / long
        return dz @ (gain * unit).T, dv, dgain, dz.sum(axis=0)

    shapes = (5, 3), (3, 4), (4,), (4,)
    return vjp_call(layer, layer_vjp, *(rng.normal(size=shape) for shape in shapes))
