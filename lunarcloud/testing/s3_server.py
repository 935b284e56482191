"""A real S3 server on this machine: SeaweedFS, on free ports of the loopback or of another address."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import s3fs
from botocore.exceptions import BotoCoreError

from lunarcloud.errors import MissingPackageError, StoreError
from lunarcloud.storage.backends.checked_s3 import CheckedS3

HOST = "127.0.0.1"
BUCKET = "moon"
#: Below this prefix of the bucket anybody may read, and nobody without an account may list.
PUBLIC = "public"
_GRPC = 10000  # the server adds this to a port for its own calls
_START_S = 60


@dataclass(frozen=True)
class S3:
    """Where the server is and who may do what there."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables that every S3 client reads, for the account that may write."""
        return self.account("writer")

    def account(self, name: str) -> dict[str, str]:
        """The same for ``writer`` or ``reader``."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": name,
            "AWS_SECRET_ACCESS_KEY": f"{name}-secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def reconnect() -> None:
    """Forget this process's connections to S3: the next ones are made as the environment says now."""
    for kind in (s3fs.S3FileSystem, CheckedS3):
        kind.clear_instance_cache()


@contextmanager
def s3_server(folder: Path, host: str = HOST, webhook: str | None = None) -> Iterator[S3]:
    """Run the server for the length of a ``with`` block.

    Parameters
    ----------
    folder : Path
        For its data.
    host : str
        Address of this machine at which it answers: not the loopback where pods are its clients.
    webhook : str, optional
        URL that is told of every object that comes, changes or goes, at least once.

    Raises
    ------
    MissingPackageError
        If the server's program is not installed.
    StoreError
        If the server does not start.
    """
    command = [_program(), "mini"]
    config = folder / "accounts.json"
    anybody = {"name": "anonymous", "actions": [f"Read:{BUCKET}/{PUBLIC}/*"]}
    accounts = [_account("writer", "Admin"), _account("reader", "Read"), anybody]
    config.write_text(json.dumps({"identities": accounts}))
    names = ("master", "volume", "filer", "s3")
    ports = dict(zip(names, _free_ports(len(names), host), strict=True))
    command += [f"-dir={folder}", f"-ip={host}", f"-ip.bind={host}", f"-bucket={BUCKET}"]
    command += [f"-{name}.port={port}" for name, port in ports.items()]
    command += [f"-s3.config={config}", "-s3.autoCreateBucket=false"]
    # Not on their usual ports either: another server may be there.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-admin.ui=false", "-webdav=false", "-master.telemetry=false"]
    if webhook is not None:
        told = f'[notification.webhook]\nenabled = true\nendpoint = "{webhook}"\n'
        (folder / "notification.toml").write_text(told)
    with (folder / "server.log").open("wb") as log:
        # It looks for the file of its notices where it is started.
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        found = S3(f"http://{host}:{ports['s3']}")
        _wait_until_up(found, server, folder / "server.log")
        yield found
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()


def _program() -> str:
    # An environment need not be activated: its programs lie beside its interpreter.
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", ""))
    weed = shutil.which("weed", path=os.pathsep.join(places))
    if weed is None:
        raise MissingPackageError("the S3 server needs SeaweedFS: pip install 'lunarcloud[testing]'")
    return weed


def _account(name: str, action: str) -> dict[str, object]:
    actions = ["Admin", "Read", "Write", "List"] if action == "Admin" else ["Read", "List"]
    key = {"accessKey": name, "secretKey": f"{name}-secret"}
    return {"name": name, "credentials": [key], "actions": actions}


def _free_ports(number: int, host: str) -> list[int]:
    found: list[int] = []
    # Processes that start together have ids near to each other, and look elsewhere.
    candidate = 20000 + 97 * os.getpid() % 10000
    while len(found) < number:
        candidate += 1
        if _is_free(candidate, host) and _is_free(candidate + _GRPC, host):
            found.append(candidate)
    return found


def _is_free(port: int, host: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) != 0


def _wait_until_up(found: S3, server: subprocess.Popen[bytes], log: Path) -> None:
    account = found.environment
    client = s3fs.S3FileSystem(
        key=account["AWS_ACCESS_KEY_ID"],
        secret=account["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=found.endpoint,
        skip_instance_cache=True,
    )
    end = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < end:
        with suppress(OSError, BotoCoreError):
            client.pipe_file(f"{BUCKET}/ready", b"")
            client.rm_file(f"{BUCKET}/ready")
            return
        time.sleep(0.2)
    raise StoreError(f"the S3 server did not start:\n{log.read_text()[-2000:]}")
