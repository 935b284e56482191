"""Ranges as people write them: ``LOW:HIGH``."""

from collections.abc import Callable
from typing import Any


def split_range(number: Callable[[str], float], example: str) -> Callable[[Any], Any]:
    """What makes two numbers of ``LOW:HIGH``, before pydantic looks at them; anything else it leaves alone.

    Parameters
    ----------
    number : callable
        What both must be: ``float`` or ``int``.
    example : str
        How one is written, for whoever wrote something else.
    """

    def split(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            low, high = map(number, value.split(":"))
        except ValueError:
            # One sentence about what was typed, and not one about each half of it.
            raise ValueError(f"write LOW:HIGH, two numbers such as {example}") from None
        return low, high

    return split
