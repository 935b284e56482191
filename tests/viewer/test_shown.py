"""The viewer in a notebook."""

from uuid import uuid4

import pytest
import requests

import lunarcloud


def test_a_notebook_shows_a_root_until_it_is_closed() -> None:
    shown = lunarcloud.view(f"memory://{uuid4().hex}")
    assert f'src="{shown.url}"' in shown._repr_html_()
    assert requests.get(shown.url, timeout=10).ok
    shown.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(shown.url, timeout=10)
