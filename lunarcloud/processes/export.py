"""Action ``export``: a map of a run as a GeoTIFF with a PDS4 label, for a GIS and for an archive."""

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, Watch
from lunarcloud.lineage import Root
from lunarcloud.maps import RunCard, load_run
from lunarcloud.processes.about import about
from lunarcloud.processes.action import Action
from lunarcloud.processes.inputs import Inputs, option, parent, place
from lunarcloud.processes.map import PROCESS as MAP
from lunarcloud.processes.process import Report
from lunarcloud.storage import local_path


class ExportInputs(Inputs):
    """Which map, and where it goes."""

    run: str = parent("runs", "run to export a map of", argument=True)
    map: str = option("feo_cnn", "which of its maps")
    to: str = place(..., "GeoTIFF to write, NAME.tif; its PDS4 label is NAME.xml beside it")


class Exported(BaseModel):
    """The files of an exported map.

    Attributes
    ----------
    image, label : str
        Paths of the GeoTIFF and of its PDS4 label.
    run, map : str
        What they show.
    bytes : int
        Size of the image.
    """

    model_config = ConfigDict(frozen=True)

    image: str
    label: str
    run: str
    map: str
    bytes: int


def _act(inputs: ExportInputs, root: Root, cluster: Cluster, watch: Watch) -> Exported:
    # Loads what reads and writes pictures, which no other action needs.
    from lunarcloud.exports import write_map

    entry = root.find("runs", inputs.run)
    record, home = root.record(entry, RunCard), root.place(entry.ref)
    says = about(MAP, entry.ref, record.given)
    found = write_map(load_run(home, record.card), inputs.map, local_path(inputs.to), record, says, watch)
    return Exported(
        image=str(found.image),
        label=str(found.label),
        run=entry.ref.id,
        map=inputs.map,
        bytes=found.image.stat().st_size,
    )


def _report(found: Exported) -> Report:
    facts = {"run": found.run, "map": found.map, "GeoTIFF": found.image, "PDS4 label": found.label}
    return Report({**facts, "bytes": f"{found.bytes:,}"})


ACTION = Action(name="export", inputs=ExportInputs, result=Exported, act=_act, report=_report)
