"""What an action is: something done with records that makes none of its own, as a value of functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from lunarcloud.engine import Cluster, Watch
from lunarcloud.lineage import Root
from lunarcloud.processes.inputs import InputsT
from lunarcloud.processes.process import Report

ResultT = TypeVar("ResultT", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Generic[InputsT, ResultT]):
    """Something done with records: a check, a repair, everything outdated made again.

    Attributes
    ----------
    name : str
        What a person types.
    inputs, result : type
        Models of what it takes and gives.
    act : callable
        From inputs, root, cluster and watch to the result.
    report : callable
        From a result to what a person should read.
    exit_code : callable
        From a result to the command's exit code.
    own_root : callable, optional
        From inputs to the root where none is given; without it, one must be given.
    """

    name: str
    inputs: type[InputsT]
    result: type[ResultT]
    act: Callable[[InputsT, Root, Cluster, Watch], ResultT]
    report: Callable[[ResultT], Report]
    exit_code: Callable[[ResultT], int] = lambda _: 0
    own_root: Callable[[InputsT], str] | None = None
