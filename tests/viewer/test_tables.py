"""What the page is built with, from the tables of other rooms."""

from tools.viewer_tables import PLACE, dumped


def test_the_page_has_the_packages_maps_names_and_colours() -> None:
    assert PLACE.read_text() == dumped(), "python -m tools.viewer_tables makes it again, make viewer the page"
