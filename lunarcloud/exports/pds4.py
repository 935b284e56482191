"""One map of a run as a GeoTIFF for an archive, with a PDS4 label beside it, both written by GDAL.

PDS4 describes an array by its first byte, so the GeoTIFF is the plain kind: one uncompressed block of lines,
the codes as they are stored, with scale and missing code; no tiles, no compression, no overviews.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template
from typing import Any
from xml.sax.saxutils import escape

from lunarcloud.archive import CLEMENTINE, instrument
from lunarcloud.engine import ShardDone, StageDone, Started, Watch
from lunarcloud.errors import NotFoundError
from lunarcloud.exports.cog import scratch
from lunarcloud.exports.items import publications
from lunarcloud.lineage import Record
from lunarcloud.maps import FILL, Run, RunCard
from lunarcloud.moon import GEOGRAPHIC, Window, lunar_crs
from lunarcloud.quantities import QUANTITIES, udunits
from lunarcloud.storage import Folder, explained

# Rows that are held at once: at full resolution 112 MB.
_ROWS = 512

_LABEL = Template("""\
<?xml version="1.0" encoding="UTF-8"?>
<?xml-model href="https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1G00.sch"
    schematypens="http://purl.oclc.org/dsdl/schematron"?>
<Product_Observational xmlns="http://pds.nasa.gov/pds4/pds/v1" xmlns:disp="http://pds.nasa.gov/pds4/disp/v1"
    xmlns:cart="http://pds.nasa.gov/pds4/cart/v1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://pds.nasa.gov/pds4/pds/v1 https://pds.nasa.gov/pds4/pds/v1/PDS4_PDS_1G00.xsd
    http://pds.nasa.gov/pds4/disp/v1 https://pds.nasa.gov/pds4/disp/v1/PDS4_DISP_1G00_1500.xsd
    http://pds.nasa.gov/pds4/cart/v1 https://pds.nasa.gov/pds4/cart/v1/PDS4_CART_1G00_1950.xsd">
  <Identification_Area>
    <logical_identifier>urn:lunarcloud:maps:$run:$map</logical_identifier>
    <version_id>1.0</version_id>
    <title>$title</title>
    <information_model_version>1.16.0.0</information_model_version>
    <product_class>Product_Observational</product_class>
    <Citation_Information>
      <publication_year>$year</publication_year>
      <description>$description</description>
    </Citation_Information>
  </Identification_Area>
  <Observation_Area>
    $comment
    <Time_Coordinates>
      $times
    </Time_Coordinates>
    <Primary_Result_Summary>
      <purpose>Science</purpose>
      <processing_level>Derived</processing_level>
    </Primary_Result_Summary>
    <Investigation_Area>
      <name>$investigation</name>
      <type>$kind</type>
      <Internal_Reference>
        <lid_reference>$lid</lid_reference>
        <reference_type>data_to_investigation</reference_type>
      </Internal_Reference>
    </Investigation_Area>
    <Observing_System>
      <Observing_System_Component>
        <name>$observer</name>
        <type>Host</type>
      </Observing_System_Component>
    </Observing_System>
    <Target_Identification>
      <name>Moon</name>
      <type>Satellite</type>
      <Internal_Reference>
        <lid_reference>urn:nasa:pds:context:target:satellite.earth.moon</lid_reference>
        <reference_type>data_to_target</reference_type>
      </Internal_Reference>
    </Target_Identification>
    <Discipline_Area>
      <disp:Display_Settings>
        <Local_Internal_Reference>
          <local_identifier_reference>image</local_identifier_reference>
          <local_reference_type>display_settings_to_array</local_reference_type>
        </Local_Internal_Reference>
        <disp:Display_Direction>
          <disp:horizontal_display_axis>Sample</disp:horizontal_display_axis>
          <disp:horizontal_display_direction>Left to Right</disp:horizontal_display_direction>
          <disp:vertical_display_axis>Line</disp:vertical_display_axis>
          <disp:vertical_display_direction>Top to Bottom</disp:vertical_display_direction>
        </disp:Display_Direction>
      </disp:Display_Settings>
    </Discipline_Area>
  </Observation_Area>
  <Reference_List>
$references
  </Reference_List>
</Product_Observational>
""")
_REFERENCE = """\
    <External_Reference>
      <doi>{doi}</doi>
      <reference_text>{citation}</reference_text>
    </External_Reference>"""
_UNDATED = (
    '<start_date_time xsi:nil="true" nilReason="inapplicable"/>'
    '<stop_date_time xsi:nil="true" nilReason="inapplicable"/>'
)
# As the archive's own labels of the mosaic name it.
_CLEMENTINE = (
    "DEEP SPACE PROGRAM SCIENCE EXPERIMENT",
    "Mission",
    "urn:nasa:pds:context:investigation:mission.deep_space_program_science_experiment",
    "CLEMENTINE 1",
)


def write_pds4(
    target: Folder, run: Run, name: str, record: Record[RunCard], says: Mapping[str, str], watch: Watch
) -> dict[str, int]:
    """Write a map as GeoTIFF with its PDS4 label; the sizes of both files by their names, bytes.

    Parameters
    ----------
    target : Folder
        Where: on a disk, or in a bucket. The label comes last: where it is, both are whole.
    run : Run
        Whose map.
    name : str
        Which of its maps.
    record : Record
        Of the run.
    says : mapping of str to str
        What the run says of itself: ``source``, ``references``, ``license``, ``history``.
    watch : callable
        Told of every band of rows.

    Raises
    ------
    NotFoundError
        If the run has no such map.
    """
    if name not in run.card.maps:
        raise NotFoundError(f"{run.store.url} has no map {name!r}, only {', '.join(run.card.maps)}")
    with scratch(target) as place, explained(target.url, name):
        image, label = place / f"{name}.tif", place / f"{name}.xml"
        _write(run, name, label, _template(run, name, record, says), watch)
        _describe(image, name, says)
        _add_checksum(label, image)
        sizes = {each.name: each.stat().st_size for each in (image, label)}
        for each in (image, label):
            target.upload(each.name, each)
    return sizes


def _write(run: Run, name: str, label: Path, template: str, watch: Watch) -> None:
    import rasterio
    from affine import Affine
    from rasterio.crs import CRS

    grid, pixel = run.grid, 1.0 / run.grid.ppd
    attrs = run.group().layout.variable(name).attrs
    with (
        rasterio.MemoryFile(template.encode(), ext=".xml") as source,
        rasterio.open(
            label,
            "w",
            driver="PDS4",
            count=1,
            height=grid.n_rows,
            width=grid.n_cols,
            dtype="uint16",
            nodata=FILL,
            crs=CRS.from_wkt(lunar_crs(GEOGRAPHIC).to_wkt("WKT2_2019")),
            transform=Affine(pixel, 0.0, -180.0, 0.0, -pixel, 90.0),
            IMAGE_FORMAT="GEOTIFF",
            IMAGE_EXTENSION="tif",
            ARRAY_TYPE="Array_2D_Image",
            UNIT=udunits(QUANTITIES[name].units),
            BOUNDING_DEGREES="-180,-90,180,90",
            TEMPLATE=source.name,
        ) as dataset,
    ):
        dataset.scales, dataset.offsets = (attrs["scale_factor"],), (attrs["add_offset"],)
        bands = list(_bands(run))
        watch(Started(title=f"export {name}", shards=len(bands), pixels=grid.n_rows * grid.n_cols))
        for window in bands:
            codes = run.group().read_window(name, window)
            dataset.write(codes, 1, window=window.slices)
            watch(ShardDone(title=f"export {name}", shard=None, pixels=codes.size))
    watch(StageDone(title=f"export {name}"))


def _bands(run: Run) -> Iterator[Window]:
    """Whole rows: a GeoTIFF of lines is written fastest, and in one piece, from the top."""
    for start in range(0, run.grid.n_rows, _ROWS):
        stop = min(start + _ROWS, run.grid.n_rows)
        yield Window(row_start=start, row_stop=stop, col_start=0, col_stop=run.grid.n_cols)


def _describe(image: Path, name: str, says: Mapping[str, str]) -> None:
    """Say in the GeoTIFF itself what it is: behind the pixels, which stay where the label says."""
    import rasterio

    with rasterio.open(image, "r+") as dataset:
        dataset.units = (udunits(QUANTITIES[name].units),)
        dataset.descriptions = (QUANTITIES[name].long_name,)
        dataset.update_tags(**says)


def _add_checksum(label: Path, image: Path) -> None:
    """Name the image's size and MD5 in the label, which GDAL does not: so it stands for the pixels too."""
    with image.open("rb") as file:
        checksum = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    size = f'<file_size unit="byte">{image.stat().st_size}</file_size>'
    lines = f"</file_name>\n      {size}\n      <md5_checksum>{checksum}</md5_checksum>"
    text = label.read_text(encoding="utf-8").replace("</file_name>", lines)
    label.write_text(text, encoding="utf-8")


def _template(run: Run, name: str, record: Record[RunCard], says: Mapping[str, str]) -> str:
    """What GDAL cannot know: what it is, of what, by whom, when observed."""
    notes, camera = record.given.notes, instrument(run.card.instrument)
    observed = None if notes else camera.observed
    here = f"urn:lunarcloud:maps:{record.ref.id}"
    other = "; ".join(notes) or camera.mission
    names = (other, "Other Investigation", here, other)
    if camera == CLEMENTINE and not notes:
        names = _CLEMENTINE
    row = QUANTITIES[name]
    words: dict[str, Any] = {
        "run": record.ref.id,
        "map": name,
        "title": f"The Moon's {row.long_name}" + "".join(f" ({note})" for note in notes),
        "year": record.finished.year,
        "description": f"{says['history']}. Terms: {says['license']}.",
        "investigation": names[0],
        "kind": names[1],
        "lid": names[2],
        "observer": names[3],
    }
    raw = {
        "comment": f"<comment>{escape('; '.join(notes))}</comment>" if notes else "",
        "times": _UNDATED
        if observed is None
        else _dated(*(f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in observed)),
        "references": "\n".join(
            _REFERENCE.format(**{key: escape(value) for key, value in each.items()})
            for each in publications(says["references"])
        ),
    }
    return _LABEL.substitute({key: escape(str(value)) for key, value in words.items()} | raw)


def _dated(start: str, stop: str) -> str:
    return f"<start_date_time>{start}</start_date_time><stop_date_time>{stop}</stop_date_time>"
