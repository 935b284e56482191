"""A mosaic of LROC's wide-angle camera as its archive writes them: PDS3 with the label in the file."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LABEL = """PDS_VERSION_ID = PDS3
RECORD_TYPE = FIXED_LENGTH
RECORD_BYTES = {bytes}
FILE_RECORDS = {records}
LABEL_RECORDS = 1
^IMAGE = 2
DATA_SET_ID = "LRO-L-LROC-5-RDR-V1.0"
PRODUCT_ID = "WAC_GLOBAL_E000N0000_004P"
TARGET_NAME = MOON
OBJECT = IMAGE
  LINES = {rows}
  LINE_SAMPLES = {cols}
  SAMPLE_TYPE = PC_REAL
  SAMPLE_BITS = 32
  CORE_NULL = 16#FF7FFFFB#
  SCALING_FACTOR = 1.0
  OFFSET = 0.0
  BANDS = 1
END_OBJECT = IMAGE
OBJECT = IMAGE_MAP_PROJECTION
  MAP_PROJECTION_TYPE = "EQUIRECTANGULAR"
  A_AXIS_RADIUS = 1737.4 <KM>
  B_AXIS_RADIUS = 1737.4 <KM>
  C_AXIS_RADIUS = 1737.4 <KM>
  POSITIVE_LONGITUDE_DIRECTION = "EAST"
  CENTER_LATITUDE = 0.0 <DEG>
  CENTER_LONGITUDE = 0.0 <DEG>
  LINE_FIRST_PIXEL = 1
  SAMPLE_FIRST_PIXEL = 1
  MAP_RESOLUTION = {ppd} <PIX/DEG>
  MAP_SCALE = {scale:.6f} <KM/PIXEL>
  MAXIMUM_LATITUDE = 90.0 <DEG>
  MINIMUM_LATITUDE = -90.0 <DEG>
  EASTERNMOST_LONGITUDE = 180.0 <DEG>
  WESTERNMOST_LONGITUDE = -180.0 <DEG>
  LINE_PROJECTION_OFFSET = {line} <PIXEL>
  SAMPLE_PROJECTION_OFFSET = {sample} <PIXEL>
END_OBJECT = IMAGE_MAP_PROJECTION
END
"""
# ISIS' number for a pixel without a value.
_NULL = np.array([0xFF7FFFFB], "<u4").view("<f4")[0]


def wac_picture(brightness: npt.NDArray[np.float32], *, first_pixel: int = 0) -> bytes:
    """A file of the whole Moon, centred on the near side.

    Parameters
    ----------
    brightness : array, shape (rows, 2 * rows)
        Row 0 is the northernmost, column 0 begins at 180 W; NaN is missing.
    first_pixel : {0, 1}
        What the label's offsets count from.
    """
    rows, cols = brightness.shape
    label = _LABEL.format(
        bytes=4 * cols,
        records=rows + 1,
        rows=rows,
        cols=cols,
        ppd=rows / 180.0,
        scale=np.pi * 1737.4 / rows,
        line=rows / 2 - 0.5 + first_pixel,
        sample=cols / 2 - 0.5 + first_pixel,
    )
    pixels = np.where(np.isnan(brightness), _NULL, brightness).astype("<f4")
    return label.replace("\n", "\r\n").encode().ljust(4 * cols) + pixels.tobytes()
