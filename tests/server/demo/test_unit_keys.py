"""The demo's units belong to its hub from their first start."""

from __future__ import annotations

from pathlib import Path

import pytest

from parvis_device.identity import open_identity
from parvis_server.data_folder import DataFolder
from parvis_server.demo import unit_keys
from parvis_server.room_client import RoomClient
from parvis_wire.identity import public_bytes, to_text


def test_a_unit_finds_its_key_and_its_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def ask(client: RoomClient, *request: object) -> dict[str, object]:
        asked.append((client.hub, client.token, *request))
        return {}

    monkeypatch.setattr(RoomClient, "ask", ask)
    folder = DataFolder.open(tmp_path / "hub")
    made = folder.secrets()
    state = tmp_path / "state-Ada"
    unit_keys.pair("http://127.0.0.1:1", folder.path, "Ada", state)
    identity = open_identity(state)
    assert identity.site == public_bytes(folder.site_key())
    body = {"key": to_text(identity.public), "name": "Ada"}
    assert asked == [("http://127.0.0.1:1", made.operator_token, "POST", "/units", body)]
    assert {path.stat().st_mode & 0o777 for path in state.iterdir()} == {0o600}
