"""Bouguer reduction of a gravity model: disturbance, attraction of topography, anomaly and gradients."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lunarcloud.archive import GravityModel, RadiusGrid, Topography
from lunarcloud.errors import InputError
from lunarcloud.gravity import harmonics
from lunarcloud.gravity.attraction import acceleration, mean_radius, referred, shape_potential
from lunarcloud.gravity.harmonics import Coefficients, Sampler
from lunarcloud.moon import FloatArray
from lunarcloud.ranges import split_range

#: One Eotvos is 1e-9 1/s2; a milligal (1e-5 m/s2) a metre is this many.
EOTVOS = 1e4
# As UDUNITS, and so CF, reads it: there E is exa.
_EOTVOS_UNIT = "1e-9 s-2"
# Degree 0 is the mean field and degree 1 the offset of the centre of figure: neither is an anomaly.
_LOWEST = 2


def _ascending(degrees: tuple[int, int]) -> tuple[int, int]:
    if degrees[0] > degrees[1]:
        raise ValueError(f"degrees {degrees[0]}:{degrees[1]} are an empty range: give the lower one first")
    return degrees


#: Lowest and highest degree, both included.
Degrees: TypeAlias = Annotated[
    tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]],
    BeforeValidator(split_range(int, "60:600")),
    AfterValidator(_ascending),
]


def _option(default: Any, description: str, unit: str, option: str = "", **limits: Any) -> Any:
    """A field as people are asked for it: with its unit, and its short name where it has one."""
    marks: dict[str, Any] = {"unit": unit, **({"option": option} if option else {})}
    return Field(default=default, description=description, json_schema_extra=marks, **limits)


class Reduction(BaseModel):
    """What is computed from a gravity model and a topography; the defaults are the paper's.

    Attributes
    ----------
    density_kg_m3 : float
        Density of the crust, kg/m3, above 0 and at most 6000.
    degrees, gradient_degrees : tuple of int
        Lowest and highest degree of the Bouguer anomaly and of its gradients, both included.
    taper : int
        Width of the cosine ramps inside both ends of either range, degrees, at most half of it; 0 is a sharp
        cut.
    radius_m : float
        Radius of the sphere on which everything is evaluated, metres, 1.7e6 to 2.5e6.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    density_kg_m3: float = _option(2550.0, "density of the crust", "kg/m3", "density", gt=0, le=6000)
    degrees: Degrees = _option((60, 600), "degrees of the Bouguer anomaly", "LOW:HIGH")
    gradient_degrees: Degrees = _option((50, 350), "degrees of its gradients", "LOW:HIGH")
    taper: int = _option(0, "width of the cosine ramps inside both ends; 0 cuts hard", "degrees", ge=0)
    radius_m: float = _option(
        1_738_000.0, "radius where everything is evaluated", "m", "radius", ge=1.7e6, le=2.5e6
    )

    @model_validator(mode="after")
    def _ramps_fit(self) -> Self:
        widest = min(high - low for low, high in (self.degrees, self.gradient_degrees)) // 2
        if self.taper > widest:
            raise ValueError(f"taper {self.taper}: both ramps must fit into each range, so at most {widest}")
        return self


class Product(NamedTuple):
    """Unit and meaning of one product."""

    units: str
    long_name: str


#: What `sample` gives, by name.
PRODUCTS: Mapping[str, Product] = {
    "gravity_disturbance": Product("mGal", "radial gravity disturbance, positive downward"),
    "topography_attraction": Product("mGal", "radial attraction of topography, positive downward"),
    "bouguer_disturbance": Product("mGal", "Bouguer gravity disturbance, all degrees, positive downward"),
    "bouguer_anomaly": Product("mGal", "Bouguer gravity anomaly, band-pass filtered, positive downward"),
    "bouguer_gradient": Product(_EOTVOS_UNIT, "total horizontal gradient of the Bouguer anomaly (Eotvos)"),
    "bouguer_gradient_north": Product(
        _EOTVOS_UNIT, "northward horizontal gradient of the Bouguer anomaly (Eotvos)"
    ),
    "bouguer_gradient_east": Product(
        _EOTVOS_UNIT, "eastward horizontal gradient of the Bouguer anomaly (Eotvos)"
    ),
    "bouguer_gradient_eigenvalue": Product(
        _EOTVOS_UNIT,
        "largest horizontal eigenvalue of the Bouguer gradient tensor, negative over excess mass (Eotvos)",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BouguerField:
    """The Bouguer reduction as harmonics; small, picklable, and evaluated anywhere by `sample`.

    Attributes
    ----------
    disturbance, attraction : array of complex
        Gravity of the model and of the topography at `radius_m`, mGal, degrees 2 and up.
    radius_m : float
        Radius of evaluation, metres.
    degrees, gradient_degrees : tuple of int
        Degrees as used, after clipping to what model and topography hold.
    taper : int
        Width of the filters' cosine ramps, degrees.
    clips : tuple of str
        What was clipped and why, in words; empty if nothing was.
    powers : int
        Powers of the relief in the finite-amplitude series.
    last_mgal : float
        Root mean square of the last of them, mGal.
    mean_radius_m : float
        Mean radius of the topography, metres.
    """

    disturbance: Coefficients
    attraction: Coefficients
    radius_m: float
    degrees: tuple[int, int]
    gradient_degrees: tuple[int, int]
    taper: int
    clips: tuple[str, ...]
    powers: int
    last_mgal: float
    mean_radius_m: float

    @property
    def lmax(self) -> int:
        """The highest degree of any product."""
        return harmonics.lmax_of(self.disturbance)

    @property
    def correlation(self) -> float:
        """Correlation of gravity and attraction of topography within `degrees`, -1..1.

        About 0.98 for GRAIL models at degrees 60..600; near 0 when the two are not of the same body,
        frame or orientation.
        """
        # <a, b> = (|a|^2 + |b|^2 - |a - b|^2) / 2, so that root mean squares are all it takes.
        weights = filter_weights(self.degrees, lmax=self.lmax, taper=0)
        one, other = (harmonics.scaled(field, weights) for field in (self.disturbance, self.attraction))
        both, difference = harmonics.rms(one) * harmonics.rms(other), harmonics.rms(one - other)
        squares = harmonics.rms(one) ** 2 + harmonics.rms(other) ** 2
        return (squares - difference**2) / (2.0 * both) if both else math.nan


class HeldDegrees(NamedTuple):
    """Degrees that are asked for and held by both model and topography."""

    bouguer: tuple[int, int]
    gradient: tuple[int, int]
    clips: tuple[str, ...]

    @property
    def highest(self) -> int:
        """The highest degree of any product."""
        return max(self.bouguer[1], self.gradient[1])


def held_degrees(model: GravityModel, topography: Topography, reduction: Reduction) -> HeldDegrees:
    """What is left of the degrees that are asked for.

    Parameters
    ----------
    model, topography, reduction
        As in `reduce_bouguer`, as are the errors.
    """
    held = min(model.lmax, topography.lmax)
    holders = f"{model.name} holds degrees up to {model.lmax}, {topography.name} up to {topography.lmax}"
    asked = {"Bouguer anomaly": reduction.degrees, "gradient": reduction.gradient_degrees}
    bouguer, gradient = (_clipped(degrees, held, f"{what}: {holders}") for what, degrees in asked.items())
    clips = tuple(
        f"degrees {degrees[0]}:{degrees[1]} of the {what} are clipped to {used[0]}:{used[1]}: {holders}"
        for (what, degrees), used in zip(asked.items(), (bouguer, gradient), strict=True)
        if degrees != used
    )
    return HeldDegrees(bouguer, gradient, clips)


def reduce_bouguer(model: GravityModel, topography: Topography, reduction: Reduction) -> BouguerField:
    """The Bouguer reduction of a gravity model.

    Parameters
    ----------
    model : GravityModel
        Of the Moon, as read by `lunarcloud.archive.gravity.read_gravity`.
    topography : RadiusGrid or RadiusHarmonics
        As read by `lunarcloud.archive.topography.read_topography`.
    reduction : Reduction
        Density, degrees, radius.

    Returns
    -------
    BouguerField
        Up to the highest degree that is asked for and held by both; the shape is cut at that degree too, as
        is usual, so that model and correction hold the same wavelengths.

    Raises
    ------
    InputError
        If no degree that is asked for is held by both.
    """
    held = held_degrees(model, topography, reduction)
    lmax = held.highest
    shape = shape_coefficients(topography, lmax)
    rock = shape_potential(
        shape, density_kg_m3=reduction.density_kg_m3, gm=model.gm, lmax=lmax, radius_m=reduction.radius_m
    )
    potential = referred(
        harmonics.resized(harmonics.from_table(model.table), lmax),
        from_m=model.radius_m,
        to_m=reduction.radius_m,
    )
    return BouguerField(
        disturbance=_anomalous(potential, model.gm, reduction.radius_m),
        attraction=_anomalous(rock.potential, model.gm, reduction.radius_m),
        radius_m=reduction.radius_m,
        degrees=held.bouguer,
        gradient_degrees=held.gradient,
        taper=reduction.taper,
        clips=held.clips,
        powers=rock.powers,
        last_mgal=rock.last_mgal,
        mean_radius_m=mean_radius(shape),
    )


def sample(field: BouguerField, *, lat: npt.ArrayLike, lon: npt.ArrayLike) -> dict[str, FloatArray]:
    """All `PRODUCTS` of a reduction at any positions.

    Parameters
    ----------
    field : BouguerField
        The reduction, as of `reduce_bouguer`.
    lat, lon : array_like
        Degrees, broadcast against each other; longitude in any convention.

    Returns
    -------
    dict of str to array
        By product, arrays of the positions' shape: mGal, and Eotvos for gradients (see `products`).
    """
    return products(field, harmonics.at(lat=lat, lon=lon))


def products(field: BouguerField, where: Sampler) -> dict[str, FloatArray]:
    """All `PRODUCTS` of a reduction at the positions of `harmonics.at` or `harmonics.on_dh2`.

    Gravity is positive downward (more mass below, more gravity), mGal. Gradients are Eotvos, per metre along
    the sphere of evaluation: ``dg/dnorth = -(1/R) dg/dtheta``, ``dg/deast = 1/(R sin theta) dg/dphi``. The
    eigenvalue is of the horizontal second derivatives of the Bouguer potential (Andrews-Hanna et al. 2013,
    doi 10.1126/science.1231753).
    """
    # The filters act on coefficients, before any position is known: a shard's edge cannot be seen in them.
    bouguer = field.disturbance - field.attraction
    band = harmonics.scaled(bouguer, filter_weights(field.degrees, lmax=field.lmax, taper=field.taper))
    weights = filter_weights(field.gradient_degrees, lmax=field.lmax, taper=field.taper)
    # Harmonics are differentiated by angle; over the radius it is by metres.
    slope_of = harmonics.scaled(bouguer, weights * EOTVOS / field.radius_m)
    slope = harmonics.gradient(slope_of, where)
    disturbance = harmonics.values(field.disturbance, where)
    attraction = harmonics.values(field.attraction, where)
    return {
        "gravity_disturbance": disturbance,
        "topography_attraction": attraction,
        "bouguer_disturbance": disturbance - attraction,
        "bouguer_anomaly": harmonics.values(band, where),
        "bouguer_gradient": np.hypot(slope.north, slope.east),
        "bouguer_gradient_north": slope.north,
        "bouguer_gradient_east": slope.east,
        "bouguer_gradient_eigenvalue": _eigenvalue(slope_of, where),
    }


def filter_weights(degrees: tuple[int, int], *, lmax: int, taper: int) -> FloatArray:
    """Weights of degrees 0..lmax: 1 within a range, 0 outside.

    With a taper, cosine ramps rise over that many degrees inside each end: the weight of the end itself is
    then ``(1 - cos(pi / (taper + 1))) / 2``, and no degree outside the range is let through.

    Parameters
    ----------
    degrees : tuple of int
        Lowest and highest degree, both included.
    lmax : int
        Highest degree of the coefficients to be filtered.
    taper : int
        Width of the ramps, degrees, 0 and above.

    Returns
    -------
    array, shape (lmax + 1,)
        Weights 0..1, one a degree.
    """
    degree = np.arange(lmax + 1)
    # Steps from the first degree outside: 1 at both ends of the range, 0 and less beyond them. Without a
    # taper step 1 is already the whole ramp.
    inside = np.minimum(degree - degrees[0], degrees[1] - degree) + 1
    weights: FloatArray = 0.5 - 0.5 * np.cos(math.pi * np.clip(inside / (taper + 1), 0.0, 1.0))
    return weights


def shape_coefficients(topography: Topography, lmax: int) -> Coefficients:
    """The shape's radii in harmonics up to a degree, metres."""
    if isinstance(topography, RadiusGrid):
        return harmonics.from_pixels(topography.radius_m, lmax, first_lon=topography.first_lon)
    return harmonics.resized(harmonics.from_table(topography.table), lmax)


def surface_radius(
    topography: Topography, lmax: int, *, lat: npt.ArrayLike, lon: npt.ArrayLike
) -> FloatArray:
    """Radius of the surface at positions.

    Parameters
    ----------
    topography : RadiusGrid or RadiusHarmonics
        As read by `lunarcloud.archive.read_topography`.
    lmax : int
        Up to this degree, at most the topography's.
    lat, lon : array_like
        Degrees, broadcast against each other.

    Returns
    -------
    ndarray
        Metres.
    """
    return harmonics.values(shape_coefficients(topography, lmax), harmonics.at(lat=lat, lon=lon))


def _eigenvalue(slope_of: Coefficients, where: Sampler) -> FloatArray:
    """Eigenvalue of largest size of the horizontal gradient tensor, from g/R in Eotvos (g is (l+1) V/R)."""
    degree = np.arange(harmonics.lmax_of(slope_of) + 1, dtype=np.float64)
    # Half the trace is (1/2) (surface Laplacian of V + 2 R dV/dr) / R^2, for degree l
    # -(1/2) (l (l + 1) + 2 (l + 1)) V / R^2 = -(1/2) (l + 2) (g / R); both eigenvalues lie `spread` from it.
    mean = harmonics.values(harmonics.scaled(slope_of, -0.5 * (degree + 2.0)), where)
    spread = harmonics.anisotropy(harmonics.scaled(slope_of, 1.0 / (degree + 1.0)), where)
    return mean + np.copysign(spread, mean)


def _clipped(degrees: tuple[int, int], held: int, what: str) -> tuple[int, int]:
    clipped = max(degrees[0], _LOWEST), min(degrees[1], held)
    if clipped[0] > clipped[1]:
        raise InputError(
            f"degrees {degrees[0]}:{degrees[1]}: nothing is left of them ({what}); "
            f"choose degrees within {_LOWEST}:{held}"
        )
    return clipped


def _anomalous(potential: Coefficients, gm: float, radius_m: float) -> Coefficients:
    lmax = harmonics.lmax_of(potential)
    return acceleration(
        harmonics.scaled(potential, (np.arange(lmax + 1) >= _LOWEST).astype(np.float64)),
        gm=gm,
        radius_m=radius_m,
    )
