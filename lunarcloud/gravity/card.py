"""The card of a Bouguer reduction: what went in, what was used, what came out."""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from lunarcloud.archive import GravityModel, Topography
from lunarcloud.gravity.bouguer import BouguerField, Reduction
from lunarcloud.moon import Grid, grid
from lunarcloud.storage import Range

# Not of interest to a reader of the grids, or told by them.
_NO_ATTRIBUTES = {"reduction", "ppd", "shard_edge", "polar_limit", "ranges"}


class Grids(NamedTuple):
    """The grids of a reduction.

    Attributes
    ----------
    grid : Grid
        The global one.
    polar_limit : float
        Absolute latitude at which the polar ones end, degrees.
    """

    grid: Grid
    polar_limit: float


class GravityCard(BaseModel):
    """What is known of a reduction."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gravity_model: str
    gravity_digest: str = Field(description="SHA-256 of the model's file")
    gravity_lmax: int
    gm_m3_s2: float
    frame: str = Field(default="as the model's coefficients", description="lunar frame of all products")
    model_radius_m: float = Field(description="reference radius of the model's coefficients")
    topography: str
    topography_digest: str = Field(description="SHA-256 of the topography's file")
    topography_lmax: int
    topography_mean_radius_m: float
    reduction: Reduction = Field(description="what was asked for")
    degrees: tuple[int, int] = Field(description="degrees of the Bouguer anomaly after clipping")
    gradient_degrees: tuple[int, int] = Field(description="degrees of the gradients after clipping")
    clips: tuple[str, ...] = Field(description="what was clipped, and why")
    powers: int = Field(description="powers of the relief in the finite-amplitude series")
    last_power_mgal: float = Field(description="root mean square of the last of them")
    correlation: float = Field(description="of gravity and attraction of topography, within the degrees")
    lmax: int = Field(description="highest degree of any product")
    ppd: int
    shard_edge: int
    polar_limit: float = Field(description="absolute latitude of the polar grids' edge")
    ranges: dict[str, Range] = Field(
        default_factory=dict,
        description="values of each product on the global grid, and its colours",
    )

    @property
    def grids(self) -> Grids:
        """The grids of the products."""
        return Grids(grid(self.ppd, self.shard_edge), self.polar_limit)

    def attributes(self) -> dict[str, Any]:
        """The card as attributes of a Zarr group, with titles and conventions of sign."""
        facts = self.model_dump(mode="json", exclude=_NO_ATTRIBUTES)
        return {
            "title": f"Bouguer gravity of the Moon from {self.gravity_model} and {self.topography}",
            "density_kg_m3": self.reduction.density_kg_m3,
            "degrees_requested": self.reduction.degrees,
            "gradient_degrees_requested": self.reduction.gradient_degrees,
            "taper_degrees": self.reduction.taper,
            "evaluation_radius_m": self.reduction.radius_m,
            "lowest_degree": 2,
            "sign_convention": "gravity is positive downward; gradients are positive to the north and east",
            "references": "Wieczorek & Phillips 1998, doi 10.1029/97JE03136",
            **facts,
        }


def gravity_card(
    model: GravityModel,
    topography: Topography,
    reduction: Reduction,
    grids: Grids,
    field: BouguerField,
    frame: str,
) -> GravityCard:
    """The card of a reduction from what went in and what came out.

    Parameters
    ----------
    model : GravityModel
        The gravity model.
    topography : RadiusGrid or RadiusHarmonics
        The shape.
    reduction : Reduction
        What was asked for.
    grids : Grids
        What the products are sampled on.
    field : BouguerField
        What came out, with degrees as used.
    frame : str
        Of the products, in words.

    Returns
    -------
    GravityCard
        What is known of the reduction.
    """
    return GravityCard(
        gravity_model=model.name,
        gravity_digest=model.digest,
        gravity_lmax=model.lmax,
        gm_m3_s2=model.gm,
        frame=frame,
        model_radius_m=model.radius_m,
        topography=topography.name,
        topography_digest=topography.digest,
        topography_lmax=topography.lmax,
        topography_mean_radius_m=field.mean_radius_m,
        reduction=reduction,
        degrees=field.degrees,
        gradient_degrees=field.gradient_degrees,
        clips=field.clips,
        powers=field.powers,
        last_power_mgal=field.last_mgal,
        correlation=field.correlation,
        lmax=field.lmax,
        ppd=grids.grid.ppd,
        shard_edge=grids.grid.shard_edge,
        polar_limit=grids.polar_limit,
    )
