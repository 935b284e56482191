"""Options that several commands have, once."""

from typing import Annotated

import typer

Root = Annotated[
    str, typer.Option("--root", help="Folder or URL (s3://bucket/prefix) under which everything lives.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only say what it would take: tasks, bytes, memory, time.")
]
Scheduler = Annotated[
    str | None,
    typer.Option("--scheduler", help="Address of a running Dask scheduler; without one, local processes."),
]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Number of local processes.")]
Report = Annotated[
    str | None, typer.Option("--performance-report", help="HTML file for Dask's own report of the run.")
]
