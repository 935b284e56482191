"""Options that several commands have, each once, and the arguments that name records."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_type_hints

import typer

if TYPE_CHECKING:
    from lunarcloud.engine import Cluster

_PANEL = "Where and how"

Root = Annotated[
    str,
    typer.Option(
        "--root",
        metavar="PLACE",
        rich_help_panel=_PANEL,
        help="Folder or URL (s3://bucket/prefix) under which everything lives.",
    ),
]
Label = Annotated[
    str, typer.Option("--label", metavar="TEXT", rich_help_panel=_PANEL, help="What to call the record.")
]
AsJson = Annotated[bool, typer.Option("--json", rich_help_panel=_PANEL, help="Print the result as JSON.")]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        rich_help_panel=_PANEL,
        help="Only say what it would take: tasks, bytes, memory, time; nothing is computed.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        rich_help_panel=_PANEL,
        help="Address of a running Dask scheduler; without one, local processes.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="NUMBER", min=1, rich_help_panel=_PANEL, help="Number of local processes."
    ),
]
PerformanceReport = Annotated[
    str | None,
    typer.Option(
        "--performance-report",
        metavar="FILE",
        rich_help_panel=_PANEL,
        help="HTML file for Dask's own report of the run.",
    ),
]
On = Annotated[
    str,
    typer.Option(
        "--on", metavar="PLACE", rich_help_panel=_PANEL, help="Where the job runs: kubernetes or local."
    ),
]
Pool = Annotated[
    str, typer.Option("--pool", metavar="NAME", rich_help_panel=_PANEL, help="Pool of workers of that place.")
]
MaxWorkers = Annotated[
    int | None,
    typer.Option(
        "--max-workers",
        metavar="NUMBER",
        min=1,
        rich_help_panel=_PANEL,
        help="Workers at most; by default as many as the pool has.",
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        metavar="TIME",
        rich_help_panel=_PANEL,
        help="When it should be done, after its start: 90s, 30m, 2h; no more workers than that takes.",
    ),
]
Wait = Annotated[
    bool,
    typer.Option(
        "--wait", rich_help_panel=_PANEL, help="Show how it goes until it ends; end with its exit code."
    ),
]
RecordName = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="Id of a record, its beginning, its label, KIND/ID, or KIND for the latest of a kind.",
    ),
]


class Common(NamedTuple):
    """Where and how a command runs, here or where it is submitted: what commands of the registry share."""

    root: Root
    label: Label = ""
    as_json: AsJson = False
    dry_run: DryRun = False
    scheduler: Scheduler = None
    workers: Workers = None
    performance_report: PerformanceReport = None
    on: On = "kubernetes"
    pool: Pool = "cpu"
    max_workers: MaxWorkers = None
    deadline: Deadline = None
    wait: Wait = False

    def cluster(self) -> Cluster:
        """Where to compute."""
        from lunarcloud.engine import Cluster

        return Cluster(
            scheduler=self.scheduler, workers=self.workers, performance_report=self.performance_report
        )


#: What processes and actions take of these.
OF_PROCESSES = ("root", "label", "as_json", "dry_run", "scheduler", "workers", "performance_report")
OF_ACTIONS = ("root", "as_json", "scheduler", "workers")
#: And where they are submitted instead.
_SUBMITTED = ("on", "pool", "max_workers", "deadline", "wait")
OF_SUBMITTED_PROCESSES = ("root", "label", "as_json", "dry_run", *_SUBMITTED)
OF_SUBMITTED_ACTIONS = ("root", "as_json", *_SUBMITTED)


def parameters(names: tuple[str, ...], **defaults: Any) -> list[inspect.Parameter]:
    """Some of the common options as parameters of a command.

    Parameters
    ----------
    names : tuple of str
        Which.
    **defaults
        Other defaults than usual, by name.
    """
    hints: dict[str, Any] = get_type_hints(Common, include_extras=True)
    usual = Common._field_defaults | defaults
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=usual.get(name, inspect.Parameter.empty),
            annotation=hints[name],
        )
        for name in names
    ]
