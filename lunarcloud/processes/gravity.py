"""Process ``gravity``: a gravity model and topography become Bouguer anomaly and gradients on grids."""

from collections.abc import Sequence
from typing import NamedTuple

from lunarcloud import moon
from lunarcloud.archive import (
    GravityModel,
    Ground,
    Topography,
    gravity_digest,
    read_gravity,
    read_ground,
    read_topography,
    topography_digest,
)
from lunarcloud.engine import Note, Session
from lunarcloud.errors import InputError, StoreError
from lunarcloud.gravity import (
    STORE,
    BouguerField,
    Frame,
    GravityCard,
    Grids,
    Reduction,
    finish_gravity,
    gravity_card,
    gravity_works,
    gridded,
    held_degrees,
    in_mean_earth,
    load_gravity,
    reduce_bouguer,
    write_harmonics,
)
from lunarcloud.lineage import Given, Record, Root, Source
from lunarcloud.processes.inputs import Inputs, file, given_of, option
from lunarcloud.processes.process import Estimate, Made, Process, Report, content_of, estimate_work, shards_of
from lunarcloud.storage import Folder, Group, Range, ranges_of

# The end of a shape's name by pyshtools' habit.
_PRINCIPAL_AXES = "_pa"
_POLES: tuple[moon.Pole, ...] = ("south", "north")
# About the pixels of a picture: 1600 across the globe, 700 across a pole.
_FIGURE_PPD, _FIGURE_PIXEL_M = 4, 2500.0


class GravityInputs(Reduction, Inputs):
    """What to reduce, and how."""

    gravity: str = file(
        "lp165p",
        "gravity model: lp165p (shipped), or path or URL of PDS .tab, ICGEM .gfc, .cof, pyshtools text",
    )
    topography: str = file(
        "lola4", "topography: lola4 (shipped), or path or URL of LOLA .img/.lbl, GeoTIFF, .sh or .bshc"
    )
    relief: str | None = file(
        None, "what is seen through the pictures, as for polar; by default the topography's shaded relief"
    )
    frame: Frame | None = option(
        None,
        "frame of the model's coefficients: mean-earth, or the principal axes of an ephemeris, from which "
        "they are rotated into it; by default what the model's header or name says",
    )
    ppd: int = option(
        8, "pixels per degree of the grids; 8 holds every degree up to 1439", limits={"ge": 1, "le": 1000}
    )
    shard: int | None = option(None, "edge of a shard", unit="pixels", limits={"ge": 1, "le": 65_536})
    polar_limit: float = option(
        60.0, "absolute latitude where the polar grids end", unit="degrees", limits={"ge": 10, "lt": 90}
    )


class _Material(NamedTuple):
    inputs: GravityInputs
    grids: Grids
    sources: tuple[Source, Source]


class _Content(NamedTuple):
    model: GravityModel
    topography: Topography
    reduction: Reduction
    lmax: int
    frame: str


def _resolve(inputs: GravityInputs, root: Root) -> tuple[Given, _Material]:
    grids = Grids(grid=moon.grid(inputs.ppd, inputs.shard), polar_limit=inputs.polar_limit)
    sources = (
        Source(url=root.relative(inputs.gravity), digest=gravity_digest(inputs.gravity)),
        Source(url=root.relative(inputs.topography), digest=topography_digest(inputs.topography)),
    )
    seen = inputs.relief
    drawn = () if seen is None else (Source(url=root.relative(seen), digest=topography_digest(seen)),)
    return given_of(inputs, root, {}, (*sources, *drawn)), _Material(inputs, grids, sources)


def _content(material: _Material) -> _Content:
    """What the files hold; a product that is there spares the seconds of reading a million coefficients."""
    inputs, _, sources = material
    model, topography = read_gravity(inputs.gravity), read_topography(inputs.topography)
    for found, source in zip((model, topography), sources, strict=True):
        if found.digest != source.digest:
            raise StoreError(f"{source.url} changed while it was read; run the command again")
    reduction = Reduction(**inputs.model_dump(include=set(Reduction.model_fields)))
    lmax = held_degrees(model, topography, reduction).highest
    if topography.name.casefold().endswith(_PRINCIPAL_AXES):
        raise InputError(
            f"{topography.name} is in principal axes; gravity is rotated into the mean Earth/polar axis frame"
            " of the maps: give a shape in that frame, such as lola_shape or lola4"
        )
    turned, frame = in_mean_earth(model, inputs.frame)
    return _Content(turned, topography, reduction, lmax, frame)


def _estimate(material: _Material, home: Folder, threads: int) -> Sequence[Estimate]:
    works = gravity_works(home, material.grids, _content(material).lmax)
    return [estimate_work(work, threads) for work in works]


def _make(material: _Material, home: Folder, session: Session) -> Made[GravityCard]:
    grids = material.grids
    session.tell(Note("coefficients of gravity and topography"))
    model, topography, reduction, lmax, frame = _content(material)
    field = reduce_bouguer(model, topography, reduction)
    card = gravity_card(model, topography, reduction, grids, field, frame)
    write_harmonics(home, card, field)
    works = gravity_works(home, grids, lmax)
    for work in works:
        session.compute(work)
    finish_gravity(home, card, field)
    card = card.model_copy(update={"ranges": _ranges(works[0].group, grids.grid)})
    session.tell(Note("figures of the globe and both poles"))
    relief = material.inputs.relief
    _draw(home / "figures", field, card, topography if relief is None else read_ground(relief))
    groups = [shards_of(work.group) for work in works]
    facts = {"ppd": str(card.ppd), "gravity": card.gravity_model, "degree": str(card.lmax)}
    return Made(card, content_of(groups), groups, facts)


def _ranges(group: Group, grid: moon.Grid) -> dict[str, Range]:
    """Values of each product on the global grid; of those with both signs to both sides of 0."""
    # Slow to import, and a reduction that is there already draws nothing.
    from lunarcloud.figures import gravity_colours

    shades = gravity_colours()
    found = ranges_of(
        group, grid, {name: colours for name, (colours, _) in shades.items()}, f"{STORE}/global"
    )
    return {name: each.both_ways() if shades[name][1] else each for name, each in found.items()}


def _draw(place: Folder, field: BouguerField, card: GravityCard, ground: Ground) -> None:
    """Pictures of the globe and both poles over relief, sampled as finely as they show."""
    # Slow to import, and a reduction that is there already draws nothing.
    from lunarcloud.figures import draw_gravity_maps, draw_gravity_pole, save_figure, shaded_relief

    attributes, globe = card.attributes(), moon.grid(_FIGURE_PPD)
    relief = shaded_relief(ground, globe)
    save_figure(draw_gravity_maps(gridded(field, globe, attributes), relief=relief), place, "globe.png")
    for pole in _POLES:
        grid = moon.polar_grid(pole, limit=card.polar_limit, pixel_m=_FIGURE_PIXEL_M)
        relief = shaded_relief(ground, grid)
        drawn = draw_gravity_pole(gridded(field, grid, attributes), pole, relief=relief)
        save_figure(drawn, place, f"{pole}.png")


def _report(record: Record[GravityCard], home: Folder) -> Report:
    return Report(record.card.attributes())


PROCESS = Process(
    name="gravity",
    kind="gravity",
    algorithm=8,
    inputs=GravityInputs,
    card=GravityCard,
    resolve=_resolve,
    estimate=_estimate,
    make=_make,
    open=lambda record, home: load_gravity(home, record.card).open(),
    report=_report,
    opens=f"{STORE}/global",
)
