"""JAX: distances and filters of sequences: soft time warping, a filter with feedback, a long one by Fourier."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "soft-dtw-diagonal-lost",
        "a cell is reached from three others, and nothing goes back along the diagonal",
        "weight = weight.at[i - 1, j - 1].add(back[0])",
        "pass",
        same("x y", "term-missing missing carry-lost"),
    ),
    Mistake(
        "soft-dtw-softness-of-the-minimum",
        "how much each of the three counts is a softmax at a softness, which is left out",
        "back = here * jax.nn.softmax(-jnp.stack(three) / soft)",
        "back = here * jax.nn.softmax(-jnp.stack(three))",
        same("x y", "wrong-argument"),
    ),
    Mistake(
        "soft-dtw-neighbour-of-the-other-row",
        "the cell above gets what the cell to the left should have",
        "weight = weight.at[i - 1, j].add(back[1])",
        "weight = weight.at[i - 1, j].add(back[2])",
        same("x y", "wrong-argument"),
    ),
)
def soft_warping_distance(rng):
    n, m, soft = 3, 4, 0.7

    def distance(x, y):
        apart = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        rows = [[jnp.inf] * (m + 1) for _ in range(n + 1)]
        rows[0][0] = 0.0
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                three = jnp.stack([rows[i - 1][j - 1], rows[i - 1][j], rows[i][j - 1]])
                rows[i][j] = apart[i - 1, j - 1] - soft * jax.nn.logsumexp(-three / soft)
        return rows[n][m]

    def forward(x, y):
        apart = ((x[:, None] - y[None]) ** 2).sum(axis=2)
        costs = {(i, j): jnp.array(jnp.inf) for i in range(n + 1) for j in range(m + 1)}
        costs[0, 0] = jnp.array(0.0)
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                three = jnp.stack([costs[i - 1, j - 1], costs[i - 1, j], costs[i, j - 1]])
                costs[i, j] = apart[i - 1, j - 1] - soft * jax.nn.logsumexp(-three / soft)
        return costs[n, m], (x, y, costs)

    def backward(kept, dy):
        x, y, costs = kept
        weight = jnp.zeros((n + 1, m + 1)).at[n, m].set(dy)
        for i in range(n, 0, -1):
            for j in range(m, 0, -1):
                here, three = weight[i, j], (costs[i - 1, j - 1], costs[i - 1, j], costs[i, j - 1])
                back = here * jax.nn.softmax(-jnp.stack(three) / soft)
                weight = weight.at[i - 1, j - 1].add(back[0])
                weight = weight.at[i - 1, j].add(back[1])
                weight = weight.at[i, j - 1].add(back[2])
        dgap = 2 * weight[1:, 1:, None] * (x[:, None] - y[None])
        return dgap.sum(axis=1), -dgap.sum(axis=0)

    soft_dtw = jax.custom_vjp(distance)
    soft_dtw.defvjp(forward, backward)
    return jax_call(soft_dtw, distance, rng.normal(size=(n, 2)), rng.normal(size=(m, 2)))


@broken(
    Mistake(
        "biquad-second-delay-lost",
        "the filter keeps two numbers, and the older one was the newer a step before: that way is not carried back",
        "dlate, dlater = b[1] * dy[t] - a[0] * dw + dlater, b[2] * dy[t] - a[1] * dw",
        "dlate, dlater = b[1] * dy[t] - a[0] * dw, b[2] * dy[t] - a[1] * dw",
        same("x a", "carry-lost term-missing missing"),
    ),
    Mistake(
        "biquad-feedback-added",
        "the feedback is taken off, and its coefficients get a gradient as if it were added",
        "da = da - dw * jnp.stack(kept_numbers[t])",
        "da = da + dw * jnp.stack(kept_numbers[t])",
        {"a": "sign"},
    ),
    Mistake(
        "biquad-numbers-after-the-step",
        "the feedback meets the two numbers as they were before the step, and its gradient has those after",
        "da = da - dw * jnp.stack(kept_numbers[t])",
        "da = da - dw * jnp.stack(kept_numbers[t + 1])",
        {"a": "wrong-argument"},
    ),
)
def feedback_filter(rng):
    steps = 6

    def run(x, b, a):
        late = later = jnp.zeros(())
        rows = []
        for t in range(steps):
            w = x[t] - a[0] * late - a[1] * later
            rows.append(b[0] * w + b[1] * late + b[2] * later)
            late, later = w, late
        return jnp.stack(rows)

    def forward(x, b, a):
        return run(x, b, a), (x, b, a)

    def backward(kept, dy):
        x, b, a = kept
        kept_numbers = [(jnp.zeros(()), jnp.zeros(()))]
        for t in range(steps):
            late, later = kept_numbers[t]
            kept_numbers.append((x[t] - a[0] * late - a[1] * later, late))
        dx, db, da = jnp.zeros_like(x), jnp.zeros_like(b), jnp.zeros_like(a)
        dlate = dlater = jnp.zeros(())
        for t in reversed(range(steps)):
            dw = b[0] * dy[t] + dlate
            dx = dx.at[t].set(dw)
            db = db + dy[t] * jnp.stack([kept_numbers[t + 1][0], *kept_numbers[t]])
            da = da - dw * jnp.stack(kept_numbers[t])
            dlate, dlater = b[1] * dy[t] - a[0] * dw + dlater, b[2] * dy[t] - a[1] * dw
        return dx, db, da

    filtered = jax.custom_vjp(run)
    filtered.defvjp(forward, backward)
    return jax_call(filtered, run, rng.normal(size=steps), rng.normal(size=3), np.array([-0.7, 0.4]))


@broken(
    Mistake(
        "long-filter-not-conjugated",
        "backward multiplies by the filter's Fourier coefficients as they are, which filters once more forwards",
        "dx = jnp.fft.irfft(dz_f * jnp.conj(h_f), 2 * steps)[:, :steps] + skip[:, None] * dz",
        "dx = jnp.fft.irfft(dz_f * h_f, 2 * steps)[:, :steps] + skip[:, None] * dz",
        {"x": "jacobian-not-transposed"},
    ),
    Mistake(
        "long-filter-round-the-end",
        "forward pads the sequence so that nothing comes round, and backward leaves the padding out",
        "dh = jnp.fft.irfft(dz_f * jnp.conj(x_f), 2 * steps)[:, :steps]",
        "dh = jnp.fft.irfft(jnp.fft.rfft(dz) * jnp.conj(jnp.fft.rfft(x)), steps)",
        {"h": "border"},
    ),
    Mistake(
        "long-filter-skip-before-the-gate",
        "x goes around the filter and then through the gate, and the way's factor gets dy from after the gate",
        "dskip = (dz * x).sum(axis=1)",
        "dskip = (dy * x).sum(axis=1)",
        {"skip": "wrong-argument derivative-forgotten"},
    ),
)
def long_filter(rng):
    steps = 5

    def run(x, h, gate, skip):
        mixed = jnp.fft.irfft(jnp.fft.rfft(x, 2 * steps) * jnp.fft.rfft(h, 2 * steps), 2 * steps)[:, :steps]
        return jax.nn.sigmoid(gate) * (mixed + skip[:, None] * x)

    def forward(x, h, gate, skip):
        return run(x, h, gate, skip), (x, h, gate, skip)

    def backward(kept, dy):
        x, h, gate, skip = kept
        opened = jax.nn.sigmoid(gate)
        dz = dy * opened
        x_f, h_f, dz_f = (jnp.fft.rfft(each, 2 * steps) for each in (x, h, dz))
        dx = jnp.fft.irfft(dz_f * jnp.conj(h_f), 2 * steps)[:, :steps] + skip[:, None] * dz
        dh = jnp.fft.irfft(dz_f * jnp.conj(x_f), 2 * steps)[:, :steps]
        dskip = (dz * x).sum(axis=1)
        return dx, dh, dy * run(x, h, gate, skip) * (1 - opened), dskip

    filtered = jax.custom_vjp(run)
    filtered.defvjp(forward, backward)
    return jax_call(filtered, run, *rng.normal(size=(3, 2, steps)), rng.normal(size=2))
