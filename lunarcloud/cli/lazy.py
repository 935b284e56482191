"""Groups of commands that are built when they are called: the list of all of them loads none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Lazy(NamedTuple):
    """A command that is not built yet: what it does in a sentence, its panel in the help, how to build it."""

    summary: str
    panel: str
    build: Callable[[], Callable[..., None]]


class LazyGroup(TyperGroup):
    """A group of commands, those of `lazy` built when they are called; others of the same name go before."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._built: dict[str, Any] = {}

    def lazy(self) -> Mapping[str, Lazy]:
        """Commands by name, in the order of the help."""
        raise NotImplementedError  # typer makes groups by a metaclass that knows no abstract methods

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        return list(dict.fromkeys((*self.lazy(), *super().list_commands(ctx))))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command; one that is not built yet can only be listed."""
        found = self.lazy().get(cmd_name)
        if found is None or cmd_name in self.commands:
            return super().get_command(ctx, cmd_name)
        listed = TyperCommand(name=cmd_name, help=found.summary, rich_help_panel=found.panel)
        return self._built.get(cmd_name, listed)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that was called, built."""
        found = self.lazy().get(args[0])
        if found is not None and args[0] not in self.commands:
            self._built[args[0]] = _built(args[0], found)
        return super().resolve_command(ctx, args)


def _built(name: str, found: Lazy) -> Any:
    alone = typer.Typer(add_completion=False)
    alone.command(name, help=found.summary)(found.build())
    return typer.main.get_command(alone)
