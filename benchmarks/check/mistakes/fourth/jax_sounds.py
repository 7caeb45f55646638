"""JAX: where a signal changes, summed over all ways to cut it, and tones that are added and pressed."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "pieces-sums-not-from-the-end",
        "a running sum goes back as one from the end, and here it runs from the start again",
        "dx = jnp.cumsum(dsums[:0:-1])[::-1]",
        "dx = jnp.cumsum(dsums[1:])",
        {"x": "jacobian-not-transposed"},
    ),
    Mistake(
        "pieces-start-of-a-piece",
        "the sum over a piece is a difference of running sums, and the one at its start gets nothing",
        "dsums = dsums.at[t].add(pull).at[t - size].add(-pull)",
        "dsums = dsums.at[t].add(pull)",
        {"x": "term-missing missing"},
    ),
    Mistake(
        "pieces-starts-assigned",
        "many pieces begin at one place, and each writes over the gradient of those before",
        "dlogs = dlogs.at[t - size].add(share)",
        "dlogs = dlogs.at[t - size].set(share)",
        same("x prices", "overwritten missing term-missing carry-lost"),
    ),
    Mistake(
        "pieces-without-the-longest",
        "pieces may have up to three numbers, and backward goes through those of one and two",
        "for size in range(1, min(t, longest) + 1):  # the pieces that end here",
        "for size in range(1, min(t, longest - 1) + 1):",
        same("x prices", "missing term-missing"),
    ),
)
def cut_in_pieces(rng):
    longest = 3

    def logs_of(x, prices):
        sums = jnp.concatenate([jnp.zeros(1), jnp.cumsum(x)])
        logs = [jnp.zeros(())]
        for t in range(1, len(x) + 1):
            ways = [
                logs[t - size] + (sums[t] - sums[t - size]) ** 2 / size - prices[size - 1]
                for size in range(1, min(t, longest) + 1)
            ]
            logs.append(jax.nn.logsumexp(jnp.stack(ways)))
        return jnp.stack(logs), sums

    @jax.custom_vjp
    def pieces(x, prices):
        return logs_of(x, prices)[0][-1]

    def pieces_fwd(x, prices):
        logs, sums = logs_of(x, prices)
        return logs[-1], (logs, sums, prices)

    def pieces_bwd(kept, dy):
        logs, sums, prices = kept
        dlogs, dsums, dprices = jnp.zeros_like(logs).at[-1].set(dy), jnp.zeros_like(sums), jnp.zeros_like(prices)
        for t in range(len(logs) - 1, 0, -1):
            for size in range(1, min(t, longest) + 1):  # the pieces that end here
                inside = sums[t] - sums[t - size]
                share = dlogs[t] * jnp.exp(logs[t - size] + inside**2 / size - prices[size - 1] - logs[t])
                pull = share * 2 * inside / size
                dsums = dsums.at[t].add(pull).at[t - size].add(-pull)
                dprices = dprices.at[size - 1].add(-share)
                dlogs = dlogs.at[t - size].add(share)
        dx = jnp.cumsum(dsums[:0:-1])[::-1]
        return dx, dprices

    pieces.defvjp(pieces_fwd, pieces_bwd)
    return jax_call(pieces, logs_of, rng.normal(size=6), rng.uniform(0.2, 1, size=3))


@broken(
    Mistake(
        "tones-phase-of-the-step-alone",
        "a phase is the sum of all speeds so far, and each speed is taken to move its own step only",
        "dspeeds = jnp.cumsum(dphases[::-1], axis=0)[::-1]",
        "dspeeds = dphases",
        {"speeds": "diagonal-jacobian carry-lost term-missing missing derivative-forgotten"},
    ),
    Mistake(
        "tones-too-fast-are-heard",
        "tones that are too fast for the rate are silenced, and backward hears them",
        "dloud = dsound[:, None] * jnp.sin(phases) * heard",
        "dloud = dsound[:, None] * jnp.sin(phases)",
        {"loud": "mask-forgotten wrong-mask"},
    ),
    Mistake(
        "tones-not-pressed-harder",
        "the sound is multiplied before it is pressed, and that number is left out",
        "dsound = dpressed * drive",
        "dsound = dpressed * 1.0",
        same("speeds loud", "factor"),
    ),
    Mistake(
        "tones-drive-of-the-pressed-sound",
        "the drive multiplies the sound before it is pressed, and gets its gradient from the one after",
        "ddrive = (dpressed * sound).sum()",
        "ddrive = (dpressed * y).sum()",
        {"drive": "wrong-argument input-for-output"},
    ),
)
def driven_tones(rng):
    fastest = 2.0

    @jax.custom_vjp
    def tones(speeds, loud, drive):
        phases = jnp.cumsum(speeds, axis=0)
        heard = speeds < fastest
        sound = (heard * loud * jnp.sin(phases)).sum(axis=1)
        return jnp.tanh(drive * sound)

    def tones_fwd(speeds, loud, drive):
        y = tones(speeds, loud, drive)
        return y, (y, speeds, loud, drive)

    def tones_bwd(kept, dy):
        y, speeds, loud, drive = kept
        phases, heard = jnp.cumsum(speeds, axis=0), speeds < fastest
        sound = (heard * loud * jnp.sin(phases)).sum(axis=1)
        dpressed = dy * (1 - y**2)
        ddrive = (dpressed * sound).sum()
        dsound = dpressed * drive
        dloud = dsound[:, None] * jnp.sin(phases) * heard
        dphases = dsound[:, None] * loud * jnp.cos(phases) * heard
        dspeeds = jnp.cumsum(dphases[::-1], axis=0)[::-1]
        return dspeeds, dloud, ddrive

    tones.defvjp(tones_fwd, tones_bwd)
    speeds = rng.uniform(0.3, 2.5, size=(6, 3))
    return jax_call(tones, tones, speeds, rng.uniform(0.3, 1, size=(6, 3)), 1.6)
