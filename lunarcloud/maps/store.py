"""A run in its folder: its card, its maps at every level, its ledgers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud import moon
from lunarcloud.archive import CLEMENTINE
from lunarcloud.errors import NotFoundError
from lunarcloud.maps.layout import NOVELTY, decode, maps_layout
from lunarcloud.maps.overviews import is_small, levels_of
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, Group, Range, group_at, open_small, range_of

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import xarray as xr

#: The Zarr store of all levels of a run, in the run's folder.
STORE = "maps.zarr"


#: The group of half-widths in that store.
INTERVALS = "intervals"
# Pixels per degree of half-widths at most: an eighth of a degree, or 4 km; and of coarser maps every fourth
# pixel, down to a quarter of a degree. What that loses is less than what is known of them
# (docs/uncertainty.md).
_INTERVALS_PPD, _LEAST_INTERVALS_PPD, _EVERY = 8, 4, 4
# Shards of the finest level along the edge of one of half-widths.
_COVERED = 4
# More pixels along the edge of a shard than any other has take too much memory.
_LARGEST_EDGE = 2048
#: Groups of levels around the poles in that store, and the latitude where they end, degrees.
POLES: tuple[moon.Pole, ...] = ("north", "south")
_POLAR_LIMIT = 60.0
# Columns of the coarsest level around a pole at most: a view of all that is there, which is as high as it is
# wide, then takes 4 chunks, 1.4 MB.
_LARGEST_POLE = 1024

# Overviews are drawn at this many pixels a degree or the next finer.
_DRAWN_PPD = 4


class RunCard(BaseModel):
    """What is known of the maps of a run.

    Attributes
    ----------
    ppd, shard_edge : int
        The finest level's grid: pixels per degree, and pixels along the edge of a shard.
    instrument : str
        Which of `instruments.INSTRUMENTS` measured the mosaic.
    maps : tuple of str
        Names of the maps, without ``quality``.
    intervals : tuple of str
        Names of the maps of half-widths, which have a coarser grid.
    flags : dict of str to int
        Bits of ``quality`` by meaning.
    novelty_limit : float or None
        Distance from the stations (map ``novelty``) beyond which the model extrapolates.
    counts : dict of str to int
        Pixels by what their ``quality`` says.
    ranges : dict of str to Range
        Values of each map, those of half-widths included, with a colour map that fits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ppd: int
    shard_edge: int
    instrument: str = CLEMENTINE.name
    maps: tuple[str, ...]
    intervals: tuple[str, ...] = ()
    flags: dict[str, int]
    novelty_limit: float | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    ranges: dict[str, Range] = Field(default_factory=dict)

    @property
    def grid(self) -> moon.Grid:
        """The grid of the finest level."""
        return moon.grid(self.ppd, self.shard_edge)


@dataclass(frozen=True, slots=True)
class Run:
    """A run: the groups of its levels, and once it is finished its maps."""

    card: RunCard
    place: Folder

    @property
    def grid(self) -> moon.Grid:
        """The grid of the finest level."""
        return self.card.grid

    @property
    def levels(self) -> int:
        """Number of levels, the finest included."""
        return len(self._grids)

    @property
    def _grids(self) -> tuple[moon.Grid, ...]:
        return levels_of(self.grid)

    @property
    def store(self) -> Folder:
        """The Zarr store of all levels, for ``xarray.open_datatree``."""
        return self.place / STORE

    def level_grid(self, level: int) -> moon.Grid:
        """The grid of a level: 0 is full resolution, each further one is coarser (`levels_of`)."""
        return self._grids[level]

    def group(self, level: int = 0) -> Group:
        """The maps of a level with their ledger."""
        layout = maps_layout(self.level_grid(level), self.card.maps, self.card.flags)
        return group_at(self.store / level_name(level), layout)

    @property
    def polar_levels(self) -> int:
        """Number of levels around each pole: one by each level of the whole Moon, to one shard."""
        north = ((level, self.polar_grid("north", level)) for level in range(self.levels))
        small = (level for level, raster in north if is_small(raster, _LARGEST_POLE))
        return min(next(small, self.levels), self.levels - 1) + 1

    def polar_grid(self, pole: moon.Pole, level: int = 0) -> moon.PolarGrid:
        """The pixels around a pole of a level: as long at the pole as the level's along a meridian."""
        pixel_m = 1000.0 * moon.kilometres(1.0) / self.level_grid(level).ppd
        return moon.polar_grid(pole, limit=_POLAR_LIMIT, pixel_m=pixel_m, shard_edge=self.card.shard_edge)

    def polar(self, pole: moon.Pole, level: int = 0) -> Group:
        """The maps around a pole, made from the level of that number, with their ledger."""
        layout = maps_layout(self.polar_grid(pole, level), self.card.maps, self.card.flags)
        return group_at(self.store / f"{pole}/{level_name(level)}", layout)

    @property
    def groups(self) -> dict[str, Group]:
        """All groups by their path in the store, in the order in which they are made."""
        groups = {level_name(level): self.group(level) for level in range(self.levels)}
        for level in range(self.polar_levels):
            groups |= {f"{pole}/{level_name(level)}": self.polar(pole, level) for pole in POLES}
        return groups | ({INTERVALS: self.intervals()} if self.card.intervals else {})

    @property
    def intervals_grid(self) -> moon.Grid:
        """The grid of the half-widths: coarse, in shards that cover a few of the finest level's."""
        ppd = min(self.card.ppd, _INTERVALS_PPD, max(_LEAST_INTERVALS_PPD, self.card.ppd // _EVERY))
        edge = _COVERED * self.card.shard_edge * ppd // self.card.ppd
        return moon.grid(ppd, max(1, min(edge, _LARGEST_EDGE)))

    def intervals(self) -> Group:
        """The maps of half-widths with their ledger."""
        layout = maps_layout(self.intervals_grid, self.card.intervals, self.card.flags)
        return group_at(self.store / INTERVALS, layout)

    def open(self, level: int = 0) -> xr.Dataset:
        """The maps of a level as a lazy dataset in their units; missing is NaN; ``quality`` stays flags.

        Raises
        ------
        NotFoundError
            If the run has no such level, or is not finished.
        """
        if not 0 <= level < self.levels:
            raise NotFoundError(f"{self.store.url} has levels 0 to {self.levels - 1}, not {level}")
        return self.group(level).open()

    def open_intervals(self) -> xr.Dataset:
        """The half-widths of the intervals as a lazy dataset in the maps' units; missing is NaN.

        Raises
        ------
        NotFoundError
            If the run has none, or is not finished.
        """
        if not self.card.intervals:
            raise NotFoundError(
                f"{self.store.url} has no intervals: its model is of one seed, of equations alone, or of too "
                "few stations; its card says which"
            )
        return self.intervals().open()


def load_run(place: Folder, card: RunCard) -> Run:
    """The run of a folder; nothing is read yet.

    Parameters
    ----------
    place : Folder
        The run's folder.
    card : RunCard
        What is known of it.
    """
    return Run(card, place)


def overview(run: Run) -> xr.Dataset:
    """The maps of a run at a resolution fit for a picture of the whole Moon."""
    return open_small(_drawn_group(run).place)


def drawn(run: Run, name: str) -> xr.DataArray:
    """One map as `overview` has it, or the half-widths of an interval, of a run that need not be finished.

    Parameters
    ----------
    run : Run
        Whose shards of that level are written.
    name : str
        The map.

    Raises
    ------
    NotFoundError, StoreError
        If a shard is missing, or damaged.
    """
    import xarray as xr

    half = name in run.card.intervals
    group, grid = (run.intervals(), run.intervals_grid) if half else (_drawn_group(run), overview_grid(run))
    coords, attrs = {"lat": grid.lat(), "lon": grid.lon()}, group.layout.variable(name).attrs
    return xr.DataArray(decode(group.read_window(name, grid.whole), name), coords, name=name, attrs=attrs)


def extrapolated(card: RunCard, read: Callable[[str], xr.DataArray]) -> xr.DataArray | None:
    """1 where spectra are unlike any station's, so that networks extrapolate; None of a run that cannot tell.

    Parameters
    ----------
    card : RunCard
        Of the run.
    read : callable
        Gives a map of the run by its name, as `overview` has it.
    """
    if card.novelty_limit is None or NOVELTY not in card.maps:
        return None
    novelty = read(NOVELTY)
    # By numpy: the operators of xarray load all of Dask's arrays, in every worker that draws.
    return novelty.copy(data=novelty.values > card.novelty_limit)


def overview_grid(run: Run) -> moon.Grid:
    """The grid of its `overview`."""
    return run.level_grid(_drawn_level(run))


def value_range(run: Run, data: xr.DataArray) -> Range | None:
    """The values of a map of a run, as `overview` or `half_widths` has it; None without a valid one."""
    name, level = str(data.name), _drawn_level(run)
    is_half = name in run.card.intervals
    grid, group = (run.intervals_grid, INTERVALS) if is_half else (run.level_grid(level), level_name(level))
    shade = QUANTITIES[name]
    return range_of(data.values, grid.pixel_area_m2(), shade.step, shade.colours, f"{STORE}/{group}")


def _drawn_group(run: Run) -> Group:
    return run.group(_drawn_level(run))


def _drawn_level(run: Run) -> int:
    fine = (level for level in reversed(range(run.levels)) if run.level_grid(level).ppd >= _DRAWN_PPD)
    return next(fine, 0)


def finish_maps(run: Run, attrs: Mapping[str, Any]) -> None:
    """Make the maps of a run visible, once the shards of all levels are written.

    Parameters
    ----------
    run : Run
        The run.
    attrs : mapping
        Attributes of every level: title, ids, and whatever a reader should know.
    """
    # Loads Zarr, which maps that are there already do not need.
    from lunarcloud.storage import finish_tree, multiscales

    pyramids = {"": multiscales({level_name(level): run.level_grid(level) for level in range(run.levels)})}
    for pole in POLES:
        levels = {level_name(level): run.polar_grid(pole, level) for level in range(run.polar_levels)}
        pyramids[pole] = multiscales(levels)
    finish_tree(run.store, run.groups, attrs, pyramids)


def level_name(level: int) -> str:
    """Path of a level in its store: each is a group of its own, or no tree of groups could hold them all."""
    return str(level)
