"""Wire: how many parts a file of Protocol Buffers has, before memory is taken for them.

Two bytes can make an empty node, which takes some 150 in memory, so a file of 20 MB may need 3 GB.  A field
is a key, which holds its number and its kind, and a value:
https://protobuf.dev/programming-guides/encoding.  The numbers of the fields are those of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from inkgrad.errors import ModelFileError

MOST_FIELDS = 100_000
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # kinds of values


@dataclass(frozen=True)
class Message:
    """A kind of message: the messages inside it by the number of their field, and fields that are refused."""

    inside: Mapping[int, Message] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)


TEXTS = Message()
TENSOR = Message({16: TEXTS}, {3: "a part of a tensor", 13: "numbers in another file"})
ATTRIBUTE = Message(
    {5: TENSOR},
    {n: "a graph, a type, a list of tensors or sparse numbers inside a node" for n in (6, 10, 11, 14, 15, 22, 23)},
)
NODE = Message({5: ATTRIBUTE, 9: TEXTS}, {10: "a plan for several devices"})
SHAPE = Message({1: TEXTS})
TYPE = Message({1: Message({2: SHAPE})}, {n: "values that are no arrays" for n in (4, 5, 7, 8, 9)})
VALUE = Message({2: TYPE, 4: TEXTS})
GRAPH = Message({1: NODE, 5: TENSOR, 11: VALUE, 12: VALUE, 13: VALUE, 14: TEXTS, 16: TEXTS}, {15: "sparse numbers"})
MODEL = Message(
    {7: GRAPH, 8: TEXTS, 14: TEXTS, 26: TEXTS}, {20: "a training", 25: "functions of its own"}
)  # as onnx.proto numbers the fields


def refuse_too_many_parts(raw: bytes) -> None:
    """Raise ModelFileError where an ONNX file is damaged, has too many parts, or some that no layer here has."""
    todo, n = [(MODEL, 0, len(raw))], 0
    while todo:
        kind, start, end = todo.pop()
        for number, value, after in _fields(raw, start, end):
            n += 1
            if n > MOST_FIELDS:
                raise ModelFileError(f"it has more than {MOST_FIELDS} parts")
            if number in kind.refused:
                raise ModelFileError(f"it has {kind.refused[number]}, which is not read here")
            if number in kind.inside and value < after:
                todo.append((kind.inside[number], value, after))


def _fields(raw: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of each field in raw[start:end], and where its bytes begin and end; of numbers, none."""
    while start < end:
        key, start = _varint(raw, start, end)
        kind = key & 7
        if kind == VARINT:
            _, after = _varint(raw, start, end)
            value = after
        elif kind == BYTES:
            length, value = _varint(raw, start, end)
            after = value + length
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            value = after = start + (8 if kind == EIGHT_BYTES else 4)
        else:
            raise ModelFileError("it is damaged, or no ONNX file")
        if after > end:
            raise ModelFileError("it is damaged or cut off, or no ONNX file")
        yield key >> 3, value, after
        start = after


def _varint(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return the number that is written from `start` on, seven bits a byte, and where it ends."""
    number = 0
    for i in range(10):
        if start + i >= end:
            break
        number |= (raw[start + i] & 127) << (7 * i)
        if raw[start + i] < 128:
            return number, start + i + 1
    raise ModelFileError("it is damaged, or no ONNX file")
