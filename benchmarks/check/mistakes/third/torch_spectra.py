"""torch: a long function, what a recogniser of speech hears: logarithms of a spectrum in bands, around their mean."""

import torch

from mistakes.case import Mistake, broken, same, torch_call


@broken(
    Mistake(
        "mel-inner-frequencies-twice",
        "the inverse transform counts all frequencies but the first and the last twice, which must be taken back",
        'dcut = torch.fft.irfft(dspectrum * share, size, norm="forward")',
        'dcut = torch.fft.irfft(dspectrum, size, norm="forward")',
        same("x window", "term-factor"),
    ),
    Mistake(
        "mel-frames-do-not-overlap",
        "frames overlap by half, and each writes over what the one before it left for the sound",
        "dx[:, start : start + size] += dcut[:, t] * window",
        "dx[:, start : start + size] = dcut[:, t] * window",
        {"x": "overwritten term-missing missing"},
    ),
    Mistake(
        "mel-logarithm-without-its-floor",
        "a floor is added before the logarithm, and its slope is that without the floor",
        "dbands = dlogs / (bands + floor)",
        "dbands = dlogs / bands",
        same("x window mel", "wrong-argument"),
    ),
    Mistake(
        "mel-mean-over-the-bands",
        "the mean over time is taken off each band, and comes back as the mean over the bands of each time",
        "dlogs = dcentred - dcentred.mean(dim=1, keepdim=True)",
        "dlogs = dcentred - dcentred.mean(dim=2, keepdim=True)",
        same("x window mel", "wrong-axis"),
    ),
    Mistake(
        "mel-window-not-taken-back",
        "a frame is multiplied by the window, and its gradient goes to the sound without",
        "dx[:, start : start + size] += dcut[:, t] * window",
        "dx[:, start : start + size] += dcut[:, t]",
        {"x": "derivative-forgotten"},
    ),
    Mistake(
        "mel-change-from-before",
        "a change is the later less the earlier, and the earlier gets nothing for it",
        "dlifted[:, :-1] -= dchange",
        "pass",
        same("x window mel lift", "term-missing missing"),
    ),
)
def mel_spectrum(rng):
    size, hop, floor = 8, 4, 0.1
    share = torch.full((size // 2 + 1,), 0.5, dtype=torch.float64)
    share[0] = share[-1] = 1

    class Heard(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, window, mel, lift):
            frames = []
            length = x.shape[1]
            last = length - size
            starts = range(0, last + 1, hop)
            for start in starts:
                end = start + size
                cut = x[:, start:end]
                cut = cut * window
                frames.append(cut)
            cut = torch.stack(frames, dim=1)
            spectrum = torch.fft.rfft(cut)
            real = spectrum.real
            real = real**2
            imaginary = spectrum.imag
            imaginary = imaginary**2
            power = real + imaginary
            # bands, as an ear has them
            bands = power @ mel
            raised = bands + floor
            logs = raised.log()
            # around the mean of the recording
            mean = logs.mean(dim=1, keepdim=True)
            centred = logs - mean
            lifted = centred
            lifted = lifted * lift
            # and how they change
            later = lifted[:, 1:]
            earlier = lifted[:, :-1]
            change = later - earlier
            heard = [lifted, change]
            y = torch.cat(heard, dim=1)
            ctx.save_for_backward(x, window, mel, lift)
            ctx.kept = spectrum, power, bands, centred
            return y

        @staticmethod
        def backward(ctx, dy):
            x, window, mel, lift = ctx.saved_tensors
            spectrum, power, bands, centred = ctx.kept
            n = bands.shape[1]
            dlifted, dchange = dy[:, :n].clone(), dy[:, n:]
            dlifted[:, 1:] += dchange
            dlifted[:, :-1] -= dchange
            dlift = (dlifted * centred).sum(dim=(0, 1))
            dcentred = dlifted * lift
            dlogs = dcentred - dcentred.mean(dim=1, keepdim=True)
            dbands = dlogs / (bands + floor)
            dmel = torch.einsum("ntf,ntb->fb", power, dbands)
            dspectrum = 2 * (dbands @ mel.T) * spectrum
            dcut = torch.fft.irfft(dspectrum * share, size, norm="forward")
            dx, dwindow = torch.zeros_like(x), torch.zeros_like(window)
            for t in range(n):
                start = t * hop
                dx[:, start : start + size] += dcut[:, t] * window
                dwindow += (dcut[:, t] * x[:, start : start + size]).sum(dim=0)
            return dx, dwindow, dmel, dlift

    window = torch.hann_window(size, periodic=False, dtype=torch.float64).numpy() + 0.1
    return torch_call(
        Heard, Heard.forward, rng.normal(size=(2, 20)), window, rng.uniform(size=(5, 3)), rng.normal(size=3)
    )
