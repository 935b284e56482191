"""``lunarcloud view``."""

from __future__ import annotations

import threading
import webbrowser
from contextlib import suppress
from typing import Annotated

import typer

from lunarcloud.cli.options import Root
from lunarcloud.cli.output import say
from lunarcloud.cli.signals import Stopped
from lunarcloud.errors import InputError

_PORT = 8765

Port = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port of this machine; 0 is any free one.")
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only say where it is.")]
Export = Annotated[
    bool,
    typer.Option(
        "--export",
        help="Instead, put the page into the root, as view/index.html: a bucket that browsers may read, or "
        "any web server, shows it.",
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="PLACE",
        help="With --export: the folder or URL that gets view/index.html, where another host than the root's "
        "serves it; wants --address.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="URL",
        help="With --to: where browsers find the root; that host must allow the page's (CORS).",
    ),
]


def view(
    root: Root,
    port: Port = _PORT,
    no_browser: NoBrowser = False,
    export: Export = False,
    to: To = None,
    address: Address = None,
) -> None:
    """Look at all that is published under a root: the Moon in a browser, served to this machine alone."""
    # Loads a server, which the help of other commands does not need.
    from lunarcloud.lineage import open_root
    from lunarcloud.storage import folder
    from lunarcloud.viewer import serving, write_page

    if (to is None) != (address is None) or (to is not None and not export):
        raise InputError(
            "--export puts the page into the root; for another host it needs both --to and --address"
        )
    home = open_root(root)
    if not home.recent().records:
        raise InputError(f"nothing is published under {root} yet: `lunarcloud demo` makes a root to look at")
    if export:
        return say(f"wrote {write_page(home.folder if to is None else folder(to), address)}")
    # To be stopped is how it ends, and no failure.
    with suppress(Stopped), serving(home.folder, port) as url:
        say(f"{root} is at {url}  (Ctrl-C ends it)")
        if not no_browser:
            webbrowser.open(url)
        threading.Event().wait()
    return None
