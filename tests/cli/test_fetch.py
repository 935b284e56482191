"""``lunarcloud fetch``: what it says, and what it refuses."""

import json
from pathlib import Path

import pytest

from lunarcloud.testing.bad_archive import bad_archive
from lunarcloud.testing.fixtures import Command

BOX = ("--region", "1,1,2,2")


def _served(place: Path, good_tile: bytes) -> Path:
    """A folder with the one tile of the box in the archive's place."""
    path = place / "served" / "cl_4006" / "data" / "ui03n003.img"
    path.parent.mkdir(parents=True)
    path.write_bytes(good_tile)
    return place / "served"


def test_fetch_says_how_much_is_to_come_and_where_it_is(
    lunarcloud: Command, good_tile: bytes, tmp_path: Path
) -> None:
    words = ("fetch", "clementine", "--to", tmp_path / "to", *BOX)
    with bad_archive(_served(tmp_path, good_tile)) as server:
        code, out, _ = lunarcloud(*words, "--mirror", server.url)
        assert code == 0
        assert "1 wanted, 0 there, 1 to come: about 39.2 MB into" in out
        assert out.endswith(f"saved {tmp_path / 'to' / 'ui03n003.img'}\n")
        code, out, _ = lunarcloud(*words, "--mirror", server.url)
        assert (code, out.splitlines()[-1]) == (0, f"there already: {tmp_path / 'to' / 'ui03n003.img'}")
        assert len(server.asked) == 1
    assert (tmp_path / "to" / "ui03n003.img").read_bytes() == good_tile


def test_fetch_answers_machines(lunarcloud: Command, good_tile: bytes, tmp_path: Path) -> None:
    words = ("fetch", "clementine", "--to", tmp_path / "to", *BOX, "--json")
    with bad_archive(_served(tmp_path, good_tile)) as server:
        wanted = json.loads(lunarcloud(*words, "--mirror", server.url, "--dry-run")[1])
        assert wanted == {"to_come": 1, "bytes": 39_238_264}
        assert server.asked == []
        found = json.loads(lunarcloud(*words, "--mirror", server.url)[1])
    assert found == {
        "files": [str(tmp_path / "to" / "ui03n003.img")],
        "came": 1,
        "n_bytes": len(good_tile),
    }


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("egm2008",), "there are clementine, maria"),
        (("clementine", "--region", "1,2,3"), "south,west,north,east"),
        (("wac", *BOX), "wac is one file"),
        (("wac", "--pds4"), "--pds4 is for clementine"),
        (("maria", "--mirror", "here"), "begins with http"),
        (("grgm1200b", "--pds4"), "--pds4 is for clementine"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    lunarcloud: Command, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    code, _, err = lunarcloud("fetch", *words, "--to", tmp_path)
    assert (code, told in err, "Traceback" in err) == (2, True, False)


def test_an_archive_that_is_away_is_worth_another_try(
    lunarcloud: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunarcloud.fetching.http.settings", lambda: _Hasty)
    code, _, err = lunarcloud("fetch", "maria", "--to", tmp_path, "--mirror", "http://127.0.0.1:9")
    assert (code, "is there a network?" in err) == (75, True)


class _Hasty:
    """Settings of somebody who tries once."""

    retries, backoff_s, timeout_s = 0, 0.0, 5.0
