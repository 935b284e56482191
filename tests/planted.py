"""A pickle that shows whether somebody unpickled it."""

from pathlib import Path


class Planted:
    """Unpickled, it makes a file.

    Parameters
    ----------
    mark : Path
        Which.
    """

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)
