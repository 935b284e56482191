"""What a model makes of a fixed sample of a mosaic."""

import numpy as np

from lunarcloud.maps.kernel import Codes
from lunarcloud.maps.plan import MapPlan, kernel_of
from lunarcloud.mosaic import sampled_numbers


def sampled_codes(plan: MapPlan, blocks: int, edge: int) -> Codes:
    """The codes of all maps of a plan's sample, one line of pixels: the same ones for every model.

    Parameters
    ----------
    plan : MapPlan
        A model and a mosaic.
    blocks : int
        How many blocks; each reads a chunk or a few.
    edge : int
        Pixels along the edge of a block.
    """
    numbers = np.concatenate(list(sampled_numbers(plan.mosaic, blocks, edge)), axis=1)
    return {name: values.ravel() for name, values in kernel_of(plan)(numbers[:, np.newaxis]).items()}
