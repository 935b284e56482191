"""Gravity models and shapes come as all else does, and are what the readers read."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyshtools
import pytest

from lunarcloud.archive.gravity import GM_MOON, read_gravity
from lunarcloud.archive.topography import RadiusHarmonics, read_topography
from lunarcloud.errors import StoreError
from lunarcloud.fetching import Plan, carry_out, plan_fetch
from lunarcloud.fetching.sources import source_of
from lunarcloud.testing.bad_archive import BadArchive, bad_archive, first
from tests.fetching.small_archive import content

Served: TypeAlias = Callable[[str, bytes], AbstractContextManager[BadArchive]]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A server with a small file in the place of a source's, whose digest the table has."""

    @contextmanager
    def serve(name: str, data: bytes) -> Iterator[BadArchive]:
        source = source_of(name)
        piece = source.pieces[0]._replace(digest=hashlib.sha256(data).hexdigest())
        small = replace(source, pieces=(piece,))
        monkeypatch.setattr("lunarcloud.fetching.plan.source_of", lambda name, issue: small)
        (tmp_path / "archive" / piece.path).parent.mkdir(parents=True)
        (tmp_path / "archive" / piece.path).write_bytes(data)
        with bad_archive(tmp_path / "archive") as server:
            yield server

    return serve


def model(place: Path) -> bytes:
    """A gravity model as Goddard's site has it: GM first, metres."""
    table = np.zeros((2, 4, 4))
    table[0, 0, 0], table[0, 2, 0] = 1.0, -9.1e-5
    pyshtools.SHGravCoeffs.from_array(table, gm=GM_MOON, r0=1_738_000.0).to_file(str(place / "model.sh"))
    radius, gm, *rest = (place / "model.sh").read_text().replace(",", " ").split(maxsplit=2)
    return f"{gm} {radius} {' '.join(rest)}".encode()


def shape(place: Path) -> bytes:
    """A shape as Zenodo has it."""
    heights = np.zeros((2, 4, 4))
    heights[0, :, 0] = 1_737_151.0, 500.0, 300.0, 100.0
    pyshtools.SHCoeffs.from_array(heights).to_file(str(place / "shape.bshc"), format="bshc")
    return gzip.compress((place / "shape.bshc").read_bytes())


def planned(server: BadArchive, name: str, place: Path) -> Plan:
    return plan_fetch(name, place, mirror=server.url)


def test_a_model_comes_from_a_mirror_and_is_read_under_its_name(served: Served, tmp_path: Path) -> None:
    with served("grgm1200b", model(tmp_path)) as server:
        server.plan = first("cut", "busy")
        (path,) = carry_out(planned(server, "GRGM1200B", tmp_path / "to")).files
        asked = len(server.asked)
        assert planned(server, "grgm1200b", tmp_path / "to").pieces == ()
        assert len(server.asked) == asked
    found = read_gravity(path)
    assert (found.name, found.frame, found.table[0, 2, 0]) == ("GRGM1200B", "de430", -9.1e-5)


@pytest.mark.parametrize("name", ["lola_shape", "ldem_shape_pa"])
def test_a_shape_is_topography(served: Served, tmp_path: Path, name: str) -> None:
    with served(name, shape(tmp_path)) as server:
        (path,) = carry_out(planned(server, name, tmp_path / "to")).files
        assert planned(server, name, tmp_path / "to").there == (path,)
    found = read_topography(path)
    assert isinstance(found, RadiusHarmonics)
    assert (found.name.casefold(), found.table[0, 1, 0]) == (name, 500.0)


def test_another_version_than_the_tables_is_not_kept(served: Served, tmp_path: Path) -> None:
    with served("grgm1200b", model(tmp_path)) as server:
        path = server.folder / source_of("grgm1200b").pieces[0].path
        path.write_bytes(path.read_bytes() + b"\n")
        with pytest.raises(StoreError, match=r"its SHA-256 is \w{12}\.\.\., the table of sources says"):
            carry_out(planned(server, "grgm1200b", tmp_path / "to"))
    assert content(tmp_path / "to") == {}


def test_a_file_of_the_models_name_with_something_else_in_it_is_not_there(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "grgm1200b.tab").write_bytes(b"<html>")
    with served("grgm1200b", model(tmp_path)) as server:
        assert planned(server, "grgm1200b", tmp_path / "to").there == ()
