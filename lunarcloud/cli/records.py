"""``lunarcloud list``, ``show``, ``promote``, ``retract``, ``remove`` and ``prune``: records of any kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from lunarcloud.cli.options import AsJson, RecordName, Root
from lunarcloud.cli.output import duration, print_json, print_report, print_table, say
from lunarcloud.lineage import Catalog, Entry, Record, open_root, unneeded

_PANEL = "Records"
# No command writes one file, or looks for one mark, for so long.
_LEFT = timedelta(days=1)

All = Annotated[bool, typer.Option("--all", help="Show every source, however many there are.")]
Older = Annotated[bool, typer.Option("--all", help="Not only what was published last, but all.")]
Unpin = Annotated[
    bool,
    typer.Option("--unpin", help="Instead, let the head of the record's series follow what is published."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for whoever looks at it later.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")]
Kind = Annotated[
    str | None,
    typer.Argument(metavar="[KIND]", help="Only records of a kind, such as mosaics, models or runs."),
]


def add_to(app: typer.Typer) -> None:
    """Add these commands to an application."""
    for name, command in (
        ("list", list_records),
        ("show", show),
        ("promote", promote),
        ("retract", retract),
        ("remove", remove),
        ("prune", prune),
    ):
        app.command(name, rich_help_panel=_PANEL)(command)


def list_records(root: Root, kind: Kind = None, older: Older = False, as_json: AsJson = False) -> None:
    """List what is published: kind, id, label, facts, whether `latest` means it, when."""
    home = open_root(root)
    # A program wants all of them.
    catalog = home.catalog() if older or as_json else home.recent()
    entries = catalog.of(kind)
    if as_json:
        return print_json([{**entry.model_dump(), **marks(catalog, entry)} for entry in entries])
    more = "" if older or not catalog.packs() else "; older ones with --all"
    return _print_entries(f"{len(entries)} records under {root}{more}", catalog, entries)


def show(root: Root, name: RecordName, everything: All = False, as_json: AsJson = False) -> None:
    """Show a record: its facts, and the tree of what it was made from, down to files and their digests."""
    # The process that made it reports it; none is loaded for a list.
    from lunarcloud.cli.tree import print_tree
    from lunarcloud.cli.work import opening
    from lunarcloud.processes import load_process

    home = open_root(root)
    catalog = home.catalog()
    entry = catalog.locate(name)
    process = load_process(entry.process)
    record, place = home.record(entry, process.card), home.place(entry.ref)
    if as_json:
        return print_json(record)
    facts = (*_facts(record, catalog, entry), *opening(process, place.url))
    print_report(f"{entry.ref}", facts, process.report(record, place))
    return print_tree(home, catalog, entry, everything=everything)


def promote(root: Root, name: RecordName, unpin: Unpin = False, as_json: AsJson = False) -> None:
    """Have `latest` mean a record, whatever is published meanwhile, until the next promotion."""
    home = open_root(root)
    entry = home.locate(name)
    catalog = home.unpin(entry) if unpin else home.promote(entry)
    latest = catalog.find(entry.ref.kind)
    if as_json:
        return print_json({**latest.model_dump(), **marks(catalog, latest)})
    return say(f"latest {latest.ref.kind} is now {latest.ref.id}{_in_brackets(latest.label)}")


def retract(root: Root, name: RecordName, reason: Reason, as_json: AsJson = False) -> None:
    """Keep a record, but never let it be a head again; its series goes back to the last one that can be."""
    home = open_root(root)
    entry = home.locate(name)
    catalog = home.retract(entry, reason)
    head = catalog.find(entry.ref.kind, catalog.heads[entry.series].id)
    if as_json:
        return print_json({**head.model_dump(), **marks(catalog, head)})
    return say(f"{entry.ref} is retracted; the head of its series is {head.ref.id}{_in_brackets(head.label)}")


def remove(root: Root, name: RecordName, as_json: AsJson = False) -> None:
    """Remove a record and all that it made; one that others were made from is refused."""
    home = open_root(root)
    entry = home.locate(name)
    _remove(root, [entry])
    print_json([entry.ref]) if as_json else say(f"removed {entry.ref}{_in_brackets(entry.label)}")


def prune(root: Root, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Remove every record that no head of a series is or was made from, and what killed commands left."""
    # Loaded only here, and to remove: lists and promotions write no exports.
    from lunarcloud import exports

    home = open_root(root)
    catalog = home.catalog()
    entries = unneeded(catalog.records, catalog.heads)
    if not dry_run:
        _remove(root, entries)
    besides = (*home.unnamed(), *exports.unlinked(home))
    left = home.folder.left_behind(datetime.now(UTC) - _LEFT, besides)
    if not dry_run:
        for key in left:
            home.folder.remove(key)
    if as_json:
        return print_json([entry.ref for entry in entries])
    done = "would be removed" if dry_run else "removed"
    if left:
        say(f"{len(left)} files that killed commands left {done}")
    return _print_entries(f"{len(entries)} records {done}", catalog, entries)


def marks(catalog: Catalog, entry: Entry) -> dict[str, bool]:
    """Whether a record is its series' head, pinned there by a person, what `latest` means, or retracted."""
    head = catalog.is_head(entry)
    pinned = head and catalog.heads[entry.series].pinned
    retracted = catalog.is_retracted(entry)
    return {"head": head, "pinned": pinned, "latest": catalog.is_latest(entry), "retracted": retracted}


def _remove(root: str, entries: Iterable[Entry]) -> None:
    from lunarcloud import exports

    home = open_root(root)
    try:
        for entry in entries:
            home.remove(entry)
    finally:
        exports.relist(home)


def _print_entries(title: str, catalog: Catalog, entries: Iterable[Entry]) -> None:
    columns = ("kind", "id", "label", "facts", "is", "published")
    rows = [
        (
            entry.ref.kind,
            entry.ref.id,
            entry.label,
            ", ".join((*(f"{name} {value}" for name, value in entry.facts.items()), *entry.notes)),
            " ".join(name for name, holds in marks(catalog, entry).items() if holds),
            f"{entry.published:%Y-%m-%d %H:%M} UTC",
        )
        for entry in entries
    ]
    print_table(title, columns, rows)


def _facts(record: Record[Any], catalog: Catalog, entry: Entry) -> list[tuple[str, object]]:
    own = {**record.given.inputs, **record.given.places}
    took = (record.finished - record.started).total_seconds()
    is_what = [name for name, holds in marks(catalog, entry).items() if holds]
    return [
        ("record", record.ref),
        *([("label", record.label)] if record.label else []),
        *(("note", note) for note in record.given.notes),
        ("is", " ".join(is_what) or "no head: another of its series is"),
        *([("retracted", catalog.retracted[str(entry.ref)])] if catalog.is_retracted(entry) else []),
        ("made by", f"{record.process}, algorithm {record.algorithm}"),
        *((f"input {name}", value) for name, value in own.items() if value not in (None, [], {})),
        ("series", record.series),
        ("content", record.digest),
        ("finished", f"{record.finished:%Y-%m-%d %H:%M:%S} UTC, after {duration(took)}"),
        ("software", ", ".join(f"{name} {version}" for name, version in record.versions.items())),
    ]


def _in_brackets(label: str) -> str:
    return f" ({label})" if label else ""
