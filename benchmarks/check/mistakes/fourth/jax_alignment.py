"""JAX: points that are turned, scaled and moved until they lie on planes, in a long function."""

import jax
import jax.numpy as jnp

from mistakes.case import Mistake, broken, jax_call, same


@broken(
    Mistake(
        "planes-points-turned-on",
        "the gradient of the points is turned on with them, and not back",
        "dpoints = dturned * jnp.cos(angle) - jnp.cross(axis, dturned) * jnp.sin(angle)",
        "dpoints = dturned * jnp.cos(angle) + jnp.cross(axis, dturned) * jnp.sin(angle)",
        {"points": "jacobian-not-transposed term-factor"},
    ),
    Mistake(
        "planes-axis-of-any-length",
        "the axis is divided by its length, and its gradient may point along it",
        "dturn = (daxis - axis * (axis @ daxis)) / angle + dangle * axis",
        "dturn = daxis / angle + dangle * axis",
        {"turn": "term-missing missing"},
    ),
    Mistake(
        "planes-axis-in-one-place",
        "the part along the axis has the axis twice, as what is measured and as where it points",
        "daxis = daxis + (rest * (points * (dturned @ axis)[:, None] + inner[:, None] * dturned)).sum(axis=0)",
        "daxis = daxis + (rest * inner[:, None] * dturned).sum(axis=0)",
        {"turn": "term-missing missing"},
    ),
    Mistake(
        "planes-robust-as-if-constant",
        "what tames large distances has them in its divisor too, and backward takes that for a constant",
        "doff = dy * 2 * off * tame / (off**2 + tame) ** 2",
        "doff = dy * 2 * off / (off**2 + tame)",
        same("points turn scale shift normals", "term-missing wrong-formula"),
    ),
    Mistake(
        "planes-shift-averaged",
        "all points are moved by one shift, and its gradient is their mean",
        "dshift = dmoved.sum(axis=0)",
        "dshift = dmoved.mean(axis=0)",
        {"shift": "factor"},
    ),
    Mistake(
        "planes-normals-not-tamed",
        "the normals get the bare distances of the planes and not their gradient",
        "dnormals = doff[:, None] * gaps",
        "dnormals = dy[:, None] * gaps",
        {"normals": "derivative-forgotten factor-per-row"},
    ),
)
def points_to_planes(rng):
    tame = 0.8
    targets = jnp.asarray(rng.normal(size=(7, 3)))

    @jax.custom_vjp
    def distances(points, turn, scale, shift, normals):
        # the axis and the angle
        squares = turn * turn
        square = squares.sum()
        angle = jnp.sqrt(square)
        axis = turn / angle
        c = jnp.cos(angle)
        s = jnp.sin(angle)
        rest = 1 - c
        # turned about the axis
        ax = axis[0]
        ay = axis[1]
        az = axis[2]
        px = points[:, 0]
        py = points[:, 1]
        pz = points[:, 2]
        sx = ay * pz - az * py
        sy = az * px - ax * pz
        sz = ax * py - ay * px
        sideways = jnp.stack([sx, sy, sz], axis=1)
        inner = points @ axis
        along = inner[:, None] * axis
        straight = points * c
        sideways = sideways * s
        along = along * rest
        turned = straight + sideways
        turned = turned + along
        # scaled and moved
        scaled = turned * scale
        moved = scaled + shift
        # how far from the planes
        gaps = moved - targets
        off = gaps * normals
        off = off.sum(axis=1)
        square = off * off
        tamed = square + tame
        return square / tamed

    def distances_fwd(*arrays):
        return distances(*arrays), arrays

    def distances_bwd(kept, dy):
        points, turn, scale, shift, normals = kept
        angle = jnp.sqrt((turn**2).sum())
        axis, rest = turn / angle, 1 - jnp.cos(angle)
        inner = points @ axis
        sideways = jnp.cross(axis, points)
        turned = points * jnp.cos(angle) + sideways * jnp.sin(angle) + rest * inner[:, None] * axis
        gaps = turned * scale + shift - targets
        off = (gaps * normals).sum(axis=1)
        doff = dy * 2 * off * tame / (off**2 + tame) ** 2
        dnormals = doff[:, None] * gaps
        dmoved = doff[:, None] * normals
        dshift = dmoved.sum(axis=0)
        dscale = (dmoved * turned).sum()
        dturned = dmoved * scale
        dpoints = dturned * jnp.cos(angle) - jnp.cross(axis, dturned) * jnp.sin(angle)
        dpoints = dpoints + rest * (dturned @ axis)[:, None] * axis
        daxis = jnp.sin(angle) * jnp.cross(points, dturned).sum(axis=0)
        daxis = daxis + (rest * (points * (dturned @ axis)[:, None] + inner[:, None] * dturned)).sum(axis=0)
        by_angle = -points * jnp.sin(angle) + sideways * jnp.cos(angle) + jnp.sin(angle) * inner[:, None] * axis
        dangle = (by_angle * dturned).sum()
        dturn = (daxis - axis * (axis @ daxis)) / angle + dangle * axis
        return dpoints, dturn, dscale, dshift, dnormals

    distances.defvjp(distances_fwd, distances_bwd)
    arrays = rng.normal(size=(7, 3)), rng.normal(size=3), 1.3, rng.normal(size=3), rng.normal(size=(7, 3))
    return jax_call(distances, distances, *arrays)
