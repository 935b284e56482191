"""Nothing to do costs next to nothing: few requests; what is loaded, `tests/cli/test_imports.py` sees."""

from pathlib import Path

import pytest

from lunarcloud.lineage import open_root
from lunarcloud.moon import grid
from lunarcloud.processes import add_stations
from lunarcloud.storage import folder
from lunarcloud.testing.faulty_proxy import faulty_proxy
from lunarcloud.testing.make import act, make
from lunarcloud.testing.s3_server import S3, reconnect
from lunarcloud.testing.small_root import spectra, write_mosaic

pytestmark = [pytest.mark.usefixtures("sketches"), pytest.mark.long]

#: What a root may be asked for to find that nothing is to be done, however many tables have arrived.
MOST_REQUESTS = 10
ROOT = "s3://moon/idle"
TABLE = "site,lat,lon,feo,r415,r750,r900,r950,r1000\nChang'E-{n},{n},5,9.9,.06,.095,.092,.093,.096\n"


@pytest.fixture
def idle(s3_environment: S3, tmp_path: Path) -> S3:
    """The store with a root that has a model of twenty tables, which arrived after its first."""
    write_mosaic(folder(ROOT), grid(1, 64), spectra)
    make("fit", ROOT, equations_only=True, reflectance="table")
    for number in range(7, 27):
        path = tmp_path / f"{number}.csv"
        path.write_text(TABLE.format(n=number))
        add_stations(open_root(ROOT), str(path))
    act("reprocess", ROOT, now=True)
    return s3_environment


def test_nothing_to_do_asks_little_of_the_store(idle: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with faulty_proxy(idle.endpoint) as proxy:
        proxy.plan = lambda method, path: asked.append(f"{method} {path}")
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        reconnect()
        assert act("reprocess", ROOT).steps == ()
    assert 0 < len(asked) <= MOST_REQUESTS, asked
    assert not [each for each in asked if each.startswith(("PUT", "POST", "DELETE"))]
