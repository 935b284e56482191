"""The frame of a gravity model: its header says it, else its name implies it."""

import pytest

from lunarcloud.archive.frames import MEAN_EARTH, frame_of


@pytest.mark.parametrize(
    ("head", "name", "frame"),
    [
        (b"# principal axes of DE430", "mine", "de430"),
        (b"comment: lunar orientation by DE 421", "mine", "de421"),
        (b"frame mean Earth, aligned with DE421", "mine", MEAN_EARTH),
        (b"", "GRGM1200B", "de430"),
        (b"", "GRGM1200B_RM1_1E0", "de430"),
        (b"", "gggrx_1200a_sha", "de430"),
        (b"", "gggrx_0900c_sha", "de430"),
        (b"", "GRGM660PRIM", "de421"),
        (b"", "jggrx_0420a_sha", "de421"),
        (b"", "GL0900D", "de430"),
        (b"", "GL1500E", "de430"),
        (b"", "GL1800F", "de440"),
        (b"", "jggrx_1800f_sha", "de440"),
        (b"", "jggrx_1800f_me_sha", MEAN_EARTH),
        (b"# DE421", "GRGM1200B", "de421"),
        (b"# model", "LP165P", None),
        (b"# INDE430X", "mine", None),
    ],
)
def test_header_comes_before_name(head: bytes, name: str, frame: str | None) -> None:
    assert frame_of(head, name) == frame
