"""What the hub keeps between its runs."""

import json
import os
import stat
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from parvis_server.data_folder import NS_PER_S, ROOM_OVER_AFTER_S, DataFolder
from parvis_server.errors import DataFolderError


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    first = DataFolder.open(path).secrets()
    again = DataFolder.open(path).secrets()
    assert first == again
    assert first != DataFolder.open(tmp_path / "other").secrets()
    assert stat.S_IMODE((path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert first.host_secret not in repr(first)


def test_secrets_that_others_could_read_are_closed_to_them(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    folder.secrets()
    (tmp_path / "secrets.json").chmod(0o644)
    folder.secrets()
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{}", "[", '{"host_secret":"short","resume_key":""}'])
def test_damaged_secrets_are_told_and_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(DataFolderError, match=r"secrets\.json is damaged: delete it"):
        DataFolder.open(tmp_path).secrets()
    assert (tmp_path / "secrets.json").read_text() == content


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="choose another with --data"):
        DataFolder.open(tmp_path / "file" / "folder")


def test_a_file_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").mkdir()
    with pytest.raises(DataFolderError, match="cannot read"):
        DataFolder.open(tmp_path).secrets()
    (tmp_path / "room.new").mkdir()
    with pytest.raises(DataFolderError, match="cannot write"):
        DataFolder.open(tmp_path).room_origin_ns(0, 0)


def test_the_room_clock_goes_on_after_a_restart(tmp_path: Path) -> None:
    utc_ns = time.time_ns()
    assert DataFolder.open(tmp_path).room_origin_ns(now_ns=1000, utc_ns=utc_ns) == 1000
    later_ns = 3600 * NS_PER_S
    rebooted = DataFolder.open(tmp_path).room_origin_ns(now_ns=5, utc_ns=utc_ns + later_ns)
    assert rebooted == 5 - later_ns


def test_after_a_long_pause_it_is_a_new_evening(tmp_path: Path) -> None:
    folder, utc_ns = DataFolder.open(tmp_path), time.time_ns()
    folder.room_origin_ns(0, utc_ns)
    long_ago = time.time() - ROOM_OVER_AFTER_S - 60
    os.utime(tmp_path / "room.json", (long_ago, long_ago))
    assert folder.room_origin_ns(7, utc_ns + NS_PER_S) == 7
    folder.note_running()
    assert folder.room_origin_ns(8, utc_ns + 2 * NS_PER_S) == 8 - NS_PER_S


def test_a_clock_that_went_back_starts_the_room_again(tmp_path: Path) -> None:
    folder, utc_ns = DataFolder.open(tmp_path), time.time_ns()
    folder.room_origin_ns(0, utc_ns)
    assert folder.room_origin_ns(3, utc_ns - NS_PER_S) == 3


def test_a_title_of_the_settings_is_new_once(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    given = ["A", "A", "B", "B", "A"]
    assert [folder.is_new_title(title) for title in given] == [True, False, True, False, True]


def test_noting_never_fails(tmp_path: Path) -> None:
    DataFolder.open(tmp_path).note_running()


def test_what_was_kept_before_the_database_is_read(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    assert folder.room_before_the_database() is None
    folder.room_origin_ns(0, 5 * NS_PER_S)
    os.utime(tmp_path / "room.json", (9, 9))
    assert folder.room_before_the_database() == (5 * NS_PER_S, 9 * NS_PER_S)
    (tmp_path / "room.json").write_text("damaged")
    with pytest.raises(DataFolderError, match=r"room\.json is damaged"):
        folder.room_before_the_database()


def pem(key: Ed25519PrivateKey | X25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_site_key_is_made_once_also_by_a_hub_of_before(tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path)
    path = tmp_path / "secrets.json"
    made = folder.secrets()
    older = {name: secret for name, secret in made.model_dump().items() if name != "site_key"}
    path.write_text(json.dumps(older))
    key = folder.site_key()
    assert folder.site_key().private_bytes_raw() == key.private_bytes_raw()
    assert folder.secrets().model_dump() == older | {"site_key": folder.secrets().site_key}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert folder.secrets().site_key not in repr(folder.secrets())
    path.write_text(json.dumps({**older, "site_key": "!" * 43}))
    with pytest.raises(DataFolderError, match="damaged"):
        folder.site_key()


def test_a_site_key_of_a_file_is_shared(tmp_path: Path) -> None:
    folder, path = DataFolder.open(tmp_path), tmp_path / "site.pem"
    shared = Ed25519PrivateKey.generate()
    path.write_bytes(pem(shared))
    path.chmod(0o600)
    assert folder.site_key(path).private_bytes_raw() == shared.private_bytes_raw()


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (None, 0o600, "cannot read the site key .* copy it from another hub of the site"),
        (b"no key", 0o600, "holds no private key in PEM: .* openssl genpkey"),
        (pem(X25519PrivateKey.generate()), 0o600, "another kind of key"),
        (pem(Ed25519PrivateKey.generate()), 0o640, "others may read the site key .* chmod 600"),
    ],
    ids=["missing", "no key", "another kind", "open to others"],
)
def test_a_site_key_that_cannot_be(
    tmp_path: Path, content: bytes | None, mode: int, words: str
) -> None:
    path = tmp_path / "site.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(DataFolderError, match=words) as told:
        DataFolder.open(tmp_path).site_key(path)
    assert "\n" not in str(told.value)
