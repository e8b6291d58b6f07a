"""What an image must not carry is found; what a plain Debian carries is let pass."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parvis_firmware import __main__, image_scan
from parvis_firmware.image_scan import Entry, entries, scan

# Written in parts, so that nobody takes this file for the thing itself.
KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n"
TOKEN = b"token = ghp" + b"_abcdefghijklmnopqrstuvwxyz0123456789\n"
JWT = b"eyJhbGciOiJIUzI1NiIsInR5cCI6" + b".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N\n"


@pytest.mark.parametrize(
    ("path", "content", "what"),
    [
        ("etc/machine-id", b"0123456789abcdef0123456789abcdef\n", "an identity"),
        ("var/lib/dbus/machine-id", b"0123456789abcdef\n", "an identity"),
        ("etc/shadow", b"root:*:1::::::\npi:$y$j9T$abc$def:1::::::\n", "account pi has a password"),
        ("etc/shadow", b"guest::1::::::\n", "account guest has no password at all"),
        ("etc/passwd", b"pi:abJnggxhB/yWI:1000:1000::/:/bin/sh\n", "account pi has a password"),
        ("etc/ssh/ssh_host_ed25519_key", b"", "an SSH host key"),
        ("root/.ssh/authorized_keys", b"ssh-ed25519 AAAA a@b\n", "opens every machine"),
        ("etc/systemd/system/multi-user.target.wants/ssh.service", b"", "SSH is on"),
        ("boot/firmware/ssh", b"", "SSH is on"),
        ("opt/parvis/site/key.pem", KEY, "a private key"),
        ("var/lib/parvis-unit/identity.json", b"{}", "state of one machine"),
        ("usr/lib/python3/thing.py", TOKEN, "an access token"),
        ("etc/thing.conf", JWT, "a signed token"),
        ("root/.aws", b"AKIA" + b"ABCDEFGHIJKLMNOP\n", "an access key"),
        ("etc/pip.conf", b"index-url = https://me:hush@host/simple\n", "a password in it"),
        ("etc/NetworkManager/system-connections/a", b"[wifi]\npsk=hush\n", "somebody's Wi-Fi"),
        ("etc/wpa_supplicant/wpa_supplicant.conf", b'\tpsk="hush"\n', "somebody's Wi-Fi"),
        ("boot/firmware/parvis.toml", b'hotspot_password = "hush"\n', "a secret of one unit"),
        ("etc/parvis/unit.toml", b'setup_code = "AAAA-BBBB"\n', "a secret of one unit"),
        ("root/.bash_history", b"ls\n", "left behind"),
    ],
)
def test_what_must_not_be_there_is_found(path: str, content: bytes, what: str) -> None:
    found = [str(one) for one in scan([Entry(path, content)])]
    assert any(what in line and line.startswith(f"{path}: ") for line in found), found


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("etc/machine-id", b""),
        ("etc/machine-id", b"uninitialized\n"),
        ("etc/shadow", b"root:*:1::::::\ndaemon:!:1::::::\nparvis-unit:!*:1::::::\n"),
        ("etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n"),
        ("etc/ssh/ssh_config", b"Host *\n"),
        ("usr/lib/python3/ssh.py", b'START = b"-----BEGIN OPENSSH ' + b'PRIVATE KEY-----"\n'),
        ("usr/share/doc/git/README", b"https://user:password@host/repository\n"),
        ("etc/parvis/unit.toml", b'microphone = "unit_mic"\n'),
        ("etc/NetworkManager/conf.d/80-parvis.conf", b"[connection]\nwifi.powersave=2\n"),
    ],
)
def test_what_a_plain_system_has_is_let_pass(path: str, content: bytes) -> None:
    assert list(scan([Entry(path, content)])) == []


def test_a_link_to_the_systems_identity_is_none() -> None:
    assert list(scan([Entry("var/lib/dbus/machine-id", link="/etc/machine-id")])) == []


@given(st.text(max_size=40), st.binary(max_size=400))
def test_no_file_stops_it(path: str, content: bytes) -> None:
    list(scan([Entry(path, content), Entry("etc/shadow", content), Entry("etc/passwd", content)]))


def root_folder(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("")
    (tmp_path / "etc/shadow").write_text("root:*:1::::::\n")
    os.symlink("/nowhere", tmp_path / "etc/mtab")
    return tmp_path


def test_a_root_folder_is_walked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_folder(tmp_path)
    assert __main__.main(["scan", str(root)]) == 0
    assert "no password, no key, no token" in capsys.readouterr().out
    (root / "root").mkdir()
    (root / "root/key").write_bytes(KEY)
    assert __main__.main(["scan", str(root)]) == 1
    assert "root/key: a private key" in capsys.readouterr().err
    monkeypatch.setattr(image_scan, "MOST_READ_BYTES", 10)
    assert [one.content for one in entries(root) if one.path == "root/key"] == [b""]


def test_a_folder_that_is_no_root_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["scan", str(tmp_path)]) == 2
    assert "is no root folder" in capsys.readouterr().err


def test_the_overlay_itself_carries_nothing() -> None:
    from parvis_firmware.places import ROOTFS

    assert list(scan(entries(ROOTFS))) == []
