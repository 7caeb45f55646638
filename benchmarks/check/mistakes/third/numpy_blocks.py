"""NumPy: long functions, attention by blocks in a sliding window and a recurrent unit with a single gate."""

import numpy as np

from mistakes.case import Mistake, broken, same, vjp_call


@broken(
    Mistake(
        "flash-keys-of-the-last-head",
        "two heads share their keys, and the second writes over what the first had for them",
        "dk[g] += scale * ds.T @ q[h]",
        "dk[g] = scale * ds.T @ q[h]",
        {"k": "overwritten one-example part-of-dy term-missing missing"},
    ),
    Mistake(
        "flash-window-open-to-the-past",
        "backward computes the weights anew without the window, from all that came before",
        "seen = (age >= 0) & (age < window)",
        "seen = age >= 0",
        same("q k v sink", "wrong-mask wrong-argument wrong-axis"),
    ),
    Mistake(
        "flash-heads-grouped-by-remainder",
        "heads that stand beside each other share keys, and backward pairs each with the next but one",
        "g = h // per_group",
        "g = h % groups",
        same("q k v sink", "wrong-argument wrong-axis input-for-output"),
    ),
    Mistake(
        "flash-query-unscaled",
        "the scores are divided by the root of the width, and the queries get a gradient without it",
        "dq[h] = scale * ds @ k[g]",
        "dq[h] = ds @ k[g]",
        {"q": "factor"},
    ),
    Mistake(
        "flash-delta-before-mixing",
        "what the softmax takes off is the sum over the values' width of dy alone, without the outputs",
        "delta = (dy[h] * (p @ v[g])).sum(axis=1)",
        "delta = dy[h].sum(axis=1)",
        same("q k sink", ""),
    ),
)
def flash_attention(rng):
    n, heads, groups, width, block, window = 6, 4, 2, 3, 2, 3
    per_group, scale = heads // groups, width**-0.5

    def attend(q, k, v, sink):
        outputs = []
        for h in range(heads):
            shared = h // per_group
            done = []
            for start in range(0, n, block):
                rows = np.arange(start, start + block)
                asked = q[h, rows]
                asked = asked * scale
                # the sink takes part in the softmax and has no value
                largest = np.full(block, sink[h])
                total = np.ones(block)
                mixed = np.zeros((block, width))
                for other in range(0, n, block):
                    if other > start:
                        break
                    columns = np.arange(other, other + block)
                    keys = k[shared, columns]
                    values = v[shared, columns]
                    score = asked @ keys.T
                    age = rows[:, None] - columns[None, :]
                    near = (age >= 0) & (age < window)
                    score = np.where(near, score, -np.inf)
                    new = score.max(axis=1)
                    new = np.maximum(largest, new)
                    shrink = np.exp(largest - new)
                    e = np.exp(score - new[:, None])
                    total = total * shrink
                    total = total + e.sum(axis=1)
                    mixed = mixed * shrink[:, None]
                    mixed = mixed + e @ values
                    largest = new
                done.append(mixed / total[:, None])
            outputs.append(np.concatenate(done))
        return np.stack(outputs)

    def attend_vjp(dy, q, k, v, sink):
        dq, dk, dv, dsink = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v), np.zeros_like(sink)
        age = np.arange(n)[:, None] - np.arange(n)
        seen = (age >= 0) & (age < window)
        for h in range(heads):
            g = h // per_group
            e = np.where(seen, np.exp(scale * q[h] @ k[g].T), 0)
            total = e.sum(axis=1) + np.exp(sink[h])
            p = e / total[:, None]
            delta = (dy[h] * (p @ v[g])).sum(axis=1)
            dv[g] += p.T @ dy[h]
            ds = p * (dy[h] @ v[g].T - delta[:, None])
            dq[h] = scale * ds @ k[g]
            dk[g] += scale * ds.T @ q[h]
            dsink[h] = -(np.exp(sink[h]) / total * delta).sum()
        return dq, dk, dv, dsink

    shapes = (heads, n, width), (groups, n, width), (groups, n, width), (heads,)
    return vjp_call(attend, attend_vjp, *(rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "single-gate-carry-of-held",
        "the state reaches the candidate through the gate, and nothing comes back on that way",
        "dh = dh * (1 - f) + dheld * f + dz @ u.T",
        "dh = dh * (1 - f) + dz @ u.T",
        same("x w u v gain start", "carry-lost term-missing missing"),
    ),
    Mistake(
        "single-gate-new-state",
        "the slope of the gate has the state after the step in place of that before",
        "df = dh * (c - before) + dheld * before",
        "df = dh * (c - before) + dheld * hs[t + 1]",
        same("x w u v gain start", "wrong-argument"),
    ),
    Mistake(
        "single-gate-norm-over-batch",
        "the gate's numbers are normalised over the units, and taken back over the batch",
        "dz = (dn - dn.mean(axis=1, keepdims=True) - hat * (dn * hat).mean(axis=1, keepdims=True)) / spread",
        "dz = (dn - dn.mean(axis=0, keepdims=True) - hat * (dn * hat).mean(axis=0, keepdims=True)) / spread",
        same("x w u v gain start", "wrong-axis"),
    ),
    Mistake(
        "single-gate-gain-of-one-step",
        "the gain works at each step, and keeps what the last one in the loop gave it",
        "dgain += (da * hat).sum(axis=0)",
        "dgain = (da * hat).sum(axis=0)",
        {"gain": "overwritten term-missing missing"},
    ),
)
def single_gate_unit(rng):
    batch, steps, size = 3, 4, 4

    def run(x, w, u, v, gain, start):
        h = start
        rows = []
        for t in range(steps):
            x_t = x[:, t]
            both = x_t @ w
            z = both[:, :size]
            candidate = both[:, size:]
            # the gate, normalised over the units
            z = z + h @ u
            mean = z.mean(axis=1, keepdims=True)
            centred = z - mean
            variance = centred * centred
            variance = variance.mean(axis=1, keepdims=True)
            spread = variance + 1e-5
            spread = np.sqrt(spread)
            hat = centred / spread
            a = hat * gain
            f = np.exp(-a)
            f = 1 + f
            f = 1 / f
            # what the gate lets through of the state
            held = f * h
            candidate = candidate + held @ v
            c = np.tanh(candidate)
            kept = (1 - f) * h
            new = f * c
            h = kept + new
            rows.append(h)
        y = np.stack(rows, axis=1)
        # each step beside the mean of the sequence
        middle = y.mean(axis=1, keepdims=True)
        apart = y - middle
        apart = 2 * apart
        return apart + y

    def run_vjp(dy, x, w, u, v, gain, start):
        hs, saved = [start], []
        for t in range(steps):
            both = x[:, t] @ w
            z = both[:, :size] + hs[-1] @ u
            centred = z - z.mean(axis=1, keepdims=True)
            spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
            hat = centred / spread
            f = 1 / (1 + np.exp(-hat * gain))
            c = np.tanh(both[:, size:] + (f * hs[-1]) @ v)
            saved.append((hat, spread, f, c))
            hs.append((1 - f) * hs[-1] + f * c)
        dy = 3 * dy - 2 * dy.mean(axis=1, keepdims=True)
        dx, dw, du, dv, dgain = (np.zeros_like(each) for each in (x, w, u, v, gain))
        dh = np.zeros_like(start)
        for t in reversed(range(steps)):
            (hat, spread, f, c), before = saved[t], hs[t]
            dh = dh + dy[:, t]
            dc = dh * f * (1 - c**2)
            dheld = dc @ v.T
            dv += (f * before).T @ dc
            df = dh * (c - before) + dheld * before
            da = df * f * (1 - f)
            dgain += (da * hat).sum(axis=0)
            dn = da * gain
            dz = (dn - dn.mean(axis=1, keepdims=True) - hat * (dn * hat).mean(axis=1, keepdims=True)) / spread
            du += before.T @ dz
            dboth = np.concatenate([dz, dc], axis=1)
            dw += x[:, t].T @ dboth
            dx[:, t] = dboth @ w.T
            dh = dh * (1 - f) + dheld * f + dz @ u.T
        return dx, dw, du, dv, dgain, dh

    shapes = (batch, steps, 3), (3, 2 * size), (size, size), (size, size), (size,), (batch, size)
    return vjp_call(run, run_vjp, *(rng.normal(size=shape) for shape in shapes))
