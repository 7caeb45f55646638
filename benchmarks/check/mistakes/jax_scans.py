"""JAX: long functions, a selective scan and a flow with the logarithm of its determinant."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "scan-decay-of-the-new-state",
        "the decay multiplies the state before the step, and its gradient has the one after it",
        "ddecay = dh * h_prev",
        "ddecay = dh * h",
        same("u rate a wr br", "wrong-argument"),
    ),
    Mistake(
        "scan-no-carry",
        "each step's state is seen by its own output alone: what goes on to the next is lost",
        "dh_next = dh * decay",
        "dh_next = jnp.zeros_like(dh)",
        same("u rate a b wr br", "carry-lost term-missing"),
    ),
    Mistake(
        "scan-step-size-of-the-input",
        "the step size scales the decay and the input; backward knows the first alone",
        "ddelta = (ddecay * decay * a).sum(axis=1) + (dh * written).sum(axis=1)",
        "ddelta = (ddecay * decay * a).sum(axis=1)",
        same("u rate wr br", "term-missing"),
    ),
    Mistake(
        "scan-skip-of-u",
        "u also goes around the state, times d; its gradient does not",
        "du = du + dgated[t] * skip",
        "pass",
        {"u": "term-missing"},
    ),
)
def selective_scan(rng):
    @jax.custom_vjp
    def scan(u, rate, a, b, c, skip, wr, br):
        # how far each step goes depends on what comes in
        raw = u * wr
        raw = raw + rate
        raw = raw + br
        big = jnp.maximum(raw, 0)
        tail = jnp.log1p(jnp.exp(-jnp.abs(raw)))
        delta = big + tail
        n_states = a.shape[1]
        h = jnp.zeros((u.shape[1], n_states))
        outputs = []
        for t in range(len(u)):
            step = delta[t]
            step = step[:, None]
            exponent = step * a
            decay = jnp.exp(exponent)
            read = u[t]
            read = read[:, None]
            written = b[t] * read
            written = step * written
            kept = decay * h
            h = kept + written
            y = h * c[t]
            y = y.sum(axis=1)
            outputs.append(y)
        y = jnp.stack(outputs)
        around = u * skip
        y = y + around
        # a gate of its own input
        s = jax.nn.sigmoid(u)
        gate = u * s
        gated = y * gate
        norm = gated**2
        norm = norm.mean(axis=1, keepdims=True)
        return gated / jnp.sqrt(norm + 1e-3)

    def states(u, rate, a, b, wr, br):
        delta = jax.nn.softplus(u * wr + rate + br)
        h, kept = jnp.zeros(a.shape), []
        for t in range(len(u)):
            decay = jnp.exp(delta[t][:, None] * a)
            written = b[t] * u[t][:, None]
            h_prev, h = h, decay * h + delta[t][:, None] * written
            kept.append((h_prev, h, decay, written))
        return delta, kept

    def forward(*args):
        return scan(*args), args

    def backward(args, dout):
        u, rate, a, b, c, skip, wr, br = args
        delta, kept = states(u, rate, a, b, wr, br)
        y = jnp.stack([(h * c[t]).sum(axis=1) for t, (_, h, _, _) in enumerate(kept)]) + u * skip
        s = jax.nn.sigmoid(u)
        gate = u * s
        gated = y * gate
        root = jnp.sqrt((gated**2).mean(axis=1, keepdims=True) + 1e-3)
        out = gated / root
        dgated_all = (dout - out * (dout * out).mean(axis=1, keepdims=True)) / root
        du_gate = dgated_all * y * (s + u * s * (1 - s))
        dgated = dgated_all * gate
        dskip = (dgated * u).sum(axis=0)
        da, dh_next = jnp.zeros_like(a), jnp.zeros_like(a)
        du_all, db, dc, draw = [], [], [], []
        for t in reversed(range(len(u))):
            h_prev, h, decay, written = kept[t]
            dc.append((dgated[t][:, None] * h).sum(axis=0))
            dh = dh_next + dgated[t][:, None] * c[t]
            ddecay = dh * h_prev
            ddelta = (ddecay * decay * a).sum(axis=1) + (dh * written).sum(axis=1)
            da = da + ddecay * decay * delta[t][:, None]
            dwritten = dh * delta[t][:, None]
            db.append((dwritten * u[t][:, None]).sum(axis=0))
            du = (dwritten * b[t]).sum(axis=1)
            du = du + dgated[t] * skip
            raw = u[t] * wr + rate[t] + br
            draw.append(ddelta * jax.nn.sigmoid(raw))
            du_all.append(du + draw[-1] * wr)
            dh_next = dh * decay
        du, db, dc, draw = (jnp.stack(each[::-1]) for each in (du_all, db, dc, draw))
        return du + du_gate, draw, da, db, dc, dskip, (draw * u).sum(axis=0), draw.sum(axis=0)

    scan.defvjp(forward, backward)
    u, rate, a = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), -rng.uniform(0.2, 1, size=(3, 2))
    b, c, (skip, wr, br) = rng.normal(size=(5, 2)), rng.normal(size=(5, 2)), rng.normal(size=(3, 3))
    return jax_call(scan, scan, u, rate, a, b, c, skip, wr, br)


@broken(
    Mistake(
        "flow-determinant-forgotten",
        "the scales also stand in the log determinant, and get no gradient from there",
        "dlog_scale = dright * right * jnp.exp(log_scale) + dlogdet",
        "dlog_scale = dright * right * jnp.exp(log_scale)",
        same("x w1 b1 w2 b2", "term-missing"),
    ),
    Mistake(
        "flow-determinant-sign",
        "the base density's gradient has the sign of its exponent, where the cost is its negative",
        "dz = dmean * z",
        "dz = -dmean * z",
        same("x w1 b1 w2 b2", "term-factor"),
    ),
    Mistake(
        "flow-bounded-scale",
        "the scale is bounded by a tanh, and backward passes its dy on as it came",
        "draw = dlog_scale * bound * (1 - jnp.tanh(raw) ** 2)",
        "draw = dlog_scale * bound",
        same("x w1 b1 w2 b2", "derivative-forgotten"),
    ),
    Mistake(
        "flow-conditioning-half",
        "the half that steers the other is passed on; that it steered is not told it",
        "dleft = dleft + da @ w1[layer].T",
        "pass",
        same("x w1 b1 w2 b2", "term-missing"),
    ),
    Mistake(
        "flow-halves-not-exchanged",
        "the halves are exchanged after each layer, and in backward they stay where they are",
        "dleft, dright = dboth[:, half:], dboth[:, :half]",
        "dleft, dright = dboth[:, :half], dboth[:, half:]",
        same("x w1 b1 w2 b2", "swapped reordered"),
    ),
)
def coupling_flow(rng):
    n_layers, half, hidden, bound = 2, 2, 5, 0.8

    @jax.custom_vjp
    def cost(x, w1, b1, w2, b2):
        both = x
        logdet = 0.0
        for layer in range(n_layers):
            left = both[:, :half]
            right = both[:, half:]
            # the left half says what becomes of the right one
            a = left @ w1[layer]
            a = a + b1[layer]
            h = jnp.tanh(a)
            out = h @ w2[layer]
            out = out + b2[layer]
            raw = out[:, :half]
            shift = out[:, half:]
            log_scale = jnp.tanh(raw)
            log_scale = bound * log_scale
            scale = jnp.exp(log_scale)
            moved = right * scale
            moved = moved + shift
            change = log_scale.sum(axis=1)
            logdet = logdet + change
            # the halves change places
            both = jnp.concatenate([moved, left], axis=1)
        z = both
        squared = z**2
        energy = squared.sum(axis=1)
        energy = 0.5 * energy
        size = 2 * half
        constant = jnp.log(2 * jnp.pi)
        constant = 0.5 * size * constant
        base = -energy - constant
        likelihood = base + logdet
        bits = likelihood / jnp.log(2.0)
        bits = bits / size
        return -bits.mean()

    def kept_of(x, w1, b1, w2, b2):
        both, kept = x, []
        for layer in range(n_layers):
            left, right = both[:, :half], both[:, half:]
            h = jnp.tanh(left @ w1[layer] + b1[layer])
            raw, shift = jnp.split(h @ w2[layer] + b2[layer], 2, axis=1)
            log_scale = bound * jnp.tanh(raw)
            kept.append((left, right, h, raw, log_scale))
            both = jnp.concatenate([right * jnp.exp(log_scale) + shift, left], axis=1)
        return both, kept

    def forward(*args):
        return cost(*args), args

    def backward(args, dy):
        x, w1, _, w2, _ = args
        z, kept = kept_of(*args)
        dmean = dy / (len(x) * 2 * half * jnp.log(2.0))
        dz = dmean * z
        dlogdet = -dmean
        dboth, grads = dz, []
        for layer in reversed(range(n_layers)):
            left, right, h, raw, log_scale = kept[layer]
            dleft, dright = dboth[:, half:], dboth[:, :half]
            dlog_scale = dright * right * jnp.exp(log_scale) + dlogdet
            draw = dlog_scale * bound * (1 - jnp.tanh(raw) ** 2)
            dout = jnp.concatenate([draw, dright], axis=1)
            da = dout @ w2[layer].T * (1 - h**2)
            grads.append((left.T @ da, da.sum(axis=0), h.T @ dout, dout.sum(axis=0)))
            dleft = dleft + da @ w1[layer].T
            dboth = jnp.concatenate([dleft, dright * jnp.exp(log_scale)], axis=1)
        return (dboth, *(jnp.stack(each) for each in zip(*grads[::-1], strict=True)))

    cost.defvjp(forward, backward)
    w1, b1 = rng.normal(size=(n_layers, half, hidden)), rng.normal(size=(n_layers, hidden))
    w2, b2 = rng.normal(size=(n_layers, hidden, 2 * half)), rng.normal(size=(n_layers, 2 * half))
    return jax_call(cost, cost, rng.normal(size=(7, 4)), w1, b1, w2, b2)
