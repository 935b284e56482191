"""``lunarcloud fetch``."""

from __future__ import annotations

from typing import Annotated

import typer

from lunarcloud.cli.output import say


def fetch(
    name: Annotated[str, typer.Argument(help="Such as grgm1200b, lola_shape, maria or wac.")],
    place: Annotated[str, typer.Option("--to", help="Local folder.")] = ".",
) -> None:
    """Download a model or shape for `gravity`, LROC's maria for `--maria`, its mosaic for `--relief`."""
    # May load pyshtools' data sets, which no other command needs.
    from lunarcloud.archive import fetch as download

    say(f"saved {download(name, place)}")
