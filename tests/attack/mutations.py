"""Mutations: other inputs made of good ones, each with the structure of its kind."""

from __future__ import annotations

import copy
import json
import struct
from random import Random
from typing import Any

NUMBERS = [
    0,
    1,
    -1,
    2,
    7,
    127,
    128,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**63 - 1,
    2**63,
    2**64,
]
VALUES: list[Any] = [
    None, True, False, *NUMBERS, -(2**63), 10**299, 0.5, -0.0, 1e-320, 1e300, -1e308, 1e15, "", "0", "a",
    "é" * 300, "\0", "two\nlines", "\ud800", "../../x", "@deep@", "@long@", [], {}, [[]], [0] * 300,
    ["@deep@"], {"": ""}, {"class": "Dense"},
]  # fmt: skip
WORDS = {"@deep@": lambda rng: "[" * (n := rng.choice([50, 199, 201, 990, 5000, 100_000])) + "]" * n,
         "@long@": lambda rng: "9" * rng.choice([300, 301, 400, 5000])}  # fmt: skip


def bytes_like(rng: Random, raw: bytes, most: int = 4) -> bytes:
    """Return bytes with a few places changed, cut out, doubled or cut off."""
    found = bytearray(raw)
    for _ in range(rng.randint(1, most)):
        n = len(found)
        at, length = rng.randint(0, n), rng.choice([1, 1, 2, 4, 8, rng.randint(0, max(n, 1))])
        way = rng.randrange(8)
        if way == 0 and n:
            found[at % n] ^= 1 << rng.randrange(8)
        elif way == 1 and n:
            found[at % n] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        elif way == 2:
            del found[at : at + length]
        elif way == 3:
            found[at:at] = found[at : at + min(length, 1000)]
        elif way == 4:
            found[at:at] = rng.randbytes(min(length, 64))
        elif way == 5:
            form = rng.choice(["<I", ">I", "<Q", ">Q", "<H", ">H"])
            found[at : at + struct.calcsize(form)] = packed(form, rng.choice(NUMBERS))
        elif way == 6:
            del found[at:]
        else:
            other = rng.randint(0, n)
            found[at : at + length] = found[other : other + length]
    return bytes(found)


def packed(form: str, number: int) -> bytes:
    """Return a whole number as so many bytes, as far as they hold it."""
    return struct.pack(form, number % 2 ** (8 * struct.calcsize(form)))


def tree_like(rng: Random, tree: Any, most: int = 3) -> Any:
    """Return what JSON can say, with a few parts changed, left out, doubled or exchanged."""
    root = {"": copy.deepcopy(tree)}
    for _ in range(rng.randint(1, most)):
        places = list(_places(root))
        inside, key = rng.choice(places)
        way = rng.randrange(6)
        if way <= 1:
            inside[key] = copy.deepcopy(rng.choice(VALUES))
        elif way == 2 and inside is not root:
            del inside[key]
        elif way == 3:
            other, name = rng.choice(places)
            inside[key] = copy.deepcopy(other.get(name) if isinstance(other, dict) else other[name])
        elif way == 4 and isinstance(inside[key], list | dict):
            _grow(rng, inside[key])
        else:
            inside[key] = _near(rng, inside[key])
    return root[""]


def _places(tree: Any) -> Any:
    parts = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree))
    for key, part in parts:
        yield tree, key
        if isinstance(part, dict | list) and part:
            yield from _places(part)


def _grow(rng: Random, part: Any) -> None:
    if isinstance(part, list):
        part[len(part) // 2 : 0] = (part[:1] or [0]) * rng.choice([1, 2, 50])
    else:
        part[rng.choice(["", "x", "class", "__metadata__", "x" * 500])] = copy.deepcopy(rng.choice(VALUES))


def _near(rng: Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 1, value - 1, -value, *([float(value), value * 1e6] if abs(value) < 1e290 else [0])])
    if isinstance(value, str):
        return rng.choice([value + "x", value[:-1], value.upper(), value * 20, value[::-1]])
    return [value]


def json_like(rng: Random, tree: Any) -> str:
    """Return the text of a changed tree, at times with what json.dumps would not write."""
    text = json.dumps(tree_like(rng, tree))
    for word, made in WORDS.items():
        while f'"{word}"' in text:
            text = text.replace(f'"{word}"', made(rng), 1)
    if rng.random() < 0.2:
        at = rng.randint(0, len(text))
        text = (
            text[:at]
            + rng.choice(["NaN", "Infinity", "1e999", "-", ",", "{", "]", '"', "\\u0000", " ", "\ufeff"])
            + text[at:]
        )
    if rng.random() < 0.1:
        text = text[: rng.randint(0, len(text))]
    return text


def tensors_like(rng: Random, raw: bytes, key: str = "inkgrad") -> bytes:
    """Return a safetensors file with a changed header, changed words of ours in it, or changed numbers."""
    n = int.from_bytes(raw[:8], "little")
    header, numbers = json.loads(raw[8 : 8 + n]), raw[8 + n :]
    way = rng.randrange(5)
    if way == 0:
        return bytes_like(rng, raw)
    if way == 1:
        numbers = bytes_like(rng, numbers)
    if way in (2, 3):
        header["__metadata__"][key] = json_like(rng, json.loads(header["__metadata__"][key]))
    text = (json_like(rng, header) if way == 4 else json.dumps(header)).encode(errors="replace")
    text += b" " * (-len(text) % 8)
    length = rng.choice(NUMBERS) % 2**64 if rng.random() < 0.05 else len(text)
    return struct.pack("<Q", length) + text + numbers


def message_like(rng: Random, message: Any, most: int = 3) -> bytes:
    """Return the bytes of a Protocol Buffers message, with a few fields changed, left out or doubled."""
    for _ in range(rng.randint(1, most)):
        part = rng.choice(list(_messages(message)))
        field = rng.choice(part.DESCRIPTOR.fields)
        _change_field(rng, part, field)
    raw = message.SerializeToString()
    return bytes_like(rng, raw) if rng.random() < 0.2 else raw


def _messages(message: Any) -> Any:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in value if field.is_repeated else [value]:
                yield from _messages(part)


def _change_field(rng: Random, part: Any, field: Any) -> None:
    held = getattr(part, field.name)
    way = rng.randrange(3)
    if field.is_repeated:
        if way == 0 and len(held):
            del held[rng.randrange(len(held))]
        elif way == 1 and len(held):
            held.extend([held[rng.randrange(len(held))]] * rng.choice([1, 1, 30]))
        elif field.message_type is not None:
            held.add()
        else:
            held.append(_scalar(rng, field))
    elif way == 0:
        part.ClearField(field.name)
    elif field.message_type is not None:
        held.SetInParent()
    else:
        setattr(part, field.name, _scalar(rng, field))


def _scalar(rng: Random, field: Any) -> Any:
    kinds = type(field)
    if field.cpp_type == kinds.CPPTYPE_STRING:
        text = rng.choice(["", "x", "y", "Conv", "Gemm", "Reshape", "axis", "a" * 3000, "two\nlines", "\0"])
        return text.encode() if field.type == kinds.TYPE_BYTES else text
    if field.cpp_type in (kinds.CPPTYPE_FLOAT, kinds.CPPTYPE_DOUBLE):
        return rng.choice([0.0, -1.0, 1e30, float("nan"), float("inf")])
    if field.cpp_type == kinds.CPPTYPE_ENUM:
        return rng.choice([value.number for value in field.enum_type.values])
    n_bits = 31 if field.cpp_type in (kinds.CPPTYPE_INT32, kinds.CPPTYPE_UINT32) else 63
    number = rng.choice([0, 1, 2, 3, 17, 28, 2**16, 2**31 - 1, 2**n_bits - 1])
    return -number if field.cpp_type in (kinds.CPPTYPE_INT32, kinds.CPPTYPE_INT64) and rng.random() < 0.3 else number


def lines_like(rng: Random, raw: bytes) -> bytes:
    """Return lines of JSON with a few lines changed, left out, doubled, exchanged or cut off."""
    lines = raw.split(b"\n")[:-1]
    for _ in range(rng.randint(1, 3)):
        at, way = rng.randrange(len(lines)), rng.randrange(6)
        if way <= 2:
            try:
                lines[at] = json_like(rng, json.loads(lines[at])).encode(errors="replace")
            except (ValueError, RecursionError):
                lines[at] = b""
        elif way == 3 and len(lines) > 1:
            del lines[at]
        elif way == 4:
            lines.insert(at, rng.choice(lines))
        else:
            lines[at] = bytes_like(rng, lines[at])
    text = b"\n".join(lines) + b"\n" * rng.randrange(3)
    return bytes_like(rng, text) if rng.random() < 0.1 else text
