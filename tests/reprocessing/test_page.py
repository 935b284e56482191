"""The page of a report: what is in it is no larger than it is shown."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from lunarcloud.reprocessing.page import _small


@pytest.mark.parametrize(("width", "shown"), [(600, (600, 300)), (2000, (2000, 1000)), (3000, (2000, 1000))])
def test_a_picture_keeps_its_shape_and_is_no_wider_than_its_place(width: int, shown: tuple[int, int]) -> None:
    data = BytesIO()
    Image.fromarray(np.zeros((1000, 2000, 4), np.uint8)).save(data, "PNG")
    assert Image.open(BytesIO(_small(data.getvalue(), width))).size == shown
