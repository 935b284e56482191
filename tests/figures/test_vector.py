"""Figures as PDF: the same figure gives the same bytes, with the folder's note."""

from pathlib import Path

from matplotlib.figure import Figure

from lunarcloud.figures.vector import save_vector
from lunarcloud.storage import folder


def _drawn() -> Figure:
    figure = Figure(figsize=(3.5, 2))
    figure.subplots().plot([0, 1])
    return figure


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    save_vector(_drawn(), folder(tmp_path), "a.pdf")
    save_vector(_drawn(), folder(tmp_path), "b.pdf")
    first = (tmp_path / "a.pdf").read_bytes()
    assert first.startswith(b"%PDF")
    assert first == (tmp_path / "b.pdf").read_bytes()
    assert b"CreationDate" not in first


def test_a_note_stands_below(tmp_path: Path) -> None:
    figure = _drawn()
    save_vector(figure, folder(tmp_path).saying({"note": "SYNTHETIC"}), "a.pdf")
    (note,) = figure.texts
    assert (note.get_text(), note.get_position()[1] < 0) == ("SYNTHETIC", True)
