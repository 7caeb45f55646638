"""Broken pictures: PNG by chunks, JPEG by segments, TIFF by tags, and all formats, PDF and HEIC too, by bytes."""

from __future__ import annotations

import io
import logging
import struct
import zlib
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from attack.mutations import NUMBERS, bytes_like, packed
from attack.swarm import Attack, Finding, outcome
from inkgrad.pictures import open_picture, page_numbers
from inkgrad.pictures.source import MAX_PIXELS
from inkgrad.reader import Reader

MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "JPEG": ["L", "RGB", "CMYK"],
    "WEBP": ["RGB", "RGBA"],
    "TIFF": ["1", "L", "P", "RGB", "RGBA", "CMYK", "F", "I;16", "I"],
    "BMP": ["1", "L", "P", "RGB"],
    "GIF": ["L", "P"],
    "PPM": ["1", "L", "RGB"],
    "PDF": ["1", "L", "RGB"],
}
SIDES = [0, 1, 2, 28, 1000, 8944, 8945, 30_000, 65_535, 2**31 - 1, 2**32 - 1]


def pictures() -> list[tuple[str, bytes]]:
    """Return a small picture in each mode of each format, as format and bytes."""
    ink = np.full((40, 60), 255, np.uint8)
    ink[10:30, 20:24] = ink[10:14, 20:40] = 0
    found = []
    for name, modes in MODES.items():
        for mode in modes:
            one = Image.fromarray(ink)
            image = Image.fromarray(ink.astype(np.uint16) * 257) if mode == "I;16" else one.convert(mode)
            file = io.BytesIO()
            more = [one] if name in ("GIF", "PDF") else []
            image.save(file, name, **({"save_all": True, "append_images": more} if more else {}))
            found.append((name, file.getvalue()))
    if find_spec("pillow_heif"):
        from pillow_heif import from_pillow

        file = io.BytesIO()
        from_pillow(Image.fromarray(ink).convert("RGB")).save(file)
        found.append(("HEIC", file.getvalue()))
    return found


def png_like(rng: Random, raw: bytes) -> bytes:
    """Return a PNG with other chunks, whose checksums mostly fit."""
    chunks, at = [], 8
    while at < len(raw):
        (n,) = struct.unpack_from(">I", raw, at)
        chunks.append((raw[at + 4 : at + 8], raw[at + 8 : at + 8 + n]))
        at += 12 + n
    for _ in range(rng.randint(1, 3)):
        k, way = rng.randrange(len(chunks)), rng.randrange(6)
        kind, data = chunks[k]
        if way == 0:
            chunks[0] = (b"IHDR", _header_like(rng, chunks[0][1]))
        elif way == 1:
            chunks[k] = (b"IDAT", zlib.compress(rng.randbytes(1) * rng.choice([0, 100, 3000, 5_000_000]), 1))
        elif way == 2:
            chunks[k] = (kind, bytes_like(rng, data))
        elif way == 3:
            chunks.insert(rng.randrange(len(chunks) + 1), rng.choice(chunks))
        elif way == 4:
            chunks.insert(1, _extra_chunk(rng))
        elif len(chunks) > 1:
            del chunks[k]
    return raw[:8] + b"".join(_chunk(rng, kind, data) for kind, data in chunks)


def _header_like(rng: Random, header: bytes) -> bytes:
    width, height, *rest = struct.unpack(">IIBBBBB", header.ljust(13, b"\0")[:13])
    way = rng.randrange(4)
    if way == 0:
        width = rng.choice(SIDES)
    elif way == 1:
        height = rng.choice(SIDES)
    elif way == 2:
        width, height = rng.choice(SIDES), rng.choice(SIDES)
    else:
        rest[rng.randrange(5)] = rng.choice([0, 1, 2, 3, 4, 6, 8, 16, 255])
    return struct.pack(">IIBBBBB", width, height, *rest)


def _extra_chunk(rng: Random) -> tuple[bytes, bytes]:
    bomb = zlib.compress(bytes(rng.choice([10, 1_000, 20_000_000])), 1)
    kinds = {
        b"zTXt": b"k\0\0" + bomb,
        b"iCCP": b"k\0\0" + bomb,
        b"iTXt": b"k\0\1\0\0\0" + bomb,
        b"tRNS": bytes(rng.randrange(300)),
    }
    kinds |= {b"PLTE": bytes(rng.randrange(900)), b"eXIf": b"MM\0*\0\0\0\x08" + rng.randbytes(30), b"acTL": bytes(8)}
    kind = rng.choice([*kinds])
    return kind, kinds[kind]


def _chunk(rng: Random, kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data) if rng.random() < 0.95 else 0
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def jpeg_like(rng: Random, raw: bytes) -> bytes:
    """Return a JPEG with other segments."""
    segments, at = [], 2
    while raw[at + 1] != 0xDA:
        (n,) = struct.unpack_from(">H", raw, at + 2)
        segments.append(bytearray(raw[at : at + 2 + n]))
        at += 2 + n
    end = raw[at:]
    for _ in range(rng.randint(1, 3)):
        k, way = rng.randrange(len(segments)), rng.randrange(5)
        if way == 0:
            frame = next((each for each in segments if 0xC0 <= each[1] <= 0xC2), segments[k])
            frame[5:9] = packed(">H", rng.choice(SIDES)) + packed(">H", rng.choice(SIDES))
        elif way == 1:
            segments[k][4:] = bytes_like(rng, bytes(segments[k][4:]))
        elif way == 2:
            segments.insert(k, bytearray(rng.choice(segments)))
        elif way == 3 and len(segments) > 1:
            del segments[k]
        else:
            end = bytes_like(rng, end)
    return raw[:2] + b"".join(segments) + end


def tiff_like(rng: Random, raw: bytes) -> bytes:
    """Return a TIFF with other tags in its first directory."""
    found = bytearray(raw)
    end = "<" if raw[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{end}I", raw, 4)
    (n,) = struct.unpack_from(f"{end}H", raw, start)
    for _ in range(rng.randint(1, 3)):
        at = start + 2 + 12 * rng.randrange(n)
        form, place = rng.choice([("H", 0), ("H", 2), ("I", 4), ("I", 8), ("I", 8), ("I", 8)])
        number = rng.choice([*SIDES, *NUMBERS, *range(256, 340), 32773, 34712])
        found[at + place : at + place + struct.calcsize(form)] = packed(end + form, number)
    return bytes(found) if rng.random() < 0.8 else bytes_like(rng, bytes(found))


BY_STRUCTURE = {"PNG": png_like, "JPEG": jpeg_like, "TIFF": tiff_like}


def open_and_look(raw: bytes, reader: Reader | None) -> None:
    """Open a picture, and read it where there is a reader."""
    page_numbers(raw)
    colours = open_picture(raw)
    if colours.dtype != np.uint8 or colours.ndim != 3 or colours.shape[2] not in (1, 3):
        raise Finding(f"a picture came as {colours.dtype} of shape {colours.shape}")
    if colours.shape[0] * colours.shape[1] > MAX_PIXELS:
        raise Finding(f"a picture of {colours.shape} was not refused")
    if reader and colours.size < 1_000_000:
        reader.read(colours)


def prepare(folder: Path) -> Any:
    """Make good pictures, and what reads some of them."""
    logging.disable()  # Pillow writes down what it thinks of each
    return pictures(), Reader()


def strike(rng: Random, state: Any) -> Counter[str]:
    """Open a broken picture; read one of ten."""
    good, reader = state
    name, raw = rng.choice(good)
    like = BY_STRUCTURE.get(name, bytes_like) if rng.random() < 0.8 else bytes_like
    broken = like(rng, raw)
    return outcome(lambda: open_and_look(broken, reader if rng.random() < 0.1 else None)) + Counter({name: 1})


def attacks() -> list[Attack]:
    """Return the attack by broken pictures."""
    return [Attack("pictures", prepare, strike, share=2)]
