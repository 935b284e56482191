"""Pages as HTML: text is escaped, numbers stand to the right."""

from lunarcloud.processes.html import html_page, html_table
from lunarcloud.processes.process import Table


def test_numbers_and_texts_of_numbers_stand_to_the_right() -> None:
    drawn = html_table(Table(columns=("of", "wt%"), rows=(("a < b", "+1,234.5"), ("c", 2.0), ("d", ""))))
    assert '<th>of</th><th class="number">wt%</th>' in drawn
    assert '<td>a &lt; b</td><td class="number">+1,234.5</td>' in drawn
    assert "<tr><th" not in html_table(Table(columns=("",), rows=(("a",),)), headed=False)


def test_a_page_is_whole_and_the_same_each_time() -> None:
    page = html_page("Fe & Ti", ["<p>x</p>"])
    assert page == html_page("Fe & Ti", ["<p>x</p>"])
    assert page.startswith("<!doctype html>")
    assert "<title>Fe &amp; Ti</title>" in page
