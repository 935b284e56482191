"""The table of sources: complete, well-formed, and known by its names."""

import inspect
from collections.abc import Iterator
from urllib.parse import urlsplit

import pyshtools
import pytest

from lunarcloud.errors import InputError
from lunarcloud.fetching import SOURCES, Source
from lunarcloud.fetching.checks import require_digest
from lunarcloud.fetching.sources import file_name, source_of


def every_source() -> Iterator[Source]:
    """All rows."""
    yield from map(source_of, SOURCES)
    yield source_of("clementine", "pds4")


@pytest.mark.parametrize("source", list(every_source()), ids=lambda source: source.name)
def test_every_source_says_where_it_is_how_long_and_under_which_terms(source: Source) -> None:
    assert urlsplit(source.base).scheme == "https"
    assert source.base == source.base.rstrip("/")
    assert all((source.title, source.terms, source.reference))
    assert all(piece.n_bytes > 0 and not piece.path.startswith("/") for piece in source.pieces)
    # In one folder no two files have one name.
    names = [name for piece in source.pieces for name in (piece.file, file_name(piece.label)) if name]
    assert len({name.lower() for name in names}) == len(names)


def test_the_mosaic_is_996_tiles_of_forty_gigabytes_in_either_issue() -> None:
    for source in (source_of("Clementine"), source_of("clementine", "pds4")):
        assert len({piece.name for piece in source.pieces}) == 996
        assert 40e9 < sum(piece.n_bytes for piece in source.pieces) < 45e9


def test_tiles_have_the_paths_of_the_archives_index() -> None:
    pds3, pds4 = source_of("clementine").pieces[0], source_of("clementine", "pds4").pieces[0]
    assert (pds3.name, pds3.path, pds3.label) == ("UI03N003", "cl_4006/data/ui03n003.img", "")
    assert pds4.path == "data/uvvis/03n/000/uvvis_03n_003e.tif"
    assert pds4.label == "data/uvvis/03n/000/uvvis_03n_003e.xml"


def test_a_name_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"no download named 'egm2008'; there are clementine, .*grgm1200b"):
        source_of("egm2008")
    with pytest.raises(InputError, match="wac has one issue"):
        source_of("wac", "pds4")


def test_every_row_has_its_name() -> None:
    assert {source.name for source in every_source()} == {*SOURCES, "clementine_pds4"}


def test_digests_are_checked_where_there_are_any_and_are_those_that_pyshtools_knows() -> None:
    with_digest = [source for source in every_source() if source.require is require_digest]
    assert [
        source for source in every_source() if any(piece.digest for piece in source.pieces)
    ] == with_digest
    registry = inspect.getsource(pyshtools.datasets.Moon)
    for source in with_digest:
        (piece,) = source.pieces
        assert piece.digest in registry
        assert file_name(piece.path) in registry
        assert source.base in registry or source.terms != "NASA, public domain"
