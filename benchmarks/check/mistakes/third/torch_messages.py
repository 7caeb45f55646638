"""torch: a long function, messages between points that may be turned, and the energy of an optical flow."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "messages-distance-in-the-edge",
        "an edge knows how far its ends are apart, and the places get nothing for that",
        "dgap = dshift * turn + 2 * gap * dfar[:, None]",
        "dgap = dshift * turn",
        {"places": "term-missing missing"},
    ),
    Mistake(
        "messages-far-end",
        "an edge is made of both its ends, and only the one that is told gets a gradient",
        "dh = dh.index_add(0, source, dpair[:, width : 2 * width])",
        "pass",
        {"h": "term-missing missing"},
    ),
    Mistake(
        "messages-gap-at-the-far-end",
        "the gap is the near place less the far one, and both get it with the same sign",
        "dplaces = dplaces.index_add(0, source, -dgap)",
        "dplaces = dplaces.index_add(0, source, dgap)",
        {"places": "term-factor"},
    ),
    Mistake(
        "messages-back-to-the-sender",
        "a node sums what it is told, and the gradient of a message is taken at the node that sent it",
        "dmessage = dheard[target] + dturn * w_turn.T",
        "dmessage = dheard[source] + dturn * w_turn.T",
        same("h places w_edge", "wrong-argument"),
    ),
    Mistake(
        "messages-residual-counted-twice",
        "a node also goes around the tanh as it is, and that way counts twice",
        "dh = dz @ w_self.T + dnew",
        "dh = dz @ w_self.T + 2 * dnew",
        {"h": "term-factor"},
    ),
)
def point_messages(rng):
    n, width = 5, 3
    source = torch.tensor([0, 1, 2, 3, 4, 0, 2, 1, 3])
    target = torch.tensor([1, 0, 1, 2, 3, 4, 0, 4, 1])
    counts = torch.bincount(target, minlength=n).clamp(min=1)[:, None]

    class Messages(torch.autograd.Function):
        @staticmethod
        def forward(ctx, h, places, w_edge, w_turn, w_self, w_heard):
            # what each edge has at its ends
            near = h[target]
            far = h[source]
            here = places[target]
            there = places[source]
            gap = here - there
            square = gap**2
            length = square.sum(dim=1, keepdim=True)
            ends = torch.cat([near, far], dim=1)
            pair = torch.cat([ends, length], dim=1)
            raw = pair @ w_edge
            message = torch.tanh(raw)
            # where it moves the place that hears it
            turn = message @ w_turn
            shift = gap * turn
            moves = torch.zeros_like(places)
            moves = moves.index_add(0, target, shift)
            moves = moves / counts
            moved = places + moves
            # and what it tells
            n_told = message.shape[1]
            heard = h.new_zeros(n, n_told)
            heard = heard.index_add(0, target, message)
            own = h @ w_self
            told = heard @ w_heard
            z = own + told
            step = torch.tanh(z)
            # each node goes on from what it was
            new = h
            new = new + step
            ctx.save_for_backward(h, w_edge, w_turn, w_self, w_heard)
            ctx.edges = gap, pair, message, turn
            ctx.nodes = heard, step
            ctx.shape = places.shape
            return new, moved

        @staticmethod
        def backward(ctx, dnew, dmoved):
            h, w_edge, w_turn, w_self, w_heard = ctx.saved_tensors
            gap, pair, message, turn = ctx.edges
            heard, step = ctx.nodes
            dz = dnew * (1 - step**2)
            dheard = dz @ w_heard.T
            dh = dz @ w_self.T + dnew
            dshift = (dmoved / counts)[target]
            dturn = (dshift * gap).sum(dim=1, keepdim=True)
            dmessage = dheard[target] + dturn * w_turn.T
            draw = dmessage * (1 - message**2)
            dpair = draw @ w_edge.T
            dfar = dpair[:, -1]
            dh = dh.index_add(0, target, dpair[:, :width])
            dh = dh.index_add(0, source, dpair[:, width : 2 * width])
            dgap = dshift * turn + 2 * gap * dfar[:, None]
            dplaces = dmoved.index_add(0, target, dgap)
            dplaces = dplaces.index_add(0, source, -dgap)
            return dh, dplaces, pair.T @ draw, message.T @ dturn, h.T @ dz, heard.T @ dz

    shapes = (n, width), (n, 2), (2 * width + 1, 4), (4, 1), (width, width), (4, width)
    return torch_call(Messages, Messages.forward, *(0.7 * rng.normal(size=shape) for shape in shapes))


@broken(
    Mistake(
        "flow-smooth-on-one-side",
        "each number of the flow stands in two differences, and only the one to its right comes back",
        "dflow[:, :, 1:] += dright",
        "pass",
        {"flow": "term-missing missing"},
    ),
    Mistake(
        "flow-slope-of-the-mean-picture",
        "the slopes of the picture are those of both pictures' mean, and come back to the first alone",
        "dsecond = dsecond + dmean / 2",
        "pass",
        {"second": "term-missing missing"},
    ),
    Mistake(
        "flow-soft-length-of-the-square",
        "the soft absolute value divides by its own output, and backward by the square inside of it",
        "derror = dy * error / torch.sqrt(error**2 + soft)",
        "derror = dy * error / (error**2 + soft)",
        same("flow first second", "wrong-argument wrong-formula"),
    ),
    Mistake(
        "flow-slopes-exchanged",
        "the flow to the right meets the slope to the right, and gets that downwards",
        "dflow[0] += derror * across",
        "dflow[0] += derror * down",
        {"flow": "wrong-argument"},
    ),
)
def optical_flow(rng):
    smooth, soft = 0.4, 0.05

    def slopes(picture):
        return (picture.roll(-1, 1) - picture.roll(1, 1)) / 2, (picture.roll(-1, 0) - picture.roll(1, 0)) / 2

    class Energy(torch.autograd.Function):
        @staticmethod
        def forward(ctx, flow, first, second):
            ctx.save_for_backward(flow, first, second)
            across, down = slopes((first + second) / 2)
            error = across * flow[0] + down * flow[1] + second - first
            right, below = flow[:, :, 1:] - flow[:, :, :-1], flow[:, 1:] - flow[:, :-1]
            return torch.sqrt(error**2 + soft).sum() + smooth * ((right**2).sum() + (below**2).sum())

        @staticmethod
        def backward(ctx, dy):
            flow, first, second = ctx.saved_tensors
            across, down = slopes((first + second) / 2)
            error = across * flow[0] + down * flow[1] + second - first
            derror = dy * error / torch.sqrt(error**2 + soft)
            dright = dy * 2 * smooth * (flow[:, :, 1:] - flow[:, :, :-1])
            dbelow = dy * 2 * smooth * (flow[:, 1:] - flow[:, :-1])
            dflow = torch.zeros_like(flow)
            dflow[:, :, 1:] += dright
            dflow[:, :, :-1] -= dright
            dflow[:, 1:] += dbelow
            dflow[:, :-1] -= dbelow
            dflow[0] += derror * across
            dflow[1] += derror * down
            dacross, ddown = derror * flow[0], derror * flow[1]
            dmean = (dacross.roll(1, 1) - dacross.roll(-1, 1) + ddown.roll(1, 0) - ddown.roll(-1, 0)) / 2
            dfirst, dsecond = dmean / 2 - derror, derror
            dsecond = dsecond + dmean / 2
            return dflow, dfirst, dsecond

    inputs = rng.normal(size=(2, 4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    return torch_call(Energy, Energy.forward, *inputs)
