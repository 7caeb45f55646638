"""torch: a long Function along a sequence, an LSTM with a way around it."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "highway-cell-starts-anew",
        "the cell's gradient is set at each step: what comes from the step after is lost",
        "dc = dh * o * (1 - torch.tanh(c) ** 2) + dc_next",
        "dc = dh * o * (1 - torch.tanh(c) ** 2)",
        same("x wx wh b", "carry-lost term-missing missing"),
    ),
    Mistake(
        "highway-output-gate-of-the-cell",
        "the output gate multiplies tanh of the cell, and its gradient the cell",
        "do = dh * torch.tanh(c)",
        "do = dh * c",
        same("x wx wh b", "wrong-argument"),
    ),
    Mistake(
        "highway-gate-without-the-way-around",
        "more of the LSTM is less of the way around; the gate's gradient knows of more",
        "dr = dy[t] * (h - around)",
        "dr = dy[t] * h",
        same("x wr br", "term-missing"),
    ),
    Mistake(
        "highway-gates-in-another-order",
        "forward cuts the gates as input, forget, output, candidate; backward joins them as forget first",
        "dz = torch.cat([di, df, do, dg], dim=1)",
        "dz = torch.cat([df, di, do, dg], dim=1)",
        same("x wx wh b", "reordered swapped"),
    ),
)
def highway_lstm(rng):
    length, n, size = 4, 2, 3

    class Highway(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, wx, wh, b, wr, br, wp):
            h = torch.zeros(n, size, dtype=x.dtype)
            c = torch.zeros(n, size, dtype=x.dtype)
            outputs = []
            kept = []
            for t in range(length):
                z = x[t] @ wx
                carried = h @ wh
                z = z + carried
                z = z + b
                i = z[:, :size]
                f = z[:, size : 2 * size]
                o = z[:, 2 * size : 3 * size]
                g = z[:, 3 * size :]
                i = torch.sigmoid(i)
                f = torch.sigmoid(f)
                o = torch.sigmoid(o)
                g = torch.tanh(g)
                h_before = h
                c_before = c
                old = f * c
                new = i * g
                c = old + new
                shown = torch.tanh(c)
                h = o * shown
                # around the step, through a matrix
                r = x[t] @ wr
                r = r + br
                r = torch.sigmoid(r)
                around = x[t] @ wp
                through = r * h
                past = (1 - r) * around
                y = through + past
                outputs.append(y)
                kept.append((i, f, o, g, h_before, c_before, c, h, r, around))
            ctx.save_for_backward(x, wx, wh, wr, wp)
            ctx.kept = kept
            return torch.stack(outputs)

        @staticmethod
        def backward(ctx, dy):
            x, wx, wh, wr, wp = ctx.saved_tensors
            dx, dwx, dwh, dwr, dwp = (torch.zeros_like(each) for each in (x, wx, wh, wr, wp))
            db, dbr = torch.zeros_like(wx[0]), torch.zeros_like(wr[0])
            dh_next = dc_next = torch.zeros(n, size, dtype=x.dtype)
            for t in reversed(range(length)):
                i, f, o, g, h_before, c_before, c, h, r, around = ctx.kept[t]
                dr = dy[t] * (h - around)
                dr = dr * r * (1 - r)
                daround = dy[t] * (1 - r)
                dh = dy[t] * r + dh_next
                do = dh * torch.tanh(c)
                dc = dh * o * (1 - torch.tanh(c) ** 2) + dc_next
                di, df, dg = dc * g, dc * c_before, dc * i
                di, df, do, dg = di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)
                dz = torch.cat([di, df, do, dg], dim=1)
                dwx, dwh, db = dwx + x[t].T @ dz, dwh + h_before.T @ dz, db + dz.sum(dim=0)
                dwr, dbr, dwp = dwr + x[t].T @ dr, dbr + dr.sum(dim=0), dwp + x[t].T @ daround
                dx[t] = dz @ wx.T + dr @ wr.T + daround @ wp.T
                dh_next = dz @ wh.T
                dc_next = dc * f
            return dx, dwx, dwh, db, dwr, dbr, dwp

    shapes = (length, n, 3), (3, 4 * size), (size, 4 * size), (4 * size,), (3, size), (size,), (3, size)
    return torch_call(Highway, Highway.forward, *(rng.normal(size=shape) for shape in shapes))
