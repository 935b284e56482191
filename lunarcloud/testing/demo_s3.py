"""``make demo-s3``: the demonstration with all results on an S3 server, then opened by plain xarray."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import xarray

from lunarcloud.lineage import open_root
from lunarcloud.processes import load_process
from lunarcloud.testing.s3_server import BUCKET, s3_server


def main() -> None:
    """Run the server, the demo, and a reader that knows only xarray."""
    root = f"s3://{BUCKET}/demo"
    with tempfile.TemporaryDirectory() as data, s3_server(Path(data)) as server:
        os.environ.update(server.environment)
        command = [str(Path(sys.executable).with_name("lunarcloud")), "demo", "demo-s3", "--root", root]
        subprocess.run(command, check=True)
        entry = open_root(root).find("runs")
        path = f"{entry.ref.path}/{load_process(entry.process).opens}"
        account = server.environment
        options = {
            "key": account["AWS_ACCESS_KEY_ID"],
            "secret": account["AWS_SECRET_ACCESS_KEY"],
            "endpoint_url": server.endpoint,
        }
        print(f'\nxarray.open_zarr("{root}/{path}", storage_options=...) gives:\n')
        print(xarray.open_zarr(f"{root}/{path}", storage_options=options))


if __name__ == "__main__":
    main()
