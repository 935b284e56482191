"""Figures as PDF for a journal: lines and letters as vectors, maps as pictures within."""

from io import BytesIO
from textwrap import wrap
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from lunarcloud.figures.style import NOTE_COLOUR
from lunarcloud.storage import Folder

# Of the maps within, dots per inch of print.
_DPI = 300
# Letters of a note in an inch, at 6 points.
_NOTE_LETTERS = 16
# Letters that can be selected and edited, as journals want them; neither a date nor who made it, so that the
# same data give the same bytes.
_STYLE: dict[Any, Any] = {"pdf.fonttype": 42}
_METADATA = {"CreationDate": None, "Creator": None, "Producer": None}


def save_vector(figure: Figure, place: Folder, name: str) -> str:
    """Save a figure as PDF, with the folder's note below it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to save, at its size.
    place : Folder
        Where.
    name : str
        Of the file, with ``.pdf``.

    Returns
    -------
    str
        Its URL.

    Raises
    ------
    StoreError
        If the storage does not take it.
    """
    note = dict(place.says).get("note")
    if note:
        lines = "\n".join(wrap(note, int(_NOTE_LETTERS * figure.get_figwidth())))
        # Below the figure's edge, where its layout puts nothing; the page grows by it.
        figure.text(0.5, -0.01, lines, ha="center", va="top", fontsize=6, color=NOTE_COLOUR, weight="bold")
    drawn = BytesIO()
    with rc_context(_STYLE):
        figure.savefig(drawn, format="pdf", dpi=_DPI, bbox_inches="tight", metadata=_METADATA)
    place.write(name, drawn.getvalue())
    return f"{place.url}/{name}"
