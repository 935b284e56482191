"""Job ``gravity``: a gravity model and a topography become a published Bouguer reduction."""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.archive.gazetteer import features
from lunarcloud.archive.gravity import GravityModel, read_gravity
from lunarcloud.archive.topography import Topography, read_topography
from lunarcloud.engine import Cluster, Group
from lunarcloud.figures.gravity import draw_gravity_maps, draw_gravity_pole
from lunarcloud.figures.style import save
from lunarcloud.gravity.bouguer import BouguerField, Reduction, reduce_bouguer
from lunarcloud.gravity.card import GravityCard, Grids, gravity_card, gravity_id
from lunarcloud.gravity.grids import dh2_dataset, gridded, shard_group
from lunarcloud.gravity.profiles import contrasts
from lunarcloud.gravity.store import (
    PARTS,
    Gravity,
    find_gravity,
    gravity_place,
    harmonics_dataset,
)
from lunarcloud.jobs.common import Estimate, compute_groups, estimate, versions
from lunarcloud.storage import Folder, Published, finish, folder, publish, read_catalog, write_dataset

_POLES: tuple[moon.Pole, ...] = ("south", "north")
# About the pixels of a picture: 1600 across the globe, 700 across a pole.
_FIGURE_PPD, _FIGURE_PIXEL_M = 4, 2500.0


class GravityInputs(Reduction):
    """What to reduce, how, and where to."""

    root: str = Field(min_length=1, description="folder or URL under which everything lives")
    gravity: str = Field(
        default="lp165p",
        min_length=1,
        description="lunar gravity: lp165p (shipped), or path or URL of .tab, .gfc, .cof, pyshtools text",
    )
    topography: str = Field(
        default="lola4",
        min_length=1,
        description="topography: lola4 (shipped), or path or URL of LOLA .img/.lbl, GeoTIFF, .sh, .bshc",
    )
    ppd: int = Field(
        default=8, ge=1, le=1000, description="pixels per degree; 8 holds every degree up to 1439"
    )
    shard: int | None = Field(default=None, ge=1, description="pixels along the edge of a shard")
    polar_limit: float = Field(
        default=60.0, gt=0, lt=90, description="absolute latitude where the polar grids end, degrees"
    )


class GravityResult(BaseModel):
    """What a reduction made."""

    model_config = ConfigDict(frozen=True)

    gravity: str = Field(description="id of the reduction")
    url: str
    figures: str = Field(description="folder of the pictures")
    shards_computed: int
    card: GravityCard


class _Files(NamedTuple):
    model: GravityModel
    topography: Topography
    reduction: Reduction
    grids: Grids

    @property
    def id(self) -> str:
        return gravity_id(*self)

    def card(self, field: BouguerField) -> GravityCard:
        return gravity_card(*self, field, versions())


def gravity(inputs: GravityInputs, cluster: Cluster) -> GravityResult:
    """Compute what is not there yet of a Bouguer reduction, and publish it.

    Raises
    ------
    ArchiveError, NotFoundError
        For files that cannot be used: of another body, in other units, truncated, upside down.
    InputError
        If no degree that is asked for is held by model and topography.
    StoreError
        If the root cannot be written.
    """
    files, root = _read(inputs), folder(inputs.root)
    if files.id in {entry.id for entry in read_catalog(root).of("gravity")}:
        return _result(find_gravity(root, files.id), 0)
    root.require_writable()
    field = reduce_bouguer(files.model, files.topography, files.reduction)
    card = files.card(field)
    _write_tables(gravity_place(root, card.id), field, card)
    groups = _groups(root, card)
    number = compute_groups(groups, cluster)
    for group in groups:
        finish(group.place, group.layout, card.attributes())
    (root / "gravity").write(f"{card.id}.json", card.model_dump_json(indent=1).encode())
    _draw(root / f"gravity/{card.id}.figures", field, card)
    publish(root, Published(kind="gravity", id=card.id, path=f"gravity/{card.id}.zarr"))
    return _result(find_gravity(root, card.id), number)


def estimate_gravity(inputs: GravityInputs) -> list[Estimate]:
    """What a reduction would take."""
    files = _read(inputs)
    card = files.card(reduce_bouguer(files.model, files.topography, files.reduction))
    return [estimate(group) for group in _groups(folder(inputs.root), card)]


def _read(inputs: GravityInputs) -> _Files:
    return _Files(
        model=read_gravity(inputs.gravity),
        topography=read_topography(inputs.topography),
        reduction=Reduction(**inputs.model_dump(include=set(Reduction.model_fields))),
        grids=Grids(grid=moon.grid(inputs.ppd, inputs.shard), polar_limit=inputs.polar_limit),
    )


def _groups(root: Folder, card: GravityCard) -> list[Group]:
    """The gridded groups; the last one's metadata makes the whole store visible."""
    ledgers = root / f"gravity/{card.id}.ledger"
    return [shard_group(gravity_place(root, card.id), ledgers, card, part) for part in PARTS]


def _write_tables(place: Folder, field: BouguerField, card: GravityCard) -> None:
    """What is not cut into shards; the coefficients first, the shards are made from them."""
    attributes = card.attributes()
    write_dataset(place / "harmonics", harmonics_dataset(field, attributes))
    write_dataset(place / "features", contrasts(field, features()).assign_attrs(attributes))
    write_dataset(place / "dh2", dh2_dataset(field, attributes))


def _draw(place: Folder, field: BouguerField, card: GravityCard) -> None:
    """Pictures of the globe and both poles, sampled as finely as they show; those that are there are kept."""
    if place.exists("north.png"):
        return
    attributes = card.attributes()
    globe = gridded(field, moon.grid(_FIGURE_PPD), attributes)
    save(draw_gravity_maps(globe), place, "globe.png")
    for pole in _POLES:
        grid = moon.polar_grid(pole, limit=card.polar_limit, pixel_m=_FIGURE_PIXEL_M)
        save(draw_gravity_pole(gridded(field, grid, attributes), pole), place, f"{pole}.png")


def _result(found: Gravity, number: int) -> GravityResult:
    return GravityResult(
        gravity=found.card.id,
        url=found.place.url,
        figures=f"{found.place.url.removesuffix('.zarr')}.figures",
        shards_computed=number,
        card=found.card,
    )
