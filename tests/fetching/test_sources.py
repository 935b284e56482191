"""The table of sources: complete, well-formed, and known by its names."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from lunarcloud.errors import InputError
from lunarcloud.fetching import PYSHTOOLS, SOURCES, Source
from lunarcloud.fetching.sources import source_of


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
    paths = [path for piece in source.pieces for path in (piece.path, piece.label) if path]
    assert len({path.rpartition("/")[2].lower() for path in paths}) == len(paths)


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


def test_every_row_has_its_name_and_no_name_is_pyshtools() -> None:
    assert [source.name for source in every_source()] == [*SOURCES, "clementine_pds4"]
    assert not set(SOURCES) & PYSHTOOLS.keys()
