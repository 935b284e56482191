"""Gravity models in every format of the field, and what is refused."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import numpy.typing as npt
import pyshtools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from pyshtools.shclasses import SHGravRealCoeffs

from lunarcloud.archive.gravity import GM_MOON, read_gravity
from lunarcloud.archive.shipped import DATA
from lunarcloud.errors import ArchiveError, LunarcloudError, NotFoundError

LMAX = 5
RADIUS = 1_738_000.0
# The head of GRGM1200B as distributed, cut at degree 3: GM first, metres, no normalisation flag.
GRGM = """    4.9028001224452998E+12     1.7380000000000000E+06     3    3
      2      0  -9.0882399518633699E-05   0.0000000000000000E+00   3.5454000000000000E-11   0.0000000000000000E+00
      2      1   1.3062238115075299E-12   1.1689779521201799E-09   9.9675499999999999E-12   1.0340750000000000E-11
      2      2   3.4673141521596401E-05   7.5683209135304897E-10   1.0325200000000000E-11   1.1211550000000001E-11
      3      0  -3.1973502105869101E-06   0.0000000000000000E+00   3.2032999999999999E-12   0.0000000000000000E+00
      3      1   2.6367971329793599E-05   5.4545234758460603E-06   3.4987499999999998E-12   3.8408500000000001E-12
      3      2   1.4171462398237300E-05   4.8780422067827496E-06   4.7583000000000000E-12   5.0070999999999995E-12
      3      3   1.2275110410764001E-05  -1.7743616719102799E-06   7.4795500000000000E-12   8.0859999999999993E-12
"""  # noqa: E501 - lines of a real file
ICGEM_HEAD = """product_type gravity_field
modelname GrazTest
gravity_constant {gm}
radius {radius}
max_degree {lmax}
norm {norm}
end_of_head ====
"""


@pytest.fixture
def table() -> npt.NDArray[np.float64]:
    rng = np.random.default_rng(5)
    table = rng.standard_normal((2, LMAX + 1, LMAX + 1)) * 1e-5 * np.tril(np.ones((LMAX + 1, LMAX + 1)))
    table[1, :, 0] = 0.0
    table[:, :2] = 0.0
    table[0, 0, 0] = 1.0
    return table


@pytest.fixture
def model(table: npt.NDArray[np.float64]) -> SHGravRealCoeffs:
    return pyshtools.SHGravCoeffs.from_array(table, gm=GM_MOON, r0=RADIUS)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Any]:
    def write(text: str, name: str = "model.tab") -> Path:
        (tmp_path / name).write_text(text, encoding="ascii")
        return tmp_path / name

    return write


def rows(
    table: npt.NDArray[np.float64],
    first: int = 2,
    form: str = "{:5d},{:5d},{:23.16E},{:23.16E},{:23.16E},{:23.16E}",
) -> list[str]:
    degrees = [(one, other) for one in range(first, table.shape[1]) for other in range(one + 1)]
    return [
        form.format(one, other, table[0, one, other], table[1, one, other], 1e-12, 1e-12)
        for one, other in degrees
    ]


def pds(
    table: npt.NDArray[np.float64],
    *,
    radius: str = "0.17380000000000E+04",
    gm: str = "0.490280007E+04",
    lmax: int = LMAX,
    norm: int = 1,
) -> str:
    head = f"{radius}, {gm}, 0.1E-03, {lmax:04d}, {lmax:04d}, {norm}, 0.0E+00, 0.0E+00"
    return "\r\n".join([head, "", *rows(table), ""])


def icgem(
    table: npt.NDArray[np.float64],
    *,
    gm: float = GM_MOON,
    radius: float = RADIUS,
    lmax: int = LMAX,
    norm: str = "fully_normalized",
    key: str = "gfc",
) -> str:
    head = ICGEM_HEAD.format(gm=gm, radius=radius, lmax=lmax, norm=norm)
    return head + "\n".join(rows(table, form=key + " {} {} {:.16e} {:.16e}")) + "\n"


def test_lp165p_is_read_whole() -> None:
    found = read_gravity("LP165P")
    assert (found.name, found.lmax, found.gm, found.radius_m) == ("LP165P", 165, 4.902801056e12, RADIUS)
    # By eye from the cards; columns of the second touch.
    assert found.table[0, 2, 0] == -9.08901807506000e-05
    assert tuple(found.table[:, 2, 1]) == (-2.72203236159000e-09, -7.57518292083000e-10)
    assert tuple(found.table[:, 165, 165]) == (4.41278012287000e-08, -1.46436247594000e-08)
    assert np.count_nonzero(found.table[0]) == 13_858


def test_pds_table_in_kilometres_becomes_metres(
    write: Callable[..., Any], table: npt.NDArray[np.float64]
) -> None:
    found = read_gravity(write(pds(table)))
    assert found.radius_m == RADIUS
    assert found.gm == pytest.approx(GM_MOON, rel=1e-12)
    np.testing.assert_allclose(found.table[:, 2:], table[:, 2:], rtol=1e-15)


def test_grgm1200b_has_its_constants_the_other_way_round(write: Callable[..., Any]) -> None:
    found = read_gravity(write(GRGM, "sha.grgm1200b_sigma"))
    assert (found.lmax, found.gm, found.radius_m) == (3, 4.9028001224452998e12, RADIUS)
    assert found.table[1, 3, 3] == -1.7743616719102799e-06


def test_text_of_pyshtools_is_read(
    model: SHGravRealCoeffs, tmp_path: Path, table: npt.NDArray[np.float64]
) -> None:
    model.to_file(str(tmp_path / "model.sh"))
    found = read_gravity(tmp_path / "model.sh")
    assert found.gm == GM_MOON
    np.testing.assert_array_equal(found.table, table)


def test_icgem_of_pyshtools_is_read(
    model: SHGravRealCoeffs, tmp_path: Path, table: npt.NDArray[np.float64]
) -> None:
    model.to_file(str(tmp_path / "model.gfc"), format="icgem")
    found = read_gravity(tmp_path / "model.gfc")
    assert (found.name, found.radius_m) == ("model", RADIUS)
    np.testing.assert_array_equal(found.table, table)


def test_icgem_gives_the_models_name_and_fortran_exponents_are_numbers(
    write: Callable[..., Any], table: npt.NDArray[np.float64]
) -> None:
    found = read_gravity(write(icgem(table).replace("e-", "D-"), "x.gfc"))
    assert found.name == "GrazTest"
    np.testing.assert_allclose(found.table[:, 2:], table[:, 2:], rtol=1e-15)


def test_gzipped_file_is_the_same_model(tmp_path: Path, table: npt.NDArray[np.float64]) -> None:
    (tmp_path / "model.tab.gz").write_bytes(gzip.compress(pds(table).encode()))
    assert read_gravity(tmp_path / "model.tab.gz").lmax == LMAX


def test_model_is_read_from_any_url(table: npt.NDArray[np.float64]) -> None:
    with fsspec.open("memory://models/model.tab", "wb") as stream:
        stream.write(pds(table).encode())
    assert read_gravity("memory://models/model.tab").lmax == LMAX


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lambda t: icgem(t, gm=3.986004415e14, radius=6378136.3), "nearest to Earth"),
        (lambda t: pds(t, gm="0.4282837E+05", radius="0.3396000E+04"), "nearest to Mars"),
        (lambda t: pds(t, gm="0.22031870E+05", radius="0.2440000E+04"), "nearest to Mercury"),
        (lambda t: icgem(t, radius=2638000.0), "not a model of the Moon"),
        (lambda t: icgem(t, radius=1738.0), "kilometres were given for metres"),
        (lambda t: icgem(t, gm=4902.8, radius=1738.0), "as the format demands: kilometres"),
        (lambda t: pds(t, radius="0.1738E+07"), "not both in metres or both in kilometres"),
        (lambda t: icgem(t, norm="unnormalized"), "norm 'unnormalized'"),
        (lambda t: pds(t, norm=0), "normalisation 0"),
        (lambda t: icgem(t, key="gfct"), "time-variable"),
        (lambda t: icgem(t).replace("radius", "radios"), "needs gravity_constant, radius"),
        (lambda t: icgem(t)[:-5], "degree 5 order 5 is .* below 0.001"),
        (lambda t: icgem(t * 1e6), "below 0.001: the file is damaged, or of something else"),
        (lambda t: pds(t, lmax=9), "truncated: 18 of 52"),
        (lambda t: pds(t, lmax=3), "promises degree 3 but degree 5"),
        (lambda t: pds(t, lmax=10**9), "truncated: 18 of"),
        (lambda t: icgem(t).replace("max_degree 5", "max_degree 5.5"), "highest degree is '5.5'"),
        (lambda t: pds(t)[:-600], "truncated: 13 of 18"),
        (lambda t: pds(t).replace("    3,    1,", "    3,    2,"), "degree 3 order 1"),
        (lambda t: pds(t) + rows(t)[0], "degree 2 order 0 is there 2 times"),
        (lambda t: pds(t).replace("    3,    1,", "    3,    4,"), "coefficient row 5 of 18"),
        (lambda t: pds(t).replace("    3,    1,", "  3.5,    1,"), "coefficient row 5 of 18"),
        (lambda t: pds(t).replace("    3,    1,", "three,    1,"), "not 'degree order cosine sine'"),
        (lambda t: pds(t).split("\r\n")[0], "no coefficients"),
        (lambda t: "\n".join(rows(t)), "no gravity model in a known format"),
        (lambda t: "PDS_VERSION_ID = PDS3\nOBJECT = TABLE", "'PDS_VERSION_ID = PDS3', not radius and GM"),
        (lambda t: "1738.0E0 not-a-number\n1 2 3 4", "'not-a-number' is not a number"),
        (lambda t: "", "no gravity model in a known format"),
    ],
)
def test_wrong_file_is_refused_in_words(
    write: Callable[..., Any], table: npt.NDArray[np.float64], text: Callable[..., Any], words: str
) -> None:
    path = write(text(table))
    with pytest.raises(ArchiveError, match=words) as refused:
        read_gravity(path)
    assert str(path) in str(refused.value)


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damaged_bytes_end_in_a_refusal_or_a_whole_model(
    table: npt.NDArray[np.float64], data: DataObject
) -> None:
    makers: list[Callable[..., str]] = [pds, icgem]
    make = data.draw(st.sampled_from(makers))
    whole = make(table).encode()
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, min(start + 40, len(whole))))
    with fsspec.open("memory://damaged/model.tab", "wb") as stream:
        stream.write(whole[:start] + data.draw(st.binary(max_size=8)) + whole[stop:])
    try:
        found = read_gravity("memory://damaged/model.tab")
    except LunarcloudError:
        return
    assert np.isfinite(found.table).all()


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.999])
def test_truncated_lp165p_is_refused(tmp_path: Path, keep: float) -> None:
    whole = (DATA / "LP165P.cof").read_bytes()
    (tmp_path / "cut.cof").write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(ArchiveError, match="truncated"):
        read_gravity(tmp_path / "cut.cof")


def test_damaged_gzip_is_refused(tmp_path: Path, table: npt.NDArray[np.float64]) -> None:
    (tmp_path / "model.tab.gz").write_bytes(gzip.compress(pds(table).encode())[:-20])
    with pytest.raises(ArchiveError, match="damaged gzip"):
        read_gravity(tmp_path / "model.tab.gz")


def test_missing_file_is_not_found() -> None:
    with pytest.raises(NotFoundError, match=r"nowhere\.tab"):
        read_gravity("/nowhere.tab")


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        (
            lambda table: icgem(table).replace(
                "product_type", "comment principal axes of DE430\nproduct_type"
            ),
            "de430",
        ),
        (lambda table: "# lunar librations of DE421\n" + pds(table), "de421"),
        (lambda table: pds(table), None),
    ],
)
def test_the_frame_is_what_the_header_says(
    write: Callable[..., Any], table: npt.NDArray[np.float64], text: Callable[..., str], frame: str | None
) -> None:
    assert read_gravity(write(text(table))).frame == frame


def test_the_frame_of_a_model_without_a_header_is_its_names(write: Callable[..., Any]) -> None:
    assert read_gravity(write(GRGM, "GRGM1200B.sh")).frame == "de430"
    assert read_gravity("lp165p").frame is None
