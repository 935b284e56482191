"""Fetching what a plan says: some files at a time, each whole under its name or not there at all."""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from lunarcloud.engine import ShardDone, StageDone, Started, Watch, quiet, telling
from lunarcloud.errors import LunarcloudError, StoreError, TransientStoreError
from lunarcloud.fetching.checks import Came, sha256_of
from lunarcloud.fetching.http import CONNECTIONS, Line, download, line
from lunarcloud.fetching.ledger import Arrival, note, tidy
from lunarcloud.fetching.parts import Part, part_of
from lunarcloud.fetching.plan import Plan, in_words
from lunarcloud.fetching.sources import Piece, file_name
from lunarcloud.storage import Folder

# One that fails is a damaged file; so many with none between that came are an archive that is away.
_GIVE_UP = 8
# How many of what failed are named.
_NAMED = 3
# For the rate that is shown: five bands of 16 bits.
_PIXEL_BYTES = 10


class Fetched(NamedTuple):
    """What `carry_out` did.

    Attributes
    ----------
    files : tuple of str
        Paths or URLs of all that was wanted, of images without their labels.
    came : int
        How many of them were fetched now.
    n_bytes : int
        Bytes that came.
    """

    files: tuple[str, ...]
    came: int
    n_bytes: int


def carry_out(plan: Plan, watch: Watch = quiet) -> Fetched:
    """Fetch what is to come.

    Parameters
    ----------
    plan : Plan
        From `plan_fetch`.
    watch : callable
        Is told of every file.

    Raises
    ------
    StoreError
        If there is not the room for it, another command fetches into the same folder, or some files could
        not be fetched: the others are there, and the same call later goes on.
    """
    _require_room(plan)
    files = (*plan.there, *(f"{plan.place.url}/{piece.file}" for piece in plan.pieces))
    if not plan.pieces:
        return Fetched(files, 0, 0)
    with _alone(plan.place):
        tidy(plan.place)
        sizes = _fetch_all(plan, watch)
    return Fetched(files, len(sizes), sum(sizes))


def _fetch_all(plan: Plan, watch: Watch) -> list[int]:
    """Fetch each piece; bytes of those that came."""
    title = f"fetch {plan.source.name}"
    watch(Started(title, len(plan.pieces), plan.n_bytes // _PIXEL_BYTES))
    sizes: list[int] = []
    failed: list[LunarcloudError] = []
    in_a_row = 0
    with telling(watch), _threads(plan) as (tasks, way):
        for task in as_completed(tasks):
            try:
                files = task.result()
            except CancelledError:
                continue
            except LunarcloudError as error:
                failed.append(error)
                in_a_row += 1
                if in_a_row == _GIVE_UP:
                    way.stopped.set()
                    _cancel(tasks)
                continue
            note(plan.place, files)
            sizes.append(sum(each.size for each in files))
            in_a_row = 0
            watch(ShardDone(title, None, sizes[-1] // _PIXEL_BYTES))
    if failed:
        raise _not_all(plan, len(sizes), failed)
    watch(StageDone(title))
    return sizes


@contextmanager
def _threads(plan: Plan) -> Iterator[tuple[list[Future[list[Arrival]]], Line]]:
    """A task for each piece, in as many threads as connections; all ended when the block is left."""
    with line() as way, ThreadPoolExecutor(CONNECTIONS) as pool:
        tasks = [pool.submit(_fetch_piece, way, plan, piece) for piece in plan.pieces]
        try:
            yield tasks, way
        finally:
            way.stopped.set()
            _cancel(tasks)


def _cancel(tasks: list[Future[list[Arrival]]]) -> None:
    for task in tasks:
        task.cancel()


def _fetch_piece(way: Line, plan: Plan, piece: Piece) -> list[Arrival]:
    """Fetch a file and its label; the label gets its name last, since it says that the file is there."""
    with _part(plan.place, piece.file) as image:
        if not piece.label:
            return [_fetch_image(way, plan, piece, image, b"")]
        with _part(plan.place, file_name(piece.label)) as label:
            url = f"{plan.base}/{piece.label}"
            download(way, url, label, partial(_require_label, plan, piece))
            with label.open() as stream:
                data = stream.read()
            came = _fetch_image(way, plan, piece, image, data)
            return [came, _kept(label, file_name(piece.label), url)]


def _fetch_image(way: Line, plan: Plan, piece: Piece, image: Part, label: bytes) -> Arrival:
    url = f"{plan.base}/{piece.path}"

    def require(stream: IO[bytes]) -> None:
        plan.source.require(Came(url, stream, image.size, piece.n_bytes, label, piece.digest))

    download(way, url, image, require)
    return _kept(image, piece.file, url)


def _kept(part: Part, name: str, url: str) -> Arrival:
    """Give a file its name, and say what came."""
    with part.open() as stream:
        digest = sha256_of(stream)
    part.keep()
    return Arrival(name=name, size=part.size, digest=digest, tag=part.validator, url=url)


def _require_label(plan: Plan, piece: Piece, stream: IO[bytes]) -> None:
    if plan.source.require_label is not None:
        plan.source.require_label(stream.read(), f"{plan.base}/{piece.label}")


@contextmanager
def _part(place: Folder, name: str) -> Iterator[Part]:
    part = part_of(place, name)
    try:
        yield part
    finally:
        part.close()


def _require_room(plan: Plan) -> None:
    free = plan.free_bytes
    if free is not None and plan.n_bytes > free:
        raise StoreError(
            f"{plan.place.url}: {in_words(plan.n_bytes)} are to come and {in_words(free)} are free; "
            "give another place (--to), such as a bucket, or a part of the Moon (--region)"
        )


@contextmanager
def _alone(place: Folder) -> Iterator[None]:
    """Refuse a second command that writes into a folder; in a store both put the same objects."""
    if "://" in place.url:
        yield
        return
    path = Path(place.url)
    path.mkdir(parents=True, exist_ok=True)
    # The system drops the lock with the process, so one that was killed keeps nobody out.
    handle = os.open(path, os.O_RDONLY)
    try:
        _lock(handle, path)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StoreError(
            f"{path}: another command fetches into this folder; wait until it is done"
        ) from error


def _not_all(plan: Plan, came: int, failed: list[LunarcloudError]) -> StoreError:
    named = "; ".join(str(error) for error in failed[:_NAMED])
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    kind = (
        TransientStoreError if any(isinstance(error, TransientStoreError) for error in failed) else StoreError
    )
    if len(plan.pieces) == 1:
        what = f"cannot download {plan.source.title} from {plan.base}/{plan.pieces[0].path}"
        return kind(
            f"{what} ({named}): is there a network? "
            "If not, download the file elsewhere and give its path instead"
        )
    missing = len(plan.pieces) - came
    return kind(
        f"{came} of {len(plan.pieces)} files came, {missing} did not: {named}{more}. "
        "Run the same command again: what came stays; --mirror ADDRESS fetches from elsewhere"
    )
