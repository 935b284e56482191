"""PDS3 files of synthetic tiles: the archive's label, keyword for keyword, attached to the image."""

import math

import numpy as np
import numpy.typing as npt

from lunarcloud.archive import MISSING
from lunarcloud.moon import RADIUS_M
from lunarcloud.synthetic.tiling import Frame

#: Reflectance of one DN, as in the archive.
SCALING_FACTOR = 1.35e-4
NOTE = "SYNTHETIC MOON; NOT CLEMENTINE DATA"

_IMAGE = """\
OBJECT                         = IMAGE
  BANDS                        = 5
  BAND_STORAGE_TYPE            = BAND_SEQUENTIAL
  BAND_NAME                    = "N/A"
  LINES                        = {lines}
  LINE_SAMPLES                 = {samples}
  SAMPLE_TYPE                  = MSB_INTEGER
  SAMPLE_BITS                  = 16
  SAMPLE_BIT_MASK              = 2#1111111111111111#
  OFFSET                       = 0.0
  SCALING_FACTOR               = {scaling_factor:.6E}
  VALID_MINIMUM                = -32752
  NULL                         = -32768
  LOW_REPR_SATURATION          = -32767
  LOW_INSTR_SATURATION         = -32766
  HIGH_INSTR_SATURATION        = -32765
  HIGH_REPR_SATURATION         = -32764
  MINIMUM                      = {minimum}
  MAXIMUM                      = {maximum}
  CHECKSUM                     = {checksum}
END_OBJECT                     = IMAGE
"""
_PROJECTION = """\
OBJECT                         = IMAGE_MAP_PROJECTION
  ^DATA_SET_MAP_PROJECTION     = "DSMAP.CAT"
  COORDINATE_SYSTEM_TYPE       = "BODY-FIXED ROTATING"
  COORDINATE_SYSTEM_NAME       = "PLANETOGRAPHIC"
  MAP_PROJECTION_TYPE          = "SINUSOIDAL"
  MAP_RESOLUTION               = {ppd:.7f}
  MAP_SCALE                    = {scale_km:.7f}
  MAXIMUM_LATITUDE             = {north:.7f}
  MINIMUM_LATITUDE             = {south:.7f}
  EASTERNMOST_LONGITUDE        = {east:.7f}
  WESTERNMOST_LONGITUDE        = {west:.7f}
  LINE_PROJECTION_OFFSET       = {line_projection_offset:.7f}
  SAMPLE_PROJECTION_OFFSET     = {sample_projection_offset:.7f}
  A_AXIS_RADIUS                = 1737.4000000
  B_AXIS_RADIUS                = 1737.4000000
  C_AXIS_RADIUS                = 1737.4000000
  FIRST_STANDARD_PARALLEL      = "N/A"
  SECOND_STANDARD_PARALLEL     = "N/A"
  POSITIVE_LONGITUDE_DIRECTION = EAST
  CENTER_LATITUDE              = 0.0
  CENTER_LONGITUDE             = {center_longitude:.7f}
  REFERENCE_LATITUDE           = "N/A"
  REFERENCE_LONGITUDE          = "N/A"
  LINE_FIRST_PIXEL             = 1
  SAMPLE_FIRST_PIXEL           = 1
  LINE_LAST_PIXEL              = {lines}
  SAMPLE_LAST_PIXEL            = {samples}
  MAP_PROJECTION_ROTATION      = 0.0000000
  VERTICAL_FRAMELET_OFFSET     = "N/A"
  HORIZONTAL_FRAMELET_OFFSET   = "N/A"
END_OBJECT                     = IMAGE_MAP_PROJECTION
END
"""
_PRODUCT = """\
DATA_SET_ID                    = "CLEM1-L-U-5-DIM-UVVIS-V1.0"
PRODUCT_ID                     = "{product_id}"
PRODUCER_INSTITUTION_NAME      = "N/A"
PRODUCT_TYPE                   = MDIM
MISSION_NAME                   = "DEEP SPACE PROGRAM SCIENCE
                                  EXPERIMENT"
SPACECRAFT_NAME                = "CLEMENTINE 1"
INSTRUMENT_NAME                = "ULTRAVIOLET/VISIBLE CAMERA"
INSTRUMENT_ID                  = "UVVIS"
TARGET_NAME                    = "MOON"
FILTER_NAME                    = ("A","B","C","D","E")
CENTER_FILTER_WAVELENGTH       = (415.000,750.000,900.000,
                                  950.000,1000.000)
BANDWIDTH                      = (40.000,10.000,20.000,
                                  30.000,30.000)
START_TIME                     = "N/A"
STOP_TIME                      = "N/A"
SPACECRAFT_CLOCK_START_COUNT   = "N/A"
SPACECRAFT_CLOCK_STOP_COUNT    = "N/A"
PRODUCT_CREATION_TIME          = "N/A"
NOTE                           = "{note}"

/*          DESCRIPTION OF OBJECTS CONTAINED IN FILE */

"""
_FILE = """\
PDS_VERSION_ID                 = PDS3

/*          FILE FORMAT AND LENGTH */

RECORD_TYPE                    = FIXED_LENGTH
RECORD_BYTES                   = {record_bytes}
FILE_RECORDS                   = {file_records}
LABEL_RECORDS                  = {label_records}
INTERCHANGE_FORMAT             = BINARY

/*          POINTERS TO START RECORDS OF OBJECTS IN FILE */

^IMAGE                         = {image_record}

/*          IMAGE DESCRIPTION */

"""


def pds3_file(frame: Frame, dn: npt.NDArray[np.int16]) -> bytes:
    """A whole .IMG file: label, padded to whole records, and image.

    Parameters
    ----------
    frame : Frame
        Where the tile lies.
    dn : ndarray of int16, shape (5, lines, samples)
        Its values; -32768 is missing.

    Returns
    -------
    bytes
        The same for the same values: it holds no time of making.
    """
    image = dn.astype(">i2").tobytes()
    described = _description(frame, dn, checksum=int(np.frombuffer(image, np.uint8).sum(dtype=np.int64)))
    # As in the archive, a record is a line of one band, so the image is 5 x lines records.
    record_bytes = 2 * frame.samples
    # The number of records stands in the label and takes room there: count with the widest number first.
    longest = _FILE.format(
        record_bytes=record_bytes, file_records=10**7, label_records=10**7, image_record=10**7
    )
    records = math.ceil(len(_crlf(longest + described)) / record_bytes)
    text = _FILE.format(
        record_bytes=record_bytes,
        file_records=records + 5 * frame.lines,
        label_records=records,
        # Records count from 1, so the first one after the label's is this.
        image_record=records + 1,
    )
    return _crlf(text + described).ljust(records * record_bytes) + image


def _description(frame: Frame, dn: npt.NDArray[np.int16], *, checksum: int) -> str:
    # The label's extremes leave missing pixels out; a tile of nothing else has none to give.
    valid = dn[dn > MISSING]
    lowest, highest = (int(valid.min()), int(valid.max())) if valid.size else (MISSING, MISSING)
    image = _IMAGE.format(
        lines=frame.lines,
        samples=frame.samples,
        scaling_factor=SCALING_FACTOR,
        minimum=lowest,
        maximum=highest,
        checksum=checksum,
    )
    facts = {name: getattr(frame, name) for name in frame.__dataclass_fields__}
    projection = _PROJECTION.format(scale_km=math.radians(RADIUS_M) / frame.ppd / 1000.0, **facts)
    return _PRODUCT.format(product_id=frame.product_id, note=NOTE) + image + "\n" + projection


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("ascii")
