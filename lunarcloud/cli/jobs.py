"""``lunarcloud jobs``: what was submitted, how it goes, its log; waiting for it, cancelling it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lunarcloud.cli.options import AsJson, Root
from lunarcloud.cli.output import console, duration, print_facts, print_json, print_table, say
from lunarcloud.lineage import Root as Home
from lunarcloud.lineage import open_root

if TYPE_CHECKING:
    from lunarcloud.jobs import Job, Seen

_ASK_S = 1.0
#: Of a job that was lost: it may go well the next time.
_LOST = 75

JobName = Annotated[str, typer.Argument(metavar="ID", help="Id of a job, or its unmistakable beginning.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")]

app = typer.Typer(
    help="What was submitted: list, show, logs, wait, cancel. Only the root is needed.",
    no_args_is_help=True,
    rich_help_panel="Jobs",
)


@app.command("list")
def list_jobs(root: Root, as_json: AsJson = False) -> None:
    """List the jobs under a root: state, progress, when and where they were submitted."""
    from lunarcloud.jobs import list_jobs, look

    home = open_root(root)
    found = [look(home, job) for job in list_jobs(home)]
    if as_json:
        return print_json([_document(seen) for seen in found])
    columns = ("job", "state", "done", "attempt", "on", "submitted", "record")
    return print_table(f"{len(found)} jobs under {root}", columns, map(_row, found))


@app.command()
def show(root: Root, name: JobName, as_json: AsJson = False) -> None:
    """Show a job: what is wanted, how it goes, what came of it."""
    from lunarcloud.jobs import find_job, look

    home = open_root(root)
    seen = look(home, find_job(home, name))
    return print_json(_document(seen)) if as_json else print_facts(seen.job.id, _facts(seen))


@app.command()
def logs(root: Root, name: JobName, follow: Follow = False) -> None:
    """Print the last megabyte of a job's log."""
    from lunarcloud.jobs import ended, find_job, look, read_log

    home = open_root(root)
    job, printed = find_job(home, name), ""
    while True:
        is_over = not follow or ended(look(home, job))
        text = read_log(home, job)
        console.file.write(_rest(printed, text))
        console.file.flush()
        printed = text
        if is_over:
            return
        time.sleep(_ASK_S)


@app.command()
def wait(root: Root, name: JobName, as_json: AsJson = False) -> None:
    """Show how a job goes until it ends; end with its exit code, 1 if it was cancelled, 75 if it was lost."""
    from lunarcloud.jobs import find_job

    home = open_root(root)
    wait_for(home, find_job(home, name), as_json=as_json)


@app.command()
def cancel(root: Root, name: JobName) -> None:
    """Have a job end with nothing published; what is computed stays, for when it is submitted again."""
    from lunarcloud.jobs import ended, find_job, look, want_cancel

    home = open_root(root)
    seen = look(home, find_job(home, name))
    if ended(seen):
        return say(f"job {seen.job.id} has ended: {seen.state}")
    want_cancel(home, seen.job)
    return say(f"job {seen.job.id} will end within seconds; `lunarcloud jobs wait` waits for that")


@app.command()
def run(root: Root, name: JobName) -> None:
    """Run a job here: what a pod does. Exit code 0 unless it is worth another try (1, 75) or never (2)."""
    from lunarcloud.engine import write_log
    from lunarcloud.jobs import run_job

    write_log()
    if code := run_job(name, root):
        raise typer.Exit(code)


def wait_for(root: Home, job: Job, *, as_json: bool) -> None:
    """Show how a job goes until it ends, and end the command as it ended.

    Parameters
    ----------
    root : Root
        Where it was submitted.
    job : Job
        Which.
    as_json : bool
        Print its status as JSON at the end.
    """
    from lunarcloud.cli.watches import bar
    from lunarcloud.jobs import follow_job, line

    with bar() as watch:
        seen = follow_job(root, job, watch)
    print_json(_document(seen)) if as_json else say(line(seen))
    code = seen.status.exit_code
    if code := (_LOST if code is None else code):
        raise typer.Exit(code)


def _document(seen: Seen) -> dict[str, Any]:
    """A job for machines: its state as it is seen from here, what is wanted, what its runner said."""
    return {"job": seen.job, "state": seen.state, "status": seen.status}


def _row(seen: Seen) -> tuple[object, ...]:
    job, status = seen.job, seen.status
    done = f"{status.done}/{status.total}" if status.total else ""
    when = f"{job.submitted:%Y-%m-%d %H:%M}"
    return job.id, seen.state, done, status.attempt, job.on, when, status.record


def _facts(seen: Seen) -> list[tuple[str, object]]:
    from lunarcloud.jobs import trouble_of

    job, status = seen.job, seen.status
    left = "" if status.left_s is None else f", about {duration(status.left_s)} left"
    progress = f"{status.stage}: {status.done}/{status.total} shards, {status.mpixel_s:.1f} Mpixel/s{left}"
    facts = {
        "state": seen.state,
        "waits": trouble_of(job) if seen.state == "accepted" else "",
        "progress": progress if status.total else "",
        "attempt": status.attempt or "",
        "heartbeat": status.heartbeat or "",
        "error": status.error,
        "exit code": "" if status.exit_code is None else status.exit_code,
        "on": f"{job.on}, pool {job.pool}",
        "submitted": job.submitted,
        "label": job.label,
        **{f"input {name}": value for name, value in job.inputs.items()},
        "will make": "" if status.record else job.record,
        "record": status.record,
        "where": status.url,
    }
    return [(name, value) for name, value in facts.items() if value != ""]


def _rest(printed: str, text: str) -> str:
    """What of a log is not printed yet; its beginning is cut off once it is a megabyte long."""
    if text.startswith(printed):
        return text[len(printed) :]
    last = printed.rpartition("\n")[0].rpartition("\n")[2]
    return text.rpartition(f"{last}\n")[2] if last else text
