"""Action ``export``: what a record holds, in the forms of other people's tools."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict

from lunarcloud.engine import Cluster, Watch
from lunarcloud.errors import InputError
from lunarcloud.lineage import Record, Root
from lunarcloud.maps import QUALITY, load_run
from lunarcloud.processes.about import about
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import ARGUMENT, Inputs, option, place
from lunarcloud.processes.process import Report, Table
from lunarcloud.processes.replay import known
from lunarcloud.quantities import QUANTITIES
from lunarcloud.storage import Folder, folder


def _split(value: Any) -> Any:
    """Names with commas between them, given once or more often."""
    words = (value,) if isinstance(value, str) else value
    return [name.strip() for each in words for name in str(each).split(",")]


class ExportInputs(Inputs):
    """What of which record, and where it goes in which form."""

    record: str = place(
        "runs", "record: its id, KIND/ID, its label, or a kind for its latest", **{ARGUMENT: True}
    )
    maps: Annotated[tuple[str, ...], BeforeValidator(_split)] = option(
        (), "maps, with commas between; all of them without it"
    )
    region: str | None = option(
        None,
        "only this part: south,west,north,east, or a feature of the IAU gazetteer (the box around its disc)",
        unit="degrees",
    )
    crs: str | None = option(
        None,
        "projection of the COGs, by its code, such as IAU_2015:30135 (south polar stereographic), 30130 "
        "(north), 30140 (Mollweide); without it the maps' own",
    )
    level: int = option(
        0,
        "of a run: 0 is full resolution, each further one coarser, as a rule half of it",
        limits={"ge": 0, "le": 30},
    )
    cog: str | None = place(
        None, "folder or URL for cloud-optimised GeoTIFFs, NAME.tif, in the maps' units, for QGIS and others"
    )
    colours: bool = option(False, "beside each COG the map's colours, NAME.qml, which QGIS finds")
    netcdf: str | None = place(None, "folder or URL for a netCDF of the maps, of a small region")
    pds4: str | None = place(
        None, "folder or URL for plain GeoTIFFs of a run's codes with PDS4 labels, NAME.tif and NAME.xml"
    )
    tables: str | None = place(
        None, "folder or URL for the record's tables: CSV, and GeoJSON where their rows are places"
    )


class File(BaseModel):
    """A file that was written.

    Attributes
    ----------
    url : str
        Where it is.
    bytes : int
        Its size.
    """

    model_config = ConfigDict(frozen=True)

    url: str
    bytes: int


class Exported(BaseModel):
    """What was written of a record.

    Attributes
    ----------
    record : str
        Its kind and id.
    files : tuple of File
        In the order in which they were asked for.
    """

    model_config = ConfigDict(frozen=True)

    record: str
    files: tuple[File, ...]


class _Of(NamedTuple):
    """A record, and what is asked of it."""

    inputs: ExportInputs
    home: Folder
    record: Record[Any]
    says: Mapping[str, str]
    watch: Watch


def _act(inputs: ExportInputs, root: Root, cluster: Cluster, watch: Watch) -> Exported:
    wanted = [
        (to, write)
        for to, write in (
            (inputs.cog, _cogs),
            (inputs.netcdf, _netcdf),
            (inputs.pds4, _pds4),
            (inputs.tables, _tables),
        )
        if to
    ]
    _require_possible(inputs, [to for to, _ in wanted])
    entry, record, process = known(root, root.locate(inputs.record))
    asked = _Of(inputs, root.place(entry.ref), record, about(process, entry.ref, record.given), watch)
    files = tuple(
        File(url=f"{target.url}/{name}", bytes=size)
        for to, write in wanted
        for target in [folder(to)]
        for name, size in write(asked, target)
    )
    return Exported(record=str(entry.ref), files=files)


def _require_possible(inputs: ExportInputs, places: list[str]) -> None:
    """Refuse what no form can have, before anything is written."""
    if not places:
        raise InputError("give at least one of --cog, --netcdf, --pds4, --tables: the folder to write into")
    for each in places:
        if each.startswith("memory://"):
            raise InputError(
                f"{each}: nothing would be left of it, for memory:// ends with the command; give a folder, "
                "or an object store such as s3://bucket/prefix"
            )
    if inputs.cog and inputs.cog == inputs.pds4:
        raise InputError(f"--cog and --pds4 {inputs.cog!r}: give two folders: files have the same names")
    if inputs.crs and not inputs.cog:
        raise InputError(f"--crs {inputs.crs}: only COGs are projected; give --cog")
    if inputs.colours and not inputs.cog:
        raise InputError("--colours go beside COGs; give --cog")
    if inputs.pds4 and (inputs.region or inputs.level):
        raise InputError("--pds4 writes whole maps at full resolution; leave --region and --level away")


def _cogs(asked: _Of, target: Folder) -> Iterator[tuple[str, int]]:
    # Loads what reads and writes pictures, here and below, which no other action needs.
    from lunarcloud.exports import Layer, Wanted, box_named, chosen, groups_of, qgis_style, write_cog

    inputs, says = asked.inputs, dict(asked.says)
    wanted = Wanted(box_named(inputs.region) if inputs.region else None, inputs.crs)
    groups = groups_of(asked.home, asked.record, inputs.level, whole_moon=any(wanted))
    for group, names in chosen(groups, inputs.maps):
        for name in names:
            key = f"{name}{group.suffix}"
            layer = Layer(group.levels, name, says)
            yield f"{key}.tif", write_cog(target, f"{key}.tif", layer, wanted, asked.watch)
            if inputs.colours and name in QUANTITIES:
                style = qgis_style(QUANTITIES[name]).encode()
                target.write(f"{key}.qml", style)
                yield f"{key}.qml", len(style)


def _netcdf(asked: _Of, target: Folder) -> Iterator[tuple[str, int]]:
    from lunarcloud.exports import box_named, chosen, groups_of, write_netcdf

    inputs = asked.inputs
    box = box_named(inputs.region) if inputs.region else None
    groups = groups_of(asked.home, asked.record, inputs.level, whole_moon=box is not None)
    for group, names in chosen(groups, inputs.maps):
        key = f"{group.title}.nc"
        yield key, write_netcdf(target, key, group.stored, names, box, asked.says)


def _pds4(asked: _Of, target: Folder) -> Iterable[tuple[str, int]]:
    from lunarcloud.exports import write_pds4

    record = asked.record
    if record.ref.kind != "runs":
        raise InputError(f"{record.ref}: only maps of runs are written with PDS4 labels; give --cog")
    run = load_run(asked.home, record.card)
    for name in asked.inputs.maps or run.card.maps:
        if name == QUALITY:
            raise InputError(f"--maps {QUALITY}: only maps with a unit are written with PDS4 labels")
        yield from write_pds4(target, run, name, record, asked.says, asked.watch).items()


def _tables(asked: _Of, target: Folder) -> Iterable[tuple[str, int]]:
    from lunarcloud.exports import write_tables

    return write_tables(target, asked.home, asked.record).items()


def _report(found: Exported) -> Report:
    rows = tuple((each.url, each.bytes) for each in found.files)
    return Report({"record": found.record}, {"written": Table(columns=("file", "bytes"), rows=rows)})


ACTION = Action(name="export", inputs=ExportInputs, result=Exported, act=_act, report=_report)
