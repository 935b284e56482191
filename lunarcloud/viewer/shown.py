"""A root shown in a notebook: the page in a frame, served as long as the object is there."""

from contextlib import ExitStack

from lunarcloud.storage import Folder
from lunarcloud.viewer.server import serving

# Pixels; as wide as the notebook.
_HEIGHT = 640


class View:
    """The viewer of a root, served from this process until `close` or its end; a notebook shows it.

    Attributes
    ----------
    url : str
        Where a browser of this machine finds it.
    """

    def __init__(self, root: Folder, port: int = 0) -> None:
        self._serves = ExitStack()
        self.url = self._serves.enter_context(serving(root, port))

    def close(self) -> None:
        """Serve it no more."""
        self._serves.close()

    def __repr__(self) -> str:
        return f"View({self.url!r})"

    def _repr_html_(self) -> str:
        return (
            f'<iframe src="{self.url}" title="The Moon, mapped" width="100%" height="{_HEIGHT}" '
            'style="border: 0"></iframe>'
        )
