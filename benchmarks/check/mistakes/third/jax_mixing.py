"""JAX: long functions, the time mixing of RWKV and a memory that is written by the delta rule."""

import jax
import jax.numpy as jnp
import numpy as np

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "wkv-sum-after-the-step",
        "the decay multiplies the sums from before the step, and gets its gradient from those after it",
        "dfade = dfade + dtop * tops[t] + dbottom * bottoms[t]",
        "dfade = dfade + dtop * tops[t + 1] + dbottom * bottoms[t + 1]",
        {"decay": "wrong-argument"},
    ),
    Mistake(
        "wkv-key-of-the-present",
        "a key counts at its own step with a bonus, and only what it adds to later steps comes back",
        "dk = dk.at[t].add(now * (dp * v[t] + dq))",
        "pass",
        {"k": "term-missing missing off-diagonal-jacobian"},
    ),
    Mistake(
        "wkv-divisor-of-one-step",
        "the sum above the line is carried back through all steps, and the one below it through none",
        "dbottom = dbottom * fade + dq",
        "dbottom = dq",
        same("k decay", "carry-lost term-missing missing"),
    ),
    Mistake(
        "wkv-rate-of-decay",
        "the decay is the exponential of an exponential, and the inner one is left out",
        "ddecay = -dfade * fade * jnp.exp(decay)",
        "ddecay = -dfade * fade",
        {"decay": "derivative-forgotten factor-per-column factor-per-row"},
    ),
)
def time_mixing(rng):
    steps = 4

    def mix(k, v, gate, decay, bonus):
        top = jnp.zeros_like(decay)
        bottom = jnp.zeros_like(decay)
        # both sums are kept divided by the exponential of this
        largest = jnp.full_like(decay, -1e9)
        rate = jnp.exp(decay)
        rows = []
        for t in range(steps):
            key = k[t]
            value = v[t]
            # the present, with its bonus
            lifted = key + bonus
            high = jnp.maximum(largest, lifted)
            old = largest - high
            old = jnp.exp(old)
            new = lifted - high
            new = jnp.exp(new)
            above = old * top
            above = above + new * value
            below = old * bottom
            below = below + new
            mixed = above / below
            opened = jax.nn.sigmoid(gate[t])
            rows.append(opened * mixed)
            # and the sums, which fade
            faded = largest - rate
            high = jnp.maximum(faded, key)
            old = faded - high
            old = jnp.exp(old)
            new = key - high
            new = jnp.exp(new)
            top = old * top
            top = top + new * value
            bottom = old * bottom
            bottom = bottom + new
            largest = high
        return jnp.stack(rows)

    def forward(k, v, gate, decay, bonus):
        return mix(k, v, gate, decay, bonus), (k, v, gate, decay, bonus)

    def backward(kept, dy):
        k, v, gate, decay, bonus = kept
        fade, opened = jnp.exp(-jnp.exp(decay)), jax.nn.sigmoid(gate)
        tops, bottoms = [jnp.zeros_like(decay)], [jnp.zeros_like(decay)]
        for t in range(steps):
            tops.append(fade * tops[t] + jnp.exp(k[t]) * v[t])
            bottoms.append(fade * bottoms[t] + jnp.exp(k[t]))
        dk, dv, dgate = jnp.zeros_like(k), jnp.zeros_like(v), jnp.zeros_like(gate)
        dbonus = dfade = dtop = dbottom = jnp.zeros_like(decay)
        for t in reversed(range(steps)):
            now, later = jnp.exp(k[t] + bonus), jnp.exp(k[t])
            q = bottoms[t] + now
            y = (tops[t] + now * v[t]) / q
            dgate = dgate.at[t].set(dy[t] * y * opened[t] * (1 - opened[t]))
            dp = dy[t] * opened[t] / q
            dq = -dp * y
            dv = dv.at[t].set(dp * now + dtop * later)
            dk = dk.at[t].set(later * (dtop * v[t] + dbottom))
            dk = dk.at[t].add(now * (dp * v[t] + dq))
            dbonus = dbonus + now * (dp * v[t] + dq)
            dfade = dfade + dtop * tops[t] + dbottom * bottoms[t]
            dtop = dtop * fade + dp
            dbottom = dbottom * fade + dq
        ddecay = -dfade * fade * jnp.exp(decay)
        return dk, dv, dgate, ddecay, dbonus

    mixing = jax.custom_vjp(mix)
    mixing.defvjp(forward, backward)
    k, v, gate = rng.normal(size=(3, steps, 3))
    return jax_call(mixing, mix, k, v, gate, np.array([-1.0, 0.2, -0.4]), rng.normal(size=3))


@broken(
    Mistake(
        "delta-rule-memory-after-writing",
        "what the memory says of a key is read before it is written, and the key's gradient has it as it is after",
        "dunit = dunit - memories[t].T @ derror",
        "dunit = dunit - memories[t + 1].T @ derror",
        {"k": "wrong-argument"},
    ),
    Mistake(
        "delta-rule-nothing-through-the-reading",
        "a step hands on the memory as it is and what was read from it, and the second does not come back",
        "dmemory = keep * dmemory - jnp.outer(derror, unit)",
        "dmemory = keep * dmemory",
        same("k v strength start", "carry-lost term-missing missing"),
    ),
    Mistake(
        "delta-rule-length-of-keys",
        "keys are divided by their length, which is taken for a constant",
        "dk = dk.at[t].set((dunit - unit * (unit @ dunit)) / long)",
        "dk = dk.at[t].set(dunit / long)",
        {"k": "term-missing missing statistics-constant"},
    ),
    Mistake(
        "delta-rule-query-of-the-old-memory",
        "a query reads the memory after it is written, and gets its gradient from what it was before",
        "dq = dq.at[t].set(memories[t + 1].T @ dread)",
        "dq = dq.at[t].set(memories[t].T @ dread)",
        {"q": "wrong-argument"},
    ),
    Mistake(
        "delta-rule-memory-untransposed",
        "the memory is square, and a query's gradient goes through it in the direction of forward",
        "dq = dq.at[t].set(memories[t + 1].T @ dread)",
        "dq = dq.at[t].set(memories[t + 1] @ dread)",
        {"q": "jacobian-not-transposed"},
    ),
)
def delta_rule(rng):
    steps, width, keep = 4, 3, 0.9

    def remember(q, k, v, strength, start):
        memory = start
        rows = []
        for t in range(steps):
            # a key of length one
            key = k[t]
            square = key * key
            square = square.sum()
            long = jnp.sqrt(square)
            unit = key / long
            # what is remembered of it, and what it should be
            said = memory @ unit
            error = v[t] - said
            how = jax.nn.sigmoid(strength[t])
            step = how * error
            written = jnp.outer(step, unit)
            memory = keep * memory
            memory = memory + written
            # and what is asked for
            asked = q[t]
            answer = memory @ asked
            rows.append(answer)
        y = jnp.stack(rows)
        # each answer with a mean square of one
        squares = y * y
        mean = squares.mean(axis=1, keepdims=True)
        mean = mean + 1e-3
        size = jnp.sqrt(mean)
        hat = y / size
        # and none of them far from 0
        soft = hat / 3
        soft = jnp.tanh(soft)
        soft = 3 * soft
        last = soft[-1]
        others = soft[:-1]
        others = others + 0.5 * last
        last = last[None]
        return jnp.concatenate([others, last])

    def forward(q, k, v, strength, start):
        return remember(q, k, v, strength, start), (q, k, v, strength, start)

    def backward(kept, dy):
        q, k, v, strength, start = kept
        how, memories = jax.nn.sigmoid(strength), [start]
        for t in range(steps):
            unit = k[t] / jnp.linalg.norm(k[t])
            memories.append(keep * memories[t] + how[t] * jnp.outer(v[t] - memories[t] @ unit, unit))
        y = jnp.stack([memories[t + 1] @ q[t] for t in range(steps)])
        size = jnp.sqrt((y**2).mean(axis=1, keepdims=True) + 1e-3)
        hat = y / size
        dsoft = dy.at[-1].add(0.5 * dy[:-1].sum(axis=0))
        dhat = dsoft * (1 - jnp.tanh(hat / 3) ** 2)
        dreads = (dhat - hat * (dhat * hat).mean(axis=1, keepdims=True)) / size
        dq, dk, dv, dstrength = (jnp.zeros_like(each) for each in (q, k, v, strength))
        dmemory = jnp.zeros_like(start)
        for t in reversed(range(steps)):
            long = jnp.linalg.norm(k[t])
            unit, dread = k[t] / long, dreads[t]
            dq = dq.at[t].set(memories[t + 1].T @ dread)
            dmemory = dmemory + jnp.outer(dread, q[t])
            error = v[t] - memories[t] @ unit
            dstrength = dstrength.at[t].set(error @ dmemory @ unit * how[t] * (1 - how[t]))
            derror = how[t] * (dmemory @ unit)
            dv = dv.at[t].set(derror)
            dunit = how[t] * (error @ dmemory)
            dunit = dunit - memories[t].T @ derror
            dk = dk.at[t].set((dunit - unit * (unit @ dunit)) / long)
            dmemory = keep * dmemory - jnp.outer(derror, unit)
        return dq, dk, dv, dstrength, dmemory

    rule = jax.custom_vjp(remember)
    rule.defvjp(forward, backward)
    q, k, v = rng.normal(size=(3, steps, width))
    return jax_call(rule, remember, q, k, v, rng.normal(size=steps), 0.5 * rng.normal(size=(width, width)))
