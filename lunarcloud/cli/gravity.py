"""``lunarcloud gravity`` and ``lunarcloud fetch``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lunarcloud.cli.options import AsJson, DryRun, Report, Root, Scheduler, Workers
from lunarcloud.cli.output import answer, console, print_facts
from lunarcloud.errors import InputError

if TYPE_CHECKING:
    from lunarcloud.jobs.gravity import GravityResult


def command(
    root: Root,
    gravity: Annotated[
        str,
        typer.Option(
            "--gravity",
            help="Gravity model: lp165p (shipped), or a PDS .tab, ICGEM .gfc, .cof, pyshtools text.",
        ),
    ] = "lp165p",
    topography: Annotated[
        str,
        typer.Option(
            "--topography",
            help="Topography: lola4 (shipped), or a LOLA .img/.lbl, GeoTIFF, harmonics of the shape.",
        ),
    ] = "lola4",
    density: Annotated[float, typer.Option("--density", help="Density of the crust, kg/m3.")] = 2550.0,
    degrees: Annotated[
        str, typer.Option("--degrees", metavar="LOW:HIGH", help="Degrees of the Bouguer anomaly.")
    ] = "60:600",
    gradient_degrees: Annotated[
        str, typer.Option("--gradient-degrees", metavar="LOW:HIGH", help="Degrees of its gradients.")
    ] = "50:350",
    taper: Annotated[
        int, typer.Option("--taper", help="Width of the cosine ramps inside both ends, degrees; 0 cuts hard.")
    ] = 0,
    radius_m: Annotated[
        float, typer.Option("--radius", help="Radius where everything is evaluated, metres.")
    ] = 1_738_000.0,
    ppd: Annotated[
        int, typer.Option("--ppd", help="Pixels per degree of the grids; 8 holds every degree up to 1439.")
    ] = 8,
    shard: Annotated[int | None, typer.Option("--shard", help="Edge of a shard, pixels.")] = None,
    polar_limit: Annotated[
        float, typer.Option("--polar-limit", help="Absolute latitude where the polar grids end, degrees.")
    ] = 60.0,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    scheduler: Scheduler = None,
    workers: Workers = None,
    performance_report: Report = None,
) -> None:
    """Bouguer anomaly (mGal) and its horizontal gradients (Eotvos) from gravity model and topography."""
    from lunarcloud.engine import Cluster
    from lunarcloud.jobs import gravity as job
    from lunarcloud.jobs.common import checked

    filters = {"degrees": _degrees("degrees", degrees), "taper": taper}
    filters["gradient_degrees"] = _degrees("gradient-degrees", gradient_degrees)
    files = {"root": root, "gravity": gravity, "topography": topography, "ppd": ppd, "shard": shard}
    physics = {"density_kg_m3": density, "radius_m": radius_m, "polar_limit": polar_limit}
    inputs = checked(job.GravityInputs, {**files, **filters, **physics})
    cluster = Cluster(scheduler=scheduler, workers=workers, performance_report=performance_report)
    answer(
        lambda: job.estimate_gravity(inputs),
        lambda: job.gravity(inputs, cluster),
        print_gravity,
        as_json=as_json,
        dry_run=dry_run,
    )


def fetch(
    name: Annotated[str, typer.Argument(help="Such as grgm1200b or lola_shape.")],
    place: Annotated[str, typer.Option("--to", help="Local folder.")] = ".",
) -> None:
    """Download a lunar gravity model or shape, its checksum verified, for `lunarcloud gravity`."""
    from lunarcloud.archive.gravity import fetch as download

    console.print(f"saved {download(name, place)}", highlight=False)


def print_gravity(result: GravityResult) -> None:
    """Print what a reduction made."""
    facts: list[tuple[str, object]] = [
        ("gravity", result.gravity),
        ("open with", f'xarray.open_zarr("{result.url}")'),
        ("shards computed now", result.shards_computed),
        *result.card.attributes().items(),
        ("figures", result.figures),
    ]
    print_facts("gravity", facts)


def _degrees(option: str, text: str) -> tuple[int, int]:
    low, _, high = text.partition(":")
    try:
        return int(low), int(high)
    except ValueError as error:
        raise InputError(f"--{option} {text!r}: write LOW:HIGH, two degrees such as 60:600") from error
