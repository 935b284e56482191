"""Functions of `lunarcloud`, written from the registry by ``python -m lunarcloud.api_stub``."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from lunarcloud.api import job as job, open_gravity as open_gravity, open_intervals as open_intervals, open_maps as open_maps, open_mosaic as open_mosaic, record as record, records as records, submit as submit, view as view
from lunarcloud.archive import StationTable
from lunarcloud.engine import Cluster
from lunarcloud.engine import Watch
from lunarcloud.models import Model
from lunarcloud.processes.demo import Demonstration
from lunarcloud.processes.doctor import Diagnosis
from lunarcloud.processes.export import Exported
from lunarcloud.processes.repair import Repair
from lunarcloud.processes.sample import Sampled
from lunarcloud.processes.verify import Verification
from lunarcloud.publication.action import Paper
from lunarcloud.reprocessing.action import Reprocessed
from lunarcloud.reprocessing.status import RootStatus
from xarray import Dataset

__version__: str


def ingest(
    tiles: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    root: str | os.PathLike[str],
    ppd: int,
    shard: int | None = None,
    instrument: str | None = None,
    bands: str | os.PathLike[str] | None = None,
    strict: bool = False,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Make the reflectance mosaic of archive tiles: nearest neighbour, the archive's own numbers kept.

    Parameters
    ----------
    tiles : str or path or sequence of str or path
        Folders, globs, .tar.gz archives, files or URLs of PDS3 .img or PDS4 .xml tiles; of another
        --instrument PDS3 .lbl with .img, GeoTIFF, ISIS .cub or Zarr.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    ppd : int
        Pixels per degree of the grid; 304 is full resolution; at least 1, at most 1000.
    shard : int, optional
        Edge of a shard; 2048 unless the grid is small; pixels; at least 1, at most 65536.
    instrument : str, optional
        Whose cubes these are, clementine-uvvis, kaguya-mi, m3, iim, other; without it, the archive's
        tiles of Clementine.
    bands : str or path, optional
        CSV of the cubes' bands, a row each: wavelength_nm, and if wanted band (from 1), name,
        scale_factor, add_offset; without it, the files say their wavelengths.
    strict : bool, default False
        Refuse if any of the 996 tiles is missing or unusable.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def stations(
    table: str | os.PathLike[str] | None = None,
    *,
    root: str | os.PathLike[str],
    name: str = 'main',
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> StationTable:
    """Publish a table of ground truth: sites with oxides in wt%.

    Parameters
    ----------
    table : str or path, optional
        CSV of ground truth; without one, the shipped stations and the inbox's.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    name : str, default 'main'
        What the table is called: its later versions have the same name.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    StationTable

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def fit(
    *,
    root: str | os.PathLike[str],
    stations: str = 'main',
    without: Sequence[str] = (),
    reflectance: Literal['table', 'mosaic', 'mixed'] | None = None,
    mosaic: str | None = 'latest',
    equations_only: bool = False,
    seeds: int = 20,
    first_seed: int = 0,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Model:
    """Fit equations and train networks on ground truth (wt%), with honest accuracy.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    stations : str, default 'main'
        Ground truth: main, a published table, or a CSV file.
    without : sequence of str, default ()
        Site or mission to leave out.
    reflectance : {'table', 'mosaic', 'mixed'}, optional
        Where spectra come from; by default the table, else the mosaic where both differ by 15 % at
        most; mixed: however much they differ.
    mosaic : str or None, default 'latest'
        Mosaic to sample, if there is one.
    equations_only : bool, default False
        Train no networks.
    seeds : int, default 20
        Networks of each oxide, alike but for chance: maps are of their mean; 1: as the paper; at least
        1, at most 32.
    first_seed : int, default 0
        Chance of the first of them; the others count on; at least 0, at most 1000000.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Model

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def map(
    *,
    root: str | os.PathLike[str],
    model: str = 'latest',
    mosaic: str = 'latest',
    exact: bool = False,
    seed: int | None = None,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Compute the oxide maps (wt%), maturity and Mg# of a mosaic by a model.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    model : str, default 'latest'
        Model, or qiu2025, the paper's equations.
    mosaic : str, default 'latest'
        Mosaic to map.
    exact : bool, default False
        Ask all networks of every pixel, not the student that stands for them.
    seed : int, optional
        Map with the networks of one seed alone, as the paper did; at least 0.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def reduce(
    *,
    root: str | os.PathLike[str],
    run: str = 'latest',
    exclude: Sequence[Literal['clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input']] = ('clipped',),
    maria: str | os.PathLike[str] | None = None,
    units: str | os.PathLike[str] | None = None,
    name_field: str | None = None,
    regions: Sequence[str] = ('Mare Tranquillitatis',),
    sampling: Literal['cells', 'pixels'] = 'cells',
    above: Mapping[str, float] = {},
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Equal-area statistics of every map (wt%) by unit: means, deviations, quantiles, histograms, modes.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    run : str, default 'latest'
        Run to look at.
    exclude : sequence of {'clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input'}, default ('clipped',)
        Pixels of a map that are left out, by what quality says of them, with commas between: clipped,
        extrapolated, outside_validity, off_scale, missing_input, or nothing.
    maria : str or path, optional
        Polygon file of the maria; without one, the shipped outlines.
    units : str or path, optional
        Polygon file (GeoJSON, shapefile, GeoPackage), one unit for each name in it.
    name_field : str, optional
        Attribute of that file with the names.
    regions : sequence of str, default ('Mare Tranquillitatis',)
        Feature of the IAU gazetteer: a mare in its outline, others as discs.
    sampling : {'cells', 'pixels'}, default 'cells'
        Cells: the paper's equal-area cells of 2.25 km2; pixels: every pixel by its exact area.
    above : mapping of str to float, default {}
        Also tell the area where a map lies above a limit, NAME=NUMBER; the map's.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def compare(
    run: str = 'latest',
    other: str | None = None,
    *,
    root: str | os.PathLike[str],
    exclude: Sequence[Literal['clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input']] = ('clipped',),
    maria: str | os.PathLike[str] | None = None,
    units: str | os.PathLike[str] | None = None,
    name_field: str | None = None,
    regions: Sequence[str] = ('Mare Tranquillitatis',),
    grid: str | os.PathLike[str] | None = None,
    map: str = 'feo_cnn',
    variable: str | None = None,
    reverse: bool = False,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Compare run with run (first minus second), equations with networks, or a map with anybody's (wt%).

    Parameters
    ----------
    run : str, default 'latest'
        The first run.
    other : str, optional
        The second; without it, equation maps against CNN maps of the first, as in the paper's Fig. 4.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    exclude : sequence of {'clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input'}, default ('clipped',)
        Pixels of a map that are left out, by what quality says of them, with commas between: clipped,
        extrapolated, outside_validity, off_scale, missing_input, or nothing.
    maria : str or path, optional
        Polygon file of the maria; without one, the shipped outlines.
    units : str or path, optional
        Polygon file (GeoJSON, shapefile, GeoPackage), one unit for each name in it.
    name_field : str, optional
        Attribute of that file with the names.
    regions : sequence of str, default ('Mare Tranquillitatis',)
        Feature of the IAU gazetteer: a mare in its outline, others as discs.
    grid : str or path, optional
        Somebody's map in the place of the second run: GeoTIFF, Zarr or CSV (a matrix of the whole Moon
        from the north pole and 180 W on, or columns lat, lon and the map), in the unit of --map.
    map : str, default 'feo_cnn'
        Which map of the run that is.
    variable : str, optional
        Its name in a Zarr group or table with several.
    reverse : bool, default False
        Subtract the other way round: CNN minus equation, second minus first, theirs minus ours.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def prospector(
    *,
    root: str | os.PathLike[str],
    run: str = 'latest',
    exclude: Sequence[Literal['clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input']] = (),
    lpgrs: str | os.PathLike[str] = 'best',
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Compare a run with Lunar Prospector's abundances (wt%).

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    run : str, default 'latest'
        Run to look at.
    exclude : sequence of {'clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input'}, default ()
        Pixels of a map that are left out, by what quality says of them, with commas between: clipped,
        extrapolated, outside_validity, off_scale, missing_input, or nothing.
    lpgrs : str or path, default 'best'
        Abundances: best (FeO and TiO2 in 2-degree pixels, the others, which are noise there, in
        5-degree ones), 2deg or 5deg (shipped), or path or URL of a PDS .tab or .csv.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def polar(
    *,
    root: str | os.PathLike[str],
    run: str = 'latest',
    exclude: Sequence[Literal['clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input']] = ('clipped',),
    maria: str | os.PathLike[str] | None = None,
    pole: Literal['north', 'south'] = 'south',
    limit: float = 65.0,
    coverage: float = 0.95,
    feo_above: float = 15.0,
    mg_below: float = 0.6,
    pixel_m: float | None = None,
    gravity: str | None = 'latest',
    relief: str | os.PathLike[str] = 'lola4',
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Find potential mare basalt around a pole by FeO (wt%) and Mg#, ranked by area, with polar maps.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    run : str, default 'latest'
        Run to look at.
    exclude : sequence of {'clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input'}, default ('clipped',)
        Pixels of a map that are left out, by what quality says of them, with commas between: clipped,
        extrapolated, outside_validity, off_scale, missing_input, or nothing.
    maria : str or path, optional
        Polygon file of the maria; without one, the shipped outlines.
    pole : {'north', 'south'}, default 'south'
        Pole.
    limit : float, default 65.0
        Absolute latitude of the region's edge; degrees; at least 10, below 90.
    coverage : float, default 0.95
        Part of the maria's cells that counts as their composition; above 0, at most 1.
    feo_above : float, default 15.0
        High FeO begins above this; wt%; at least 0, at most 100.
    mg_below : float, default 0.6
        And has a molar Mg# below this; at least 0, at most 1.
    pixel_m : float, optional
        Pixel of the polar maps; by default as fine as the run along a meridian; m; above 0.
    gravity : str or None, default 'latest'
        Gravity to draw the candidates over, where any is published.
    relief : str or path, default 'lola4'
        What is seen through the pictures: lola4 (shipped) or another topography as for gravity, as
        shaded relief; or a grey picture, such as LROC's WAC mosaic.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def provenance(
    *,
    root: str | os.PathLike[str],
    run: str = 'latest',
    exclude: Sequence[Literal['clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input']] = ('clipped',),
    maps: Mapping[str, tuple[float, float] | str] = {},
    sample: str = 'sample',
    tolerance: float = 0.0,
    feo: tuple[float, float] | str | None = None,
    tio2: tuple[float, float] | str | None = None,
    al2o3: tuple[float, float] | str | None = None,
    mgo: tuple[float, float] | str | None = None,
    cao: tuple[float, float] | str | None = None,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Where on the maps a sample of a given composition (wt%) could come from, best regions first.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    run : str, default 'latest'
        Run to look at.
    exclude : sequence of {'clipped', 'extrapolated', 'outside_validity', 'off_scale', 'missing_input'}, default ('clipped',)
        Pixels of a map that are left out, by what quality says of them, with commas between: clipped,
        extrapolated, outside_validity, off_scale, missing_input, or nothing.
    maps : mapping of str to (float, float) or str, default {}
        Range of any map by its name, NAME=LOW:HIGH; the map's.
    sample : str, default 'sample'
        What to call it in tables and figures.
    tolerance : float, default 0.0
        How much wider the oxides' ranges are at both ends, in leave-one-out RMSE of the run's model: 1
        allows for the map's own uncertainty; at least 0, at most 10.
    feo : (float, float) or str, optional
        Lowest and highest FeO as the networks map it; wt%.
    tio2 : (float, float) or str, optional
        Lowest and highest TiO2 as the networks map it; wt%.
    al2o3 : (float, float) or str, optional
        Lowest and highest Al2O3 as the networks map it; wt%.
    mgo : (float, float) or str, optional
        Lowest and highest MgO as the networks map it; wt%.
    cao : (float, float) or str, optional
        Lowest and highest CaO as the networks map it; wt%.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def verify(
    record: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str],
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Verification:
    """Read every object of a record again and compare it with its digest.

    Parameters
    ----------
    record : str or path
        Record: its id, KIND/latest, or its label.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Verification

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def repair(
    record: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str],
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Repair:
    """Make again exactly what `verify` names.

    Parameters
    ----------
    record : str or path
        Record: its id, KIND/latest, or its label.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Repair

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def export(
    record: str | os.PathLike[str] = 'runs',
    *,
    root: str | os.PathLike[str],
    maps: Sequence[str] = (),
    region: str | None = None,
    crs: str | None = None,
    level: int = 0,
    cog: str | os.PathLike[str] | None = None,
    colours: bool = False,
    netcdf: str | os.PathLike[str] | None = None,
    pds4: str | os.PathLike[str] | None = None,
    tables: str | os.PathLike[str] | None = None,
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Exported:
    """Write maps (wt%) as cloud-optimised GeoTIFF, netCDF or PDS4, and tables as CSV and GeoJSON.

    Parameters
    ----------
    record : str or path, default 'runs'
        Record: its id, KIND/ID, its label, or a kind for its latest.
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    maps : sequence of str, default ()
        Maps, with commas between; all of them without it.
    region : str, optional
        Only this part: south,west,north,east, or a feature of the IAU gazetteer (the box around its
        disc); degrees.
    crs : str, optional
        Projection of the COGs, by its code, such as IAU_2015:30135 (south polar stereographic), 30130
        (north), 30140 (Mollweide); without it the maps' own.
    level : int, default 0
        Of a run: 0 is full resolution, each further one coarser, as a rule half of it; at least 0, at
        most 30.
    cog : str or path, optional
        Folder or URL for cloud-optimised GeoTIFFs, NAME.tif, in the maps' units, for QGIS and others.
    colours : bool, default False
        Beside each COG the map's colours, NAME.qml, which QGIS finds.
    netcdf : str or path, optional
        Folder or URL for a netCDF of the maps, of a small region.
    pds4 : str or path, optional
        Folder or URL for plain GeoTIFFs of a run's codes with PDS4 labels, NAME.tif and NAME.xml.
    tables : str or path, optional
        Folder or URL for the record's tables: CSV, and GeoJSON where their rows are places.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Exported

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def reprocess(
    *,
    root: str | os.PathLike[str],
    dry_run: bool = False,
    now: bool = False,
    tolerance: float = 0.0,
    on: str | os.PathLike[str] | None = None,
    pool: str | os.PathLike[str] = 'cpu',
    forever: bool = False,
    listen: int | None = None,
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Reprocessed:
    """After a new sample or mosaic: all that was made of older ones, made again, explained and told.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    dry_run : bool, default False
        Only say what would be made again.
    now : bool, default False
        Do not wait until the inbox has settled.
    tolerance : float, default 0.0
        Keep a run where its new model moves no oxide of 99 of 100 pixels of a sample by more; 0: never;
        wt%; at least 0.
    on : str or path, optional
        Where each step runs as a job of its own: kubernetes or local; without one, here.
    pool : str or path, default 'cpu'
        Pool of workers of that place.
    forever : bool, default False
        Go on until stopped: look again every half minute.
    listen : int, optional
        With --watch, port to listen on: POST /poke has it look at once, GET /metrics is for Prometheus.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Reprocessed

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def status(
    *,
    root: str | os.PathLike[str],
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> RootStatus:
    """What latest means, how stale it is (seconds), what is due, what runs, where the last report is.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    RootStatus

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def sample(
    points: str | os.PathLike[str],
    *,
    root: str | os.PathLike[str],
    to: str | os.PathLike[str],
    run: str = 'latest',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Sampled:
    """Values of every map of a run (wt%) at points: CSV of degrees in, CSV with units and flags out.

    Parameters
    ----------
    points : str or path
        CSV with columns lat and lon (degrees, east positive, -180..360).
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    to : str or path
        CSV to write: the same rows with every map's value.
    run : str, default 'latest'
        Run to look at.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Sampled

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def doctor(
    *,
    root: str | os.PathLike[str],
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Diagnosis:
    """Try everything that work under a root needs: permissions, conditional writes, workers, clock.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Diagnosis

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def paper(
    *,
    root: str | os.PathLike[str],
    out: str | os.PathLike[str],
    run: str = 'latest',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Paper:
    """Every figure and table of the paper, each beside its numbers (wt%), as a page with PDF figures.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    out : str or path
        Folder for the page and its files.
    run : str, default 'latest'
        Run to show.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Paper

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def demo(
    place: str | os.PathLike[str] = 'demo',
    *,
    root: str | os.PathLike[str] | None = None,
    ppd: int = 4,
    seeds: int = 20,
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Demonstration:
    """All of it on a synthetic Moon whose truth is known, written as the archive's 996 tiles.

    Parameters
    ----------
    place : str or path, default 'demo'
        New local folder for the tiles, and the root without another.
    root : str or path, optional
        Folder or URL (s3://bucket/prefix) under which everything lives.
    ppd : int, default 4
        Pixels per degree; at least 2, at most 64.
    seeds : int, default 20
        Networks of each oxide, as for fit; at least 1, at most 32.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Demonstration

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """

def reduce_gravity(
    *,
    root: str | os.PathLike[str],
    density_kg_m3: float = 2550.0,
    degrees: tuple[int, int] | str = (60, 600),
    gradient_degrees: tuple[int, int] | str = (50, 350),
    taper: int = 0,
    radius_m: float = 1738000.0,
    gravity: str | os.PathLike[str] = 'lp165p',
    topography: str | os.PathLike[str] = 'lola4',
    relief: str | os.PathLike[str] | None = None,
    frame: Literal['mean-earth', 'de421', 'de430', 'de440'] | None = None,
    ppd: int = 8,
    shard: int | None = None,
    polar_limit: float = 60.0,
    label: str = '',
    cluster: Cluster | None = None,
    watch: Watch | None = None,
) -> Dataset:
    """Bouguer anomaly (mGal) and its horizontal gradients (Eotvos) from gravity model and topography.

    Parameters
    ----------
    root : str or path
        Folder or URL (s3://bucket/prefix) under which everything lives.
    density_kg_m3 : float, default 2550.0
        Density of the crust; kg/m3; above 0, at most 6000.
    degrees : (int, int) or str, default (60, 600)
        Degrees of the Bouguer anomaly; LOW:HIGH.
    gradient_degrees : (int, int) or str, default (50, 350)
        Degrees of its gradients; LOW:HIGH.
    taper : int, default 0
        Width of the cosine ramps inside both ends; 0 cuts hard; degrees; at least 0.
    radius_m : float, default 1738000.0
        Radius where everything is evaluated; m; at least 1700000, at most 2500000.
    gravity : str or path, default 'lp165p'
        Gravity model: lp165p (shipped), or path or URL of PDS .tab, ICGEM .gfc, .cof, pyshtools text.
    topography : str or path, default 'lola4'
        Topography: lola4 (shipped), or path or URL of LOLA .img/.lbl, GeoTIFF, .sh or .bshc.
    relief : str or path, optional
        What is seen through the pictures, as for polar; by default the topography's shaded relief.
    frame : {'mean-earth', 'de421', 'de430', 'de440'}, optional
        Frame of the model's coefficients: mean-earth, or the principal axes of an ephemeris, from which
        they are rotated into it; by default what the model's header or name says.
    ppd : int, default 8
        Pixels per degree of the grids; 8 holds every degree up to 1439; at least 1, at most 1000.
    shard : int, optional
        Edge of a shard; pixels; at least 1, at most 65536.
    polar_limit : float, default 60.0
        Absolute latitude where the polar grids end; degrees; at least 10, below 90.
    label : str, default ''
        What to call the record.
    cluster : Cluster, optional
        Where to compute; local processes without one.
    watch : callable, optional
        Told of every event.

    Returns
    -------
    Dataset

    Raises
    ------
    LunarcloudError
        `InputError` before anything is computed; `StoreError`, `ComputeError` afterwards.
    """
