"""Reference data that are not copied into the repository: `make test-reference DATA=FOLDER`."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The folder that holds them."""
    parser.addoption("--data", type=Path, required=True, help="folder of the reference data")


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest) -> Path:
    """The folder of the reference data."""
    folder: Path = request.config.getoption("--data")
    return folder
