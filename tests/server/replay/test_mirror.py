"""Recordings in a store: what is there, what waits while it is away, what leaves it for good."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.recordings import BEGUN_UTC_MS, Said, built_page, write_recording
from fakes.stores import (
    KEY,
    SECRET,
    MinioGateway,
    StoreInMemory,
    client_of,
    minio_gateway,
    store_with_versions,
)
from fakes.voices import voice
from parvis_server.errors import BadRecording, StorageFault
from parvis_server.replay.keeping_up import Bench, carry_out
from parvis_server.replay.mirror import Mirrored, fetch, mirror
from parvis_server.replay.opened import open_recording
from parvis_server.replay.orders import Act, Orders, Task
from parvis_server.replay.publish import Wish, prepare, publish, take_back
from parvis_server.replay.rights import erase_recording, erased_before, sweep
from parvis_server.replay.storage import S3Storage, StorageAddress, check_url
from parvis_server.replay.wishes import wish
from parvis_server.replay.withdraw import withdraw
from parvis_server.store.erasures import Erasure

ANN = Said("ann-id", "Ann", voice(1, 1), 0.5)
BOB = Said("bob-id", "Bob", voice(1, 2), 2.0)
NOW = BEGUN_UTC_MS + 3_600_000
ALL_THERE = Mirrored(0)


def quiet(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings"
    write_recording(folder, [ANN, BOB], length_s=4)
    return folder


@pytest.fixture
def folder(recordings: Path) -> Path:
    return next(recordings.glob("*/*"))


def contents(recordings: Path) -> dict[str, bytes]:
    """Of everything that belongs into a store."""
    return {
        path.relative_to(recordings).as_posix(): path.read_bytes()
        for path in recordings.glob("main/*/**/*")
        if path.is_file() and path.name not in (".changing", "sent.json", "copies.json")
    }


def test_the_store_has_every_byte_and_nothing_is_sent_twice(recordings: Path) -> None:
    store = StoreInMemory()
    write_recording(recordings, [ANN], number=2, length_s=4, is_growing=True)
    over = {name: content for name, content in contents(recordings).items() if "01Z-1" in name}
    assert mirror(recordings, store) == ALL_THERE
    assert store.kept == over
    count = len(store.puts)
    assert mirror(recordings, store) == ALL_THERE and len(store.puts) == count


def test_what_the_store_misses_waits_however_long_it_is_away(
    recordings: Path, folder: Path
) -> None:
    store = StoreInMemory()
    store.falls_after = 3
    for _ in range(10):  # once a minute
        assert mirror(recordings, store) == Mirrored(1, "the store is away")
    write_recording(recordings, [BOB], number=2, length_s=4)
    assert mirror(recordings, store) == Mirrored(2, "the store is away")
    store.is_away, store.falls_after = False, None
    assert mirror(recordings, store) == ALL_THERE
    assert store.kept == contents(recordings)


def test_who_leaves_while_it_is_away_has_left_it_once_it_is_back(
    recordings: Path, folder: Path
) -> None:
    store = StoreInMemory()
    mirror(recordings, store)
    bobs = (folder / "tracks/0002.opus").read_bytes()
    store.is_away = True
    withdraw(folder, ["bob-id"], NOW, quiet)
    assert mirror(recordings, store).waiting == 1
    store.is_away = False
    assert mirror(recordings, store) == ALL_THERE
    assert store.kept == contents(recordings)
    assert not any(b"bob-id" in one or bobs[300:500] in one for one in store.kept.values())


def test_what_is_deleted_here_is_deleted_there_but_a_lost_disk_takes_nothing_along(
    recordings: Path, folder: Path
) -> None:
    store = StoreInMemory()
    write_recording(recordings, [ANN], number=2, length_s=4)
    mirror(recordings, store)
    kept = dict(store.kept)
    shutil.move(recordings, recordings.with_name("on-another-disk"))
    recordings.mkdir()
    assert mirror(recordings, store) == ALL_THERE and store.kept == kept
    recordings.rmdir()
    shutil.move(recordings.with_name("on-another-disk"), recordings)
    store.is_away = True
    erase_recording(open_recording(folder), NOW)
    assert mirror(recordings, store).waiting == 1
    store.is_away = False
    assert mirror(recordings, store) == ALL_THERE
    assert store.kept == contents(recordings) and len(store.kept) < len(kept)


def test_what_somebody_is_still_to_leave_is_not_sent(recordings: Path, folder: Path) -> None:
    store = StoreInMemory()
    wish(folder, ["bob-id"])
    assert mirror(recordings, store) == Mirrored(1) and store.kept == {}


def test_a_recording_comes_back_from_the_store(recordings: Path, folder: Path) -> None:
    store, name = StoreInMemory(), open_recording(folder).name
    mirror(recordings, store)
    before = contents(recordings)
    with pytest.raises(BadRecording, match="is here already"):
        fetch(recordings, store, name)
    shutil.rmtree(folder)
    assert fetch(recordings, store, name) == len(before)
    assert contents(recordings) == before
    with pytest.raises(StorageFault, match="is not in the store"):
        fetch(recordings, store, "main/20260921T120009Z-9")


def test_who_was_erased_is_known_in_a_recording_that_comes_back(folder: Path) -> None:
    opened = open_recording(folder)
    bob = Erasure.of_person("bob-id", None, 1)
    assert erased_before(opened, [bob, Erasure.of_person("ann-id", "annex", 1)]) == {"bob-id"}
    assert erased_before(opened, [Erasure.of_room("main", 9, 1)]) == set()


def test_a_store_that_names_a_file_elsewhere_writes_nothing(
    recordings: Path, folder: Path, tmp_path: Path
) -> None:
    store, name = StoreInMemory(), folder.relative_to(recordings).as_posix()
    mirror(recordings, store)
    shutil.rmtree(folder)
    for strange in ("../../../secrets.json", "/etc/x", "a/../../b", "./x"):
        store.kept[f"{name}/{strange}"] = b"{}"
        with pytest.raises(StorageFault, match="would lie outside"):
            fetch(recordings, store, name)
        del store.kept[f"{name}/{strange}"]
    assert not folder.exists() and not (tmp_path / "secrets.json").exists()


def test_the_process_tells_what_waits_and_no_key(recordings: Path, tmp_path: Path) -> None:
    store = StoreInMemory()
    address = StorageAddress("https://store.example/recordings", KEY, SECRET)
    orders = Orders.parse(Orders(storage=address).serialize())
    assert orders.storage == address and SECRET not in repr(orders)
    bench = Bench(
        recordings, NOW, built_page(tmp_path / "static"), lambda done: None, lambda _: store
    )
    told = list(carry_out(bench, orders))
    assert told[-1] == {"stored": address.url, "waiting": 0, "why": None}
    store.is_away = True
    name = next(recordings.glob("*/*")).relative_to(recordings).as_posix()
    erasing = Orders(tasks=(Task(Act.ERASE, name),), storage=address)
    told = list(carry_out(bench, erasing))
    assert told[-1] == {"stored": address.url, "waiting": 1, "why": "the store is away"}
    assert SECRET not in json.dumps(told)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://key:secret@store.example/bucket", "the key does not stand"),
        ("s3://bucket?secret=1", "the key does not stand"),
        ("http://store.example/bucket", "must begin with"),
        ("ftp://store.example/bucket", "must begin with"),
        ("https://store.example/", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
    ],
)
def test_what_is_no_address_of_a_store_is_refused(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_url(url)


def test_an_address_says_where_and_never_the_key() -> None:
    own = StorageAddress(check_url("https://store.example:9000/hall/of/fame"), KEY, SECRET)
    assert (own.endpoint, own.bucket, own.prefix) == (
        "https://store.example:9000", "hall", "of/fame/",
    )  # fmt: skip
    theirs = StorageAddress(check_url("s3://hall/fame/"))
    assert (theirs.endpoint, theirs.bucket, theirs.prefix) == (None, "hall", "fame/")
    assert SECRET not in f"{own}{own!r}{theirs}"


@pytest.fixture
def published(recordings: Path, folder: Path, tmp_path: Path) -> Path:
    """Folder of what is published of a room."""
    prepare(open_recording(folder), Wish(()), built_page(tmp_path / "static"), quiet)
    publish(open_recording(folder), tmp_path / "published/main", NOW)
    return tmp_path / "published"


def shown(published: Path) -> dict[str, bytes]:
    """What the store is to have of it."""
    files = [path for path in published.rglob("*") if path.is_file()]
    return {
        f"_published/{path.relative_to(published).as_posix()}": path.read_bytes() for path in files
    }


def of_published(store: StoreInMemory) -> dict[str, bytes]:
    return {name: kept for name, kept in store.kept.items() if name.startswith("_published/")}


def test_what_is_published_is_in_the_store_as_a_web_server_would_show_it(
    recordings: Path, folder: Path, published: Path
) -> None:
    store = StoreInMemory()
    assert mirror(recordings, store) == ALL_THERE
    assert of_published(store) == shown(published)
    assert {"_published/main/feed.xml", f"_published/main/{folder.name}/mix.opus"} <= set(
        store.kept
    )
    assert set(store.kept) - set(shown(published)) == set(contents(recordings)) - {
        name for name in contents(recordings) if "/prepared/" in name or "sent_" in name
    }
    count = len(store.puts)
    assert mirror(recordings, store) == ALL_THERE and len(store.puts) == count


@pytest.mark.parametrize("how", ["withdrawn", "erased", "taken back", "expired", "to leave"])
def test_what_is_published_no_more_is_not_in_the_store(
    recordings: Path, folder: Path, published: Path, how: str
) -> None:
    store = StoreInMemory()
    mirror(recordings, store)
    store.is_away = True
    match how:
        case "withdrawn":
            withdraw(folder, ["bob-id"], NOW, quiet)
        case "erased":
            erase_recording(open_recording(folder), NOW)
        case "taken back":
            take_back(open_recording(folder), NOW)
        case "expired":
            sweep(recordings, NOW + 400 * 86_400_000)
        case _:
            wish(folder, ["bob-id"])  # it is not out yet, and nothing of it is shown meanwhile
    assert mirror(recordings, store).waiting == 1
    store.is_away = False
    mirror(recordings, store)
    assert of_published(store) == {}
    assert not list(recordings.glob("*.feed.*"))
    store.puts.clear()
    mirror(recordings, store)
    assert store.puts == []


def test_what_was_published_on_a_disk_that_was_out_is_sent_again_when_it_is_back(
    recordings: Path, folder: Path, published: Path
) -> None:
    store = StoreInMemory()
    mirror(recordings, store)
    before = of_published(store)
    shutil.move(published, published.with_name("out"))
    mirror(recordings, store)
    assert of_published(store) == {}
    shutil.move(published.with_name("out"), published)
    assert mirror(recordings, store) == ALL_THERE
    assert of_published(store) == before


# Real servers


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioGateway]:
    with minio_gateway(tmp_path_factory.mktemp("store") / "minio") as running:
        yield running


def test_a_real_server_has_it_and_has_it_no_more(
    recordings: Path, folder: Path, gateway: MinioGateway
) -> None:
    storage, name = S3Storage.open(gateway.address), open_recording(folder).name
    bobs = (folder / "tracks/0002.opus").read_bytes()[300:500]
    assert mirror(recordings, storage) == ALL_THERE
    assert storage.sizes(f"{name}/") == {
        one: len(content) for one, content in contents(recordings).items()
    }
    withdraw(folder, ["bob-id"], NOW, quiet)
    gateway.stop()
    away = mirror(recordings, storage)
    assert away.waiting == 1 and away.why is not None and SECRET not in away.why
    gateway.start()
    assert mirror(recordings, storage) == ALL_THERE
    shutil.move(folder, folder.with_name("kept"))
    fetch(recordings, storage, name)
    assert not any(b"bob-id" in one or bobs in one for one in contents(recordings).values())
    erase_recording(open_recording(folder), NOW)
    assert mirror(recordings, storage) == ALL_THERE
    owner = client_of(f"http://127.0.0.1:{gateway.port}")
    assert owner.list_objects_v2(Bucket="recordings", Prefix="hall/").get("KeyCount") == 0


def test_no_older_version_of_who_left_stays_in_a_store_that_keeps_them(
    recordings: Path, folder: Path
) -> None:
    with store_with_versions() as (storage, owner):
        assert mirror(recordings, storage) == ALL_THERE
        withdraw(folder, ["bob-id"], NOW, quiet)
        assert mirror(recordings, storage) == ALL_THERE

        def versions() -> list[tuple[str, bool]]:
            told = owner.list_object_versions(Bucket="recordings")
            found = (*told.get("Versions", ()), *told.get("DeleteMarkers", ()))
            return [(one["Key"], one["IsLatest"]) for one in found]

        assert sorted(versions()) == [
            (f"hall/{name}", True) for name in sorted(contents(recordings))
        ]
        erase_recording(open_recording(folder), NOW)
        assert mirror(recordings, storage) == ALL_THERE
        assert versions() == []


PART = 5 << 20
"""The smallest that stores take."""


def in_parts(storage: S3Storage) -> S3Storage:
    return S3Storage(storage._client, "recordings", "hall/", PART)


def test_a_large_file_goes_in_parts_and_comes_back_whole(
    tmp_path: Path, gateway: MinioGateway
) -> None:
    large, back = tmp_path / "large", tmp_path / "back"
    large.write_bytes(bytes(range(256)) * (2 * PART // 256) + b"the end")
    with store_with_versions() as (storage, owner):
        for store in (in_parts(S3Storage.open(gateway.address)), in_parts(storage)):
            store.put("main/large", large)
            store.get("main/large", back)
            assert back.read_bytes() == large.read_bytes()
            assert store.sizes("main/large") == {"main/large": large.stat().st_size}
            back.unlink()
        etag = owner.head_object(Bucket="recordings", Key="hall/main/large")["ETag"]
        assert etag.strip('"').endswith("-3"), "in three parts"
    in_parts(S3Storage.open(gateway.address)).delete(["main/large"])


def test_the_parts_of_what_was_cut_off_leave_with_it() -> None:
    with store_with_versions() as (storage, owner):
        key = {"Bucket": "recordings", "Key": "hall/main/1/tracks/0001.opus"}
        begun = owner.create_multipart_upload(**key)["UploadId"]
        owner.upload_part(**key, UploadId=begun, PartNumber=1, Body=bytes(PART))
        storage.forget_versions("main/1/")
        assert not owner.list_multipart_uploads(Bucket="recordings").get("Uploads")
