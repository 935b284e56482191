"""Equal-area cells five times as wide and high, for tests that count them whatever their size."""

from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client

from lunarcloud.statistics import cells


@contextmanager
def few_cells(client: Client | None = None) -> Iterator[None]:
    """Cut the Moon into a twenty-fifth of the cells, here and on the workers of a cluster.

    Parameters
    ----------
    client : Client, optional
        Of a cluster whose workers take part.
    """
    usual = cells.N_BANDS, cells.CELL_KM2
    _cut(client, 240, 25 * 2.25)
    try:
        yield
    finally:
        _cut(client, *usual)


def _cut(client: Client | None, n_bands: int, cell_km2: float) -> None:
    _cut_here(n_bands, cell_km2)
    if client is not None:
        client.run(_cut_here, n_bands, cell_km2)


def _cut_here(n_bands: int, cell_km2: float) -> None:
    cells.N_BANDS, cells.CELL_KM2 = n_bands, cell_km2
    cells.band_counts.cache_clear()
    cells.band_starts.cache_clear()
