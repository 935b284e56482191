"""Tables of spherical-harmonic coefficients in text: rows of degree, order, cosine and sine, made whole."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lunarcloud.errors import ArchiveError
from lunarcloud.moon import FloatArray, IntArray

if TYPE_CHECKING:  # slow to import, and what finds everything done makes no tables or arrays
    import pandas as pd

_COLUMNS = ["degree", "order", "cosine", "sine"]


def coefficient_rows(data: bytes, source: str) -> pd.DataFrame:
    """Rows of degree, order, cosine, sine, in blanks or commas, exponents E or D; more columns are ignored.

    Raises
    ------
    ArchiveError
        If a row holds something else than numbers.
    """
    import pandas as pd

    # Fortran writes double precision as 1.0D-05, which only Fortran reads.
    text = data.translate(bytes.maketrans(b",Dd", b" EE"))
    try:
        return pd.read_csv(
            io.BytesIO(text),
            sep=r"\s+",
            header=None,
            comment="#",
            usecols=range(4),
            names=_COLUMNS,
            dtype=np.float64,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise ArchiveError(
            f"{source}: a row is not 'degree order cosine sine' in numbers ({error}); "
            "the file is damaged or of another format"
        ) from error


def whole_table(rows: pd.DataFrame, *, promised: int | None, first: int, source: str) -> FloatArray:
    """The coefficients as a table, if every degree and order is there once.

    Parameters
    ----------
    rows : DataFrame
        Columns degree, order, cosine, sine.
    promised : int or None
        Highest degree by the file's header, if it says.
    first : int
        Lowest degree that must be complete; lower ones may be absent and are then zero.
    source : str
        For messages.

    Returns
    -------
    array, shape (2, lmax + 1, lmax + 1)
        ``[0, l, m]`` cosine, ``[1, l, m]`` sine.

    Raises
    ------
    ArchiveError
        If a coefficient is missing, twice there or not finite.
    """
    _require_sane(rows, source)
    degree, order = rows["degree"].to_numpy(np.int64), rows["order"].to_numpy(np.int64)
    lmax = int(degree.max()) if promised is None else promised
    _require_enough(rows, lmax, first, source)
    if degree.max() > lmax:
        raise ArchiveError(f"{source}: the header promises degree {lmax} but degree {degree.max()} is there")
    count = np.zeros((lmax + 1, lmax + 1), dtype=np.int64)
    # Unlike ``count[degree, order] += 1``, this counts an index as often as it is there.
    np.add.at(count, (degree, order), 1)
    _require_once(count, first, source)
    table = np.zeros((2, lmax + 1, lmax + 1))
    table[0, degree, order] = rows["cosine"]
    # Whatever stands for the sine of order 0, sin(0) is 0.
    table[1, degree, order] = np.where(order > 0, rows["sine"], 0.0)
    return table


def _require_sane(rows: pd.DataFrame, source: str) -> None:
    if rows.empty:
        raise ArchiveError(f"{source}: there are no coefficients; the file is empty or truncated")
    numbers = rows[_COLUMNS].to_numpy(np.float64)
    degree, order = numbers[:, 0], numbers[:, 1]
    # The sine of order 0 is nothing: some files leave it out.
    finite = np.isfinite(numbers[:, :3]).all(axis=1) & (np.isfinite(numbers[:, 3]) | (order == 0))
    wrong = ~(finite & (degree % 1 == 0) & (order % 1 == 0) & (order >= 0) & (order <= degree))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise ArchiveError(
            f"{source}: coefficient row {at + 1} of {len(rows)} is {rows.iloc[at].tolist()}; wanted degree, "
            "order (0..degree), cosine and sine, all finite: the file is damaged or truncated"
        )


def _require_enough(rows: pd.DataFrame, lmax: int, first: int, source: str) -> None:
    """Refuse too few rows before a table of that degree is made: a garbled degree may be enormous."""
    # Degree l has l + 1 orders, so n degrees from 0 on have n (n + 1) / 2.
    needed = (lmax + 1) * (lmax + 2) // 2 - first * (first + 1) // 2
    if len(rows) < needed:
        last = rows.iloc[-1]
        raise ArchiveError(
            f"{source}: the coefficients are truncated: {len(rows)} of {needed} up to degree {lmax}, the "
            f"last is degree {last['degree']:.0f} order {last['order']:.0f}; get the whole file again"
        )


def _require_once(count: IntArray, first: int, source: str) -> None:
    degree, order = np.tril_indices(count.shape[0])
    times, needed = count[degree, order], degree >= first
    missing = np.flatnonzero(needed & (times == 0))
    if missing.size:
        at = missing[0]
        raise ArchiveError(
            f"{source}: {missing.size} coefficients are missing, the first is degree {degree[at]} order "
            f"{order[at]}; get the whole file again"
        )
    twice = np.flatnonzero(times > 1)
    if twice.size:
        at = twice[0]
        raise ArchiveError(f"{source}: degree {degree[at]} order {order[at]} is there {times[at]} times")
