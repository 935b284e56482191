"""PDS4 files of synthetic tiles: GeoTIFF and detached label, written by GDAL as the archive's were."""

import hashlib
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine

from lunarcloud.moon import RADIUS_M
from lunarcloud.synthetic.pds3 import NOTE, SCALING_FACTOR
from lunarcloud.synthetic.tiling import Frame

_XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1"
    xmlns:img="http://pds.nasa.gov/pds4/img/v1" xmlns:cart="http://pds.nasa.gov/pds4/cart/v1"
    xmlns:disp="http://pds.nasa.gov/pds4/disp/v1">
  <Identification_Area>
    <logical_identifier>urn:nasa:pds:clementine:data:{name}</logical_identifier>
    <version_id>1.0</version_id>
    <title>{note}</title>
    <information_model_version>1.15.0.0</information_model_version>
    <product_class>Product_Observational</product_class>
  </Identification_Area>
  <Observation_Area>
    <comment>{note}</comment>
    <Time_Coordinates>
      <start_date_time>1994-01-25T00:00:00Z</start_date_time>
      <stop_date_time>1994-05-07T00:00:00Z</stop_date_time>
    </Time_Coordinates>
    <Target_Identification>
      <name>Moon</name>
      <type>Satellite</type>
    </Target_Identification>
    <Discipline_Area>
      <img:Imaging>
{filters}
      </img:Imaging>
    </Discipline_Area>
  </Observation_Area>
  <File_Area_Observational>
    <File>
      <file_name>{name}.tif</file_name>
    </File>
    <Array_3D_Image>
      <local_identifier>image</local_identifier>
      <Special_Constants>
        <missing_constant>-32768</missing_constant>
        <high_instrument_saturation>-32765</high_instrument_saturation>
        <high_representation_saturation>-32764</high_representation_saturation>
        <valid_minimum>-32752</valid_minimum>
        <low_instrument_saturation>-32766</low_instrument_saturation>
        <low_representation_saturation>-32767</low_representation_saturation>
      </Special_Constants>
    </Array_3D_Image>
  </File_Area_Observational>
</Product_Observational>
"""
_FILTER = """\
        <img:Optical_Filter>
          <img:filter_name>{name}</img:filter_name>
          <img:bandwidth unit="nm">{width}</img:bandwidth>
          <img:center_filter_wavelength unit="nm">{centre}</img:center_filter_wavelength>
        </img:Optical_Filter>"""
_FILTERS = (("A", 40, 415), ("B", 10, 750), ("C", 20, 900), ("D", 30, 950), ("E", 30, 1000))


def pds4_name(frame: Frame) -> str:
    """The tile's name in the PDS4 issue: ``uvvis_03n_003e`` for ``UI03N003``."""
    return f"uvvis_{frame.product_id[2:5].lower()}_{frame.product_id[5:]}e"


def write_pds4(folder: Path, frame: Frame, dn: npt.NDArray[np.int16]) -> Path:
    """Write label and image of a tile; the path of the label.

    Parameters
    ----------
    folder : Path
        An existing folder.
    frame : Frame
        Where the tile lies.
    dn : ndarray of int16, shape (5, lines, samples)
        Its values; -32768 is missing.

    Returns
    -------
    Path
        The label; the image of the same name, ``.tif``, is beside it.
    """
    label = folder / f"{pds4_name(frame)}.xml"
    filters = "\n".join(_FILTER.format(name=name, width=width, centre=nm) for name, width, nm in _FILTERS)
    template = _XML.format(name=pds4_name(frame), note=NOTE, filters=filters)
    size = math.radians(RADIUS_M) / frame.ppd
    # The outer corner of the first pixel in metres, where the line and the sample of PDS3 are 1.0.
    left, top = (1.0 - frame.sample_projection_offset) * size, (frame.line_projection_offset - 1.0) * size
    bands, lines, samples = dn.shape
    with (
        rasterio.MemoryFile(template.encode(), ext=".xml") as source,
        rasterio.open(
            label,
            "w",
            driver="PDS4",
            count=bands,
            height=lines,
            width=samples,
            dtype="int16",
            nodata=-32768,
            crs=_crs(frame.center_longitude),
            transform=Affine(size, 0.0, left, 0.0, -size, top),
            IMAGE_FORMAT="GEOTIFF",
            TEMPLATE=source.name,
        ) as image,
    ):
        image.scales = (SCALING_FACTOR,) * bands
        image.write(dn)
    _add_checksum(label)
    return label


def _add_checksum(label: Path) -> None:
    """Name the image's MD5 in the label, which GDAL does not: so the label stands for the pixels too."""
    digest = hashlib.md5(label.with_suffix(".tif").read_bytes(), usedforsecurity=False).hexdigest()
    text = label.read_text(encoding="utf-8")
    end = "</file_name>"
    label.write_text(
        text.replace(end, f"{end}\n      <md5_checksum>{digest}</md5_checksum>"), encoding="utf-8"
    )


def _crs(center_longitude: float) -> CRS:
    # By its text: the registered IAU_2015:30120 has the central meridian 0, and each tile has its own.
    return CRS.from_wkt(
        f'PROJCS["Sinusoidal Moon",GEOGCS["GCS_Moon",DATUM["D_Moon",SPHEROID["Moon",{RADIUS_M:.0f},0]],'
        'PRIMEM["Reference_Meridian",0],UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
        f'PARAMETER["longitude_of_center",{center_longitude}],PARAMETER["false_easting",0],'
        'PARAMETER["false_northing",0],UNIT["metre",1]]'
    )
