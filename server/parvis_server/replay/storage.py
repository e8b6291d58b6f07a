"""A second place for recordings: S3-compatible storage, by URL.

Access goes through boto3 (the vendor's own client, pure Python), because it also lists and deletes
old versions: what was taken out of a recording must not stay in the store as an older version.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from parvis_server.errors import StorageFault

CONNECT_S: Final = 5
READ_S: Final = 30
"""A store that says nothing for so long is away; it is asked again in a minute."""

PART_BYTES: Final = 64 << 20
"""Larger files go in parts, since no store takes more than 5 GB at once; boto3 makes the parts
larger where there would be more than 10,000. One that fails is sent again, not the whole file."""

NO_VERSIONS: Final = frozenset({"NotImplemented", "MethodNotAllowed", "XNotImplemented"})
"""What stores say that keep no older versions."""

DEFAULT_REGION: Final = "us-east-1"
"""What stores without regions take."""


@dataclass(frozen=True, slots=True)
class StorageAddress:
    """Where a store is, and how one is let in."""

    url: str
    """``s3://bucket/prefix``, or ``https://host/bucket/prefix``."""
    key_id: str | None = None
    """None: what the environment has (``AWS_ACCESS_KEY_ID``)."""
    secret: str | None = None

    def __repr__(self) -> str:
        """Never with the secret."""
        return f"StorageAddress({self.url!r})"

    @property
    def endpoint(self) -> str | None:
        """Of a store that is not the vendor's; None: what the environment says, or the vendor's."""
        parts = urlsplit(self.url)
        return None if parts.scheme == "s3" else f"{parts.scheme}://{parts.netloc}"

    @property
    def bucket(self) -> str:
        """The bucket."""
        parts = urlsplit(self.url)
        return parts.netloc if parts.scheme == "s3" else parts.path.split("/")[1]

    @property
    def prefix(self) -> str:
        """What every name begins with; empty, or ending in a slash."""
        parts = urlsplit(self.url)
        inside = parts.path.split("/")[1 if parts.scheme == "s3" else 2 :]
        return "".join(f"{part}/" for part in inside if part)


def check_url(url: str) -> str:
    """The same; raises ``ValueError`` in words for what is no address of a store."""
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("the key does not stand in the address: give storage_key_id apart")
    is_local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme not in ("s3", "https") and not (parts.scheme == "http" and is_local):
        raise ValueError("must begin with s3:// or https://, as in https://store.example/bucket")
    if not StorageAddress(url).bucket if parts.scheme == "s3" else not parts.path.strip("/"):
        raise ValueError("names no bucket, as in s3://bucket/prefix")
    return url


class Storage(Protocol):
    """Names with contents, and what is left of older contents."""

    def sizes(self, prefix: str) -> dict[str, int]:
        """What lies there, in bytes; raises ``StorageFault``."""

    def put(self, name: str, path: Path) -> None:
        """Store a file; raises ``StorageFault``."""

    def get(self, name: str, path: Path) -> None:
        """Fetch a file; raises ``StorageFault``."""

    def delete(self, names: list[str]) -> None:
        """Remove what is there now under these names; raises ``StorageFault``."""

    def forget_versions(self, prefix: str) -> None:
        """Remove every older version, and the marks of what was deleted; raises
        ``StorageFault``, also when one is still there afterwards."""


class S3Storage:
    """A bucket."""

    def __init__(
        self, client: Any, bucket: str, prefix: str = "", part_bytes: int = PART_BYTES
    ) -> None:
        """``client``: of boto3; ``part_bytes``: what is larger is sent in parts of that size."""
        self._client, self._bucket, self._prefix = client, bucket, prefix
        self._part_bytes = part_bytes

    @classmethod
    def open(cls, address: StorageAddress) -> Self:
        """Nothing is asked yet; raises ``StorageFault`` for an address that nobody can use."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        patient = Config(
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"max_attempts": 2},
            s3={"addressing_style": "path"} if address.endpoint else {},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        try:
            client = boto3.client(
                "s3",
                endpoint_url=address.endpoint,
                aws_access_key_id=address.key_id,
                aws_secret_access_key=address.secret,
                region_name=region or DEFAULT_REGION,
                config=patient,
            )
        except (BotoCoreError, ValueError) as error:
            raise StorageFault(_told(error)) from None
        return cls(client, address.bucket, address.prefix)

    def _asked(self, act: str, **more: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, act)(Bucket=self._bucket, **more)
        except (BotoCoreError, ClientError, OSError) as error:
            code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
            raise StorageFault(_told(error), str(code)) from None

    def sizes(self, prefix: str) -> dict[str, int]:
        """What lies there, in bytes; raises ``StorageFault``."""
        found: dict[str, int] = {}
        more: dict[str, str] = {}
        while True:
            told = self._asked("list_objects_v2", Prefix=self._prefix + prefix, **more)
            for one in told.get("Contents", ()):
                found[one["Key"].removeprefix(self._prefix)] = one["Size"]
            if not told.get("IsTruncated"):
                return found
            more = {"ContinuationToken": told["NextContinuationToken"]}

    def put(self, name: str, path: Path) -> None:
        """Store a file; raises ``StorageFault``."""
        from boto3.exceptions import Boto3Error
        from boto3.s3.transfer import TransferConfig
        from botocore.exceptions import BotoCoreError, ClientError

        parts = TransferConfig(
            multipart_threshold=self._part_bytes,
            multipart_chunksize=self._part_bytes,
            use_threads=False,
        )
        try:
            self._client.upload_file(str(path), self._bucket, self._prefix + name, Config=parts)
        except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
            raise StorageFault(_told(error)) from None

    def get(self, name: str, path: Path) -> None:
        """Fetch a file; raises ``StorageFault``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        body = self._asked("get_object", Key=self._prefix + name)["Body"]
        with path.open("wb") as file:
            for piece in body.iter_chunks(1 << 20):
                file.write(piece)

    def delete(self, names: list[str]) -> None:
        """Remove what is there now under these names; raises ``StorageFault``."""
        self._delete([{"Key": self._prefix + name} for name in names])

    def forget_versions(self, prefix: str) -> None:
        """Remove every older version, the marks of what was deleted, and the parts of what was
        never sent whole."""
        for one in self._unfinished(prefix):
            self._asked("abort_multipart_upload", **one)
        old = list(self._old_versions(prefix))
        self._delete(old)
        if old and any(self._old_versions(prefix)):
            raise StorageFault(f"older versions of {prefix} are still in the store")

    def _delete(self, named: list[dict[str, str]]) -> None:
        """One by one: of requests for many, older stores want a checksum that the client left."""
        for one in named:
            self._asked("delete_object", **one)

    def _unfinished(self, prefix: str) -> list[dict[str, str]]:
        """Uploads that were cut off: their parts lie in the store, in no list of its files."""
        try:
            told = self._asked("list_multipart_uploads", Prefix=self._prefix + prefix)
        except StorageFault as error:
            if error.code in NO_VERSIONS:
                return []
            raise
        found = told.get("Uploads", ())
        return [{"Key": one["Key"], "UploadId": one["UploadId"]} for one in found]

    def _old_versions(self, prefix: str) -> Iterator[dict[str, str]]:
        more: dict[str, str] = {}
        while True:
            try:
                told = self._asked("list_object_versions", Prefix=self._prefix + prefix, **more)
            except StorageFault as error:
                if error.code in NO_VERSIONS:
                    return  # this store keeps none
                raise
            for one in (*told.get("Versions", ()), *told.get("DeleteMarkers", ())):
                is_kept = one.get("IsLatest", True) and "Size" in one
                if not is_kept and one.get("VersionId"):
                    yield {"Key": one["Key"], "VersionId": one["VersionId"]}
            if not told.get("IsTruncated"):
                return
            more = {
                "KeyMarker": told["NextKeyMarker"],
                "VersionIdMarker": told["NextVersionIdMarker"],
            }


def _told(error: Exception) -> str:
    """In one line; no request's address or header."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    return f"the store answers {code}" if code else " ".join(str(error).split())[:300]
