"""What the tests of reprocessing share: a cluster."""

import pytest

from lunarcloud.engine import Cluster


@pytest.fixture(scope="session")
def cluster(scheduler: str) -> Cluster:
    """The shared cluster of two workers."""
    return Cluster(scheduler=scheduler)
