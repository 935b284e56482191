"""The inbox: any file is taken, or refused in words, and the order of arrival does not matter."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunarcloud.archive.stations import StationTable, shipped_stations
from lunarcloud.errors import InputError
from lunarcloud.lineage import Root, open_root
from lunarcloud.processes.inbox import (
    INBOX,
    MOST_BYTES,
    Inbox,
    Rejection,
    hold_read,
    is_settled,
    merged_with,
    note_rejections,
    read_inbox,
)
from lunarcloud.processes.stations import MAIN, add_stations, choose, desired_main, inbox_of
from lunarcloud.storage import digest, folder

SHIPPED = shipped_stations()
SEVEN = b"site,lat,lon,feo\nChang'E-7,-88.8,123.4,4.2\n"
SEVEN_AGAIN = b"site,lat,lon,feo\nCHANG'E-7,-88.8,123.4,5.5\n"
EIGHT = b"site,lat,lon,tio2,r415,r750,r900,r950,r1000\nChang'E-8,-85,31,0.4,.06,.095,.092,.093,.096\n"
WITHDRAWAL = b"# withdraw: Chang'E-7\n"
BAD = b"site,lat,lon,feo\nNowhere,99,0,x\n"


def _iron(table: StationTable, site: str) -> float | None:
    found = [each for each in table.stations if each.site.casefold() == site.casefold()]
    return found[0].oxides.get("feo") if found else None


def _merged(**files: bytes) -> Inbox:
    return merged_with(SHIPPED, {f"{name}.csv": data for name, data in files.items()})


def _why(**files: bytes) -> str:
    (refused,) = _merged(**files).rejected.values()
    return "\n".join(refused.errors)


def test_a_later_row_of_a_site_replaces_the_earlier() -> None:
    found = _merged(a=SEVEN, b=SEVEN_AGAIN)
    assert _iron(found.table, "Chang'E-7") == 5.5
    assert len(found.table.stations) == len(SHIPPED.stations) + 1


@pytest.mark.parametrize(
    ("files", "iron"),
    [
        ({"a": SEVEN, "b": WITHDRAWAL}, None),
        ({"a": SEVEN, "b": WITHDRAWAL, "c": SEVEN_AGAIN}, 5.5),
        ({"a": SEVEN, "b": WITHDRAWAL + SEVEN_AGAIN}, 5.5),
    ],
)
def test_a_site_is_withdrawn_and_may_come_back(files: dict[str, bytes], iron: float | None) -> None:
    found = _merged(**files)
    assert not found.rejected
    assert _iron(found.table, "Chang'E-7") == iron


def test_a_whole_mission_is_withdrawn_by_its_name() -> None:
    found = _merged(a=b"# Withdraw: Apollo 16\n")
    assert {each.site for each in found.table.stations} == {
        each.site for each in SHIPPED.without(["Apollo 16"]).stations
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "inbox/a.csv: no stations in it"),
        (BAD, "line 2 (Nowhere), column lat: 99 is not within -90..90 degrees"),
        (BAD, "line 2 (Nowhere), column feo: 'x' is not a number"),
        (
            b"site,lat,lon,feo\nM\xfcller,1,2,3\n",
            "not readable as text in UTF-8 (byte 0xfc at 18)",
        ),
        (SEVEN.decode().encode("utf-16"), "inbox/a.csv: not readable as text in UTF-8"),
        (b"site,lat,lon,feo\n\"Chang'E-7,1,2,3\n", "inbox/a.csv, line 2: not readable as CSV"),
        (b"\0" * 100, "inbox/a.csv"),
        (b"#" * (MOST_BYTES + 1), "inbox/a.csv: more than 4 MiB"),
        (
            b"# withdraw: Apolo 11\n",
            "inbox/a.csv: # withdraw: the shipped station table: no station 'Apolo 11'",
        ),
        (b"site,lat,lon,feo,r750\nX,1,2,3,.1\n", "reflectances at 750 nm"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(data: bytes, said: str) -> None:
    assert said in _why(a=data, b=SEVEN)


def test_a_bad_file_keeps_no_other_from_counting() -> None:
    found = _merged(a=BAD, b=SEVEN, c=b"")
    assert list(found.accepted) == ["b.csv"]
    assert sorted(found.rejected) == sorted((digest(BAD), digest(b"")))
    assert _iron(found.table, "Chang'E-7") == 4.2


@given(st.binary(max_size=200) | st.text("site,latonfe'\"\n\r -0123456789.", max_size=200).map(str.encode))
def test_any_bytes_are_taken_or_refused_in_words(data: bytes) -> None:
    found = _merged(a=data, b=SEVEN)
    assert _iron(found.table, "Chang'E-7") == 4.2
    assert all(each.errors for each in found.rejected.values())


def test_the_order_of_arrival_the_store_and_the_machine_do_not_matter(tmp_path: Path) -> None:
    arrivals = {"a.csv": SEVEN, "b.csv": EIGHT, "c.csv": BAD, "d.csv": SEVEN_AGAIN}
    found = set()
    for number, order in enumerate(permutations(arrivals)):
        url = str(tmp_path / str(number)) if number % 2 else f"memory://inbox/{number}"
        for name in order:
            folder(f"{url}/inbox").write(name, arrivals[name])
        root = open_root(url)
        found.add(desired_main(root, inbox_of(read_inbox(root).tables).table).parent.ref.id)
    assert len(found) == 1


def test_only_tables_directly_in_the_inbox_are_read_and_no_more_of_them_than_allowed(tmp_path: Path) -> None:
    inbox = folder(tmp_path / "inbox")
    for name in ("a.csv", "B.CSV", "notes.txt", "old/c.csv", ".hidden.csv", ".rejected/d.csv"):
        inbox.write(name, SEVEN)
    inbox.write("large.csv", b"#" * (100 << 20))
    found = read_inbox(open_root(tmp_path)).tables
    assert sorted(found) == ["B.CSV", "a.csv", "large.csv"]
    assert len(found["large.csv"]) == MOST_BYTES + 1


def test_why_a_file_was_refused_lies_beside_it_as_long_as_it_is(tmp_path: Path) -> None:
    root = open_root(tmp_path)
    place, first = folder(tmp_path / "inbox/.rejected"), _merged(a=BAD, b=b"")
    assert {each.file for each in note_rejections(root, first.rejected, ())} == {"a.csv", "b.csv"}
    noted = Rejection.model_validate_json(place.read(f"{digest(BAD)}.json"))
    assert noted == first.rejected[digest(BAD)]
    # What is said is not said again.
    assert note_rejections(root, first.rejected, read_inbox(root).noted) == ()
    assert note_rejections(root, _merged(a=SEVEN, b=b"").rejected, read_inbox(root).noted) == ()
    assert read_inbox(root).noted == {digest(b"")}


NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ages_s", "settled"), [((), True), ((61, 600), True), ((60,), True), ((59, 600), False), ((-5,), False)]
)
def test_an_inbox_has_settled_a_while_after_its_newest_change(ages_s: tuple[int, ...], settled: bool) -> None:
    changes = [None, *(NOW - timedelta(seconds=age) for age in ages_s)]
    assert is_settled(changes, NOW, 60.0) is settled


@pytest.fixture
def read_once() -> Root:
    """A root in memory, whose store tells versions, with two tables that were read and are held."""
    root = open_root(f"memory://{uuid4()}")
    (root.folder / INBOX).write("a.csv", SEVEN)
    (root.folder / INBOX).write("b.csv", EIGHT)
    hold_read(root, read_inbox(root))
    return root


def test_tables_are_read_once(read_once: Root) -> None:
    files = read_inbox(read_once)
    assert files.tables == {"a.csv": SEVEN, "b.csv": EIGHT}
    assert files.all_held
    before = read_once.folder.read_all()
    hold_read(read_once, files)
    assert read_once.folder.read_all() == before


def test_a_table_that_is_replaced_added_or_taken_away_is_seen(read_once: Root) -> None:
    inbox = read_once.folder / INBOX
    inbox.write("a.csv", SEVEN_AGAIN)
    inbox.write("c.csv", WITHDRAWAL)
    inbox.remove("b.csv")
    files = read_inbox(read_once)
    assert files.tables == {"a.csv": SEVEN_AGAIN, "c.csv": WITHDRAWAL}
    assert not files.all_held


def test_a_table_that_changes_after_it_was_read_is_read_again(read_once: Root) -> None:
    inbox = read_once.folder / INBOX
    inbox.write("a.csv", SEVEN_AGAIN)
    files = read_inbox(read_once)
    inbox.write("a.csv", SEVEN)
    hold_read(read_once, files)
    assert read_inbox(read_once).tables["a.csv"] == SEVEN


@pytest.mark.parametrize("damaged", [b"", b"{", b'{"a.csv": {"version": 1}}'])
def test_what_was_held_may_be_damaged(read_once: Root, damaged: bytes) -> None:
    (read_once.folder / INBOX).write(".read.json", damaged)
    assert read_inbox(read_once).tables == {"a.csv": SEVEN, "b.csv": EIGHT}


def test_a_table_that_would_be_refused_is_not_added(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_bytes(BAD)
    root = open_root(tmp_path / "root")
    with pytest.raises(InputError, match="column lat: 99 is not within"):
        add_stations(root, str(path))
    assert read_inbox(root).tables == {}


def test_a_withdrawal_is_added_like_a_table(tmp_path: Path) -> None:
    path, root = tmp_path / "withdrawn.csv", open_root(tmp_path / "root")
    path.write_bytes(b"# withdraw: Luna 16\n")
    assert add_stations(root, str(path)) == "inbox/withdrawn.csv"
    assert len(choose(root, MAIN).table.stations) == len(SHIPPED.stations) - 1
