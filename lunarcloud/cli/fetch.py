"""``lunarcloud fetch``."""

from __future__ import annotations

from typing import Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun
from lunarcloud.cli.output import print_json, say

Region = Annotated[
    str | None,
    typer.Option(
        metavar="SOUTH,WEST,NORTH,EAST", help="Of clementine only the tiles that touch this box, degrees."
    ),
]
Mirror = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address in place of the archive's; the same paths lie below it."),
]


def fetch(
    name: Annotated[
        str,
        typer.Argument(help="Such as clementine, grgm1200b, lola_shape, ldem_16, lpgrs_2deg, maria or wac."),
    ],
    place: Annotated[
        str, typer.Option("--to", metavar="PLACE", help="Local folder, or any URL such as s3://bucket/tiles.")
    ] = ".",
    region: Region = None,
    pds4: Annotated[
        bool, typer.Option("--pds4/--pds3", help="Which issue of clementine's tiles: GeoTIFF, or .IMG.")
    ] = False,
    mirror: Mirror = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Download tiles to ingest, models and shapes for `gravity`, LROC's maria for `--maria`, other data."""
    # Loads what reads files, which the help of other commands does not need.
    from lunarcloud.cli.watches import bar
    from lunarcloud.engine import logged, write_log
    from lunarcloud.fetching import box_of, carry_out, plan_fetch

    box = box_of(region) if region else None
    plan = plan_fetch(name, place, region=box, issue="pds4" if pds4 else "pds3", mirror=mirror)
    if not as_json:
        say(str(plan))
    if dry_run:
        return print_json({"to_come": len(plan.pieces), "bytes": plan.n_bytes}) if as_json else None
    write_log()
    with bar("files") as watch:
        fetched = carry_out(plan, logged(watch))
    if as_json:
        return print_json(fetched._asdict())
    if len(fetched.files) == 1:
        return say(f"saved {fetched.files[0]}" if fetched.came else f"there already: {fetched.files[0]}")
    return say(f"{fetched.came} files came, {len(fetched.files)} are in {plan.place.url}")
