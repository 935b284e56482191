"""``lunarcloud submit NAME``: any command of the registry, with its own options, as a job somewhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import typer

from lunarcloud.cli.lazy import Lazy, LazyGroup
from lunarcloud.cli.options import Common
from lunarcloud.processes import ACTIONS, PROCESSES

if TYPE_CHECKING:
    from lunarcloud.jobs import Prepared
    from lunarcloud.lineage import Root


class _Commands(LazyGroup):
    def lazy(self) -> Mapping[str, Lazy]:
        lines = {**PROCESSES, **ACTIONS}
        return {name: Lazy(line.summary, "Submit", partial(_build, name)) for name, line in lines.items()}


app = typer.Typer(
    cls=_Commands,
    help="Have any of it run as a job: on Kubernetes, or on this machine in the background.",
    no_args_is_help=True,
    rich_help_panel="Jobs",
)


# Without one, a group of lazy commands alone has no command and cannot be built.
@app.callback()
def _submit() -> None:
    """Have any of it run as a job: on Kubernetes, or on this machine in the background."""


def _build(name: str) -> Callable[..., None]:
    """The command that submits a process or an action: its own options, and where it runs."""
    from lunarcloud.cli.declared import command_of
    from lunarcloud.cli.options import OF_SUBMITTED_ACTIONS, OF_SUBMITTED_PROCESSES, parameters
    from lunarcloud.processes import load_action, load_process

    is_action = name in ACTIONS
    inputs = (load_action(name) if is_action else load_process(name)).inputs
    common = parameters(OF_SUBMITTED_ACTIONS if is_action else OF_SUBMITTED_PROCESSES)
    return command_of(inputs, common, partial(_submit_it, name, inputs))


def _submit_it(name: str, model: Any, values: dict[str, Any], options: Common) -> None:
    from lunarcloud.jobs import Wanted, in_time, prepare, seconds
    from lunarcloud.lineage import open_root
    from lunarcloud.processes import checked

    # An action that submits steps of its own says by the same names where: here it is the action that goes.
    options = options._replace(**{each: values.pop(each) for each in ("on", "pool") if each in values})
    root = open_root(options.root)
    deadline = None if options.deadline is None else seconds(options.deadline)
    wanted = Wanted(options.on, options.pool, options.max_workers, deadline, options.label)
    prepared = in_time(prepare(name, checked(model, values), root, wanted), root)
    if name not in ACTIONS and (options.dry_run or not options.as_json):
        _print_cost(prepared, root, options)
    if not options.dry_run:
        _start(prepared, root, options)


def _start(prepared: Prepared, root: Root, options: Common) -> None:
    from lunarcloud.cli.jobs import wait_for
    from lunarcloud.cli.output import print_json, say
    from lunarcloud.jobs import submit_job

    job, how, called = submit_job(prepared, root)
    # What is published may never have been a job.
    is_waited_for = options.wait and how != "published"
    if options.as_json and not is_waited_for:
        print_json({"job": job.id, "record": job.record, "how": how, "called": called})
    elif not options.as_json and how != "published":
        say(f"job {job.id} {'runs already' if how == 'attached' else f'accepted ({called})'}")
    if is_waited_for:
        wait_for(root, job, as_json=options.as_json)


def _print_cost(prepared: Prepared, root: Root, options: Common) -> None:
    from lunarcloud.cli.output import cost_line, print_json, say
    from lunarcloud.jobs import cost_of

    cost = cost_of(prepared, root)
    print_json(cost) if options.as_json else say(cost_line(cost))
