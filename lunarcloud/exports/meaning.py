"""What the codes of a stored map are in its unit."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lunarcloud.exports.rasters import Stored

# Codes of so many bytes are opened in single precision.
_SINGLE_BYTES = 2


class Meaning(NamedTuple):
    """What the codes of a map are.

    Attributes
    ----------
    step, offset : float
        Value = step x code + offset.
    fill : int or None
        Code of a missing pixel.
    is_flags : bool
        Whether they are flags or classes, which stay as they are.
    """

    step: float
    offset: float
    fill: int | None
    is_flags: bool

    def values(self, codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Pixels in the map's unit, missing ones NaN, the same bits as the opened map has; flags as they are.

        Parameters
        ----------
        codes : ndarray, any shape
            As they are stored.
        """
        if self.is_flags:
            return codes
        kind = np.dtype(np.float32 if codes.dtype.itemsize <= _SINGLE_BYTES else np.float64)
        found: npt.NDArray[Any] = np.multiply(codes, kind.type(self.step), dtype=kind)
        if self.offset:
            found += kind.type(self.offset)
        # Mostly nothing is missing, and to find that out takes a tenth of the time.
        if self.fill is not None and (missing := codes == self.fill).any():
            found[missing] = np.nan
        return found.astype(np.float32, copy=False)


def meaning_of(stored: Stored, name: str) -> Meaning:
    """What the attributes of a map say of its codes."""
    attrs = stored.dataset[name].attrs
    fill = attrs.get("_FillValue")
    return Meaning(
        step=float(attrs.get("scale_factor", 1.0)),
        offset=float(attrs.get("add_offset", 0.0)),
        fill=None if fill is None else int(fill),
        is_flags="scale_factor" not in attrs,
    )
