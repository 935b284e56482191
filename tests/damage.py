"""Damages done to files: a few at random, of the kinds that disks, networks and editors do.

``LUNARCLOUD_FUZZ=2000`` tries as many a reader; by default few.
"""

import os
from datetime import timedelta
from typing import NamedTuple

from hypothesis import strategies as st

CASES = int(os.environ.get("LUNARCLOUD_FUZZ", "15"))
#: A reader that takes longer hangs.
HANGS = timedelta(seconds=10)
#: What stands in place of a number or word of a text.
_ODD = [
    b"",
    b"-1",
    b"0",
    b"nan",
    b"1e999",
    b"9" * 5000,
    b"\xb2",
    b'"',
    b"(",
    b"<",
    b"\x00",
    b"1" * 18,
    b"x" * 300,
]


class Edit(NamedTuple):
    """One damage: its kind, where (parts of 65536 of the file, or of its head) and how."""

    kind: str
    where: int
    how: int
    head: bool


EDITS = st.lists(
    st.builds(
        Edit,
        st.sampled_from(["flip", "flip", "byte", "cut", "drop", "double", "swap", "odd", "odd", "odd"]),
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def damaged(data: bytes, edits: list[Edit]) -> bytes:
    """The data after some damages."""
    for edit in edits:
        data = _edited(data, edit)
    return data


def _edited(data: bytes, edit: Edit) -> bytes:
    span = min(len(data), 2048) if edit.head else len(data)
    place = edit.where * span >> 16
    if edit.kind in ("flip", "byte"):
        new = data[place : place + 1] or b"\x00"
        byte = new[0] ^ (1 << edit.how % 8) if edit.kind == "flip" else edit.how % 256
        return data[:place] + bytes([byte]) + data[place + 1 :]
    if edit.kind == "cut":
        return data[:place]
    if edit.kind == "odd":
        start, stop = _word(data, place)
        return data[:start] + _ODD[edit.how % len(_ODD)] + data[stop:]
    # A line: of what has none, so many bytes.
    start, stop = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place) + 1
    start, stop = max(start, place - 400), min(stop or len(data), place + 400)
    line = data[start:stop]
    if edit.kind == "drop":
        return data[:start] + data[stop:]
    if edit.kind == "double":
        return data[:stop] + line + data[stop:]
    return data[stop : stop + len(line)] + data[:start] + line + data[stop + len(line) :]


def _word(data: bytes, place: int) -> tuple[int, int]:
    ends = b" \t\r\n,=<>\"'()[]{}:"
    start = stop = place
    while start > 0 and data[start - 1] not in ends and place - start < 40:
        start -= 1
    while stop < len(data) and data[stop] not in ends and stop - place < 40:
        stop += 1
    return start, stop
