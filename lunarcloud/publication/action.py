"""Action ``paper``: all figures and tables of the paper and its supplement, beside its numbers."""

from pydantic import BaseModel, ConfigDict

from lunarcloud.engine import Cluster, Session, Watch
from lunarcloud.lineage import Root
from lunarcloud.processes import Action, Inputs, Report, Table, parent, place
from lunarcloud.publication.materials import gather
from lunarcloud.publication.page import PAGE, is_there, key_of, write_page
from lunarcloud.storage import folder


class PaperInputs(Inputs):
    """Of which run, and where the page goes."""

    out: str = place(..., "folder for the page and its files")
    run: str = parent("runs", "run to show")


class Paper(BaseModel):
    """A page of the paper's figures and tables beside ours.

    Attributes
    ----------
    page : str
        Its URL.
    written : bool
        Whether anything was written: not if the same page was there already.
    records : dict of str to str
        What it is made of, by what it is for.
    missing : dict of str to str
        What cannot be had, and why.
    """

    model_config = ConfigDict(frozen=True)

    page: str
    written: bool
    records: dict[str, str]
    missing: dict[str, str]


def _act(inputs: PaperInputs, root: Root, cluster: Cluster, watch: Watch) -> Paper:
    home = folder(inputs.out)
    home.require_writable()
    with Session(cluster, watch) as session:
        materials = gather(root, inputs.run, session)
        written = not is_there(home, key_of(materials))
        if written:
            # Slow to import, and a page that is there already needs none of it.
            from lunarcloud.publication.parts import main_parts
            from lunarcloud.publication.supplement import supplement_parts

            parts = [*main_parts(materials), *supplement_parts(materials)]
            write_page(home, parts, materials, session)
    return Paper(
        page=f"{home.url}/{PAGE}",
        written=written,
        records={name: str(each.record.ref) for name, each in materials.items() if not isinstance(each, str)},
        missing={name: each for name, each in materials.items() if isinstance(each, str)},
    )


def _report(found: Paper) -> Report:
    facts = {"page": found.page, "written": "now" if found.written else "nothing: it was there"}
    # Of one reason that several have, once.
    reasons = dict.fromkeys(found.missing.values())
    rows = tuple(
        (", ".join(name for name, each in found.missing.items() if each == why), why) for why in reasons
    )
    tables = {"cannot be had": Table(columns=("what", "why"), rows=rows)} if rows else {}
    return Report({**facts, **found.records}, tables)


ACTION = Action(name="paper", inputs=PaperInputs, result=Paper, act=_act, report=_report)
