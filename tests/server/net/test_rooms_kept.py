"""Rooms outlive the hub: what they are, how far they came, and who was invited."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed

from fakes.live_hub import LiveHub, live_hub
from fakes.peer import joined
from fakes.room_log import HAND, stored
from parvis_server.config import RoomSettings
from parvis_server.data_folder import DataFolder
from parvis_server.errors import StoreError
from parvis_server.net.kept_folds import FOLD_EVENTS, keep_fold
from parvis_server.net.room_keeper import StoredRooms
from parvis_server.room.folded import Folded
from parvis_server.room.members import Member
from parvis_server.store.address import Address
from parvis_server.store.database import Store
from parvis_server.store.rooms import StoredRoom
from parvis_wire.commands import RaiseHand
from parvis_wire.floor import About, InviteRole, Phase, Rank
from parvis_wire.messages import DEFAULT_ROOM, Ack, InviteCredential, ResumeCredential, Role
from parvis_wire.room_events import HandLowered, HandRaised, PhaseSet


def keeper(folder: Path) -> StoredRooms:
    store = Store.open(Address.of(None, folder))
    return StoredRooms(store, DataFolder(folder).room_before_the_database, DEFAULT_ROOM)


def api(hub: LiveHub) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {hub.hub.keys.operator_token}"}
    return httpx.AsyncClient(base_url=f"{hub.http}/api/v1", headers=headers, trust_env=False)


async def test_rooms_come_back(tmp_path: Path) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        for title, access in (("Board", "closed"), ("Evening", "open"), ("Over", "open")):
            body = {"title": title, "access": access, "name": title.lower()}
            assert (await client.post("/rooms", json=body)).status_code == 201
        await client.put("/rooms/board/phase", json={"phase": "live"})
        await client.put("/rooms/over/phase", json={"phase": "ended"})
        await client.patch("/rooms/evening", json={"description": "Two hours."})
        made = await client.post("/rooms/board/invitations", json={"role": "audience"})
        link = made.json()["link"]
        guest = InviteCredential(token=link.rpartition("k=")[2])
        async with joined(hub.listen, room="board", credential=guest) as phone:
            await phone.do(RaiseHand, name="Ada")
        before = (await client.get("/rooms")).json()["rooms"]
        number = made.json()["number"]

    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        after = (await client.get("/rooms")).json()["rooms"]
        assert [one["room"] for one in after] == ["main", "board", "evening", "over"]
        for was, now in zip(before, after, strict=True):
            assert now.pop("live_ms") >= was.pop("live_ms")
            assert now.pop("link").partition("/r/")[2] == was.pop("link").partition("/r/")[2]
            assert now == was
        board, over = hub.hub.rooms.get("board"), hub.hub.rooms.get("over")
        assert board is not None
        assert over is not None
        assert (board.engine.running is None, over.engine.running is None) == (False, True)
        assert over.phase is Phase.ENDED
        assert [invite.role for invite in board.invites] == [
            InviteRole.SCREEN,
            InviteRole.AUDIENCE,
        ]
        async with joined(hub.listen, room="board", credential=guest) as phone:
            assert [hand.name for hand in phone.view.line] == ["Ada"]
        assert (await client.delete(f"/rooms/board/invitations/{number}")).status_code == 204

    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub:
        board = hub.hub.rooms.get("board")
        assert board is not None
        assert [invite.role for invite in board.invites] == [InviteRole.SCREEN]


async def test_a_title_of_the_settings_holds_until_a_host_gives_a_better_one(
    tmp_path: Path,
) -> None:
    async def titled(given: str, by_host: str | None = None) -> str:
        """What the room is called at a start with this title in the settings."""
        room = RoomSettings(title=given)
        async with live_hub(tmp_path, keeper=keeper(tmp_path), room=room) as hub, api(hub) as asks:
            if by_host is not None:
                changed = await asks.patch(f"/rooms/{DEFAULT_ROOM}", json={"title": by_host})
                assert changed.status_code == 200
            async with joined(hub.listen) as phone:
                return phone.view.title

    assert await titled("Café") == "Café"
    assert await titled("Café", by_host="Café: budget") == "Café: budget"
    assert await titled("Café") == "Café: budget"
    assert await titled("Library") == "Library"


async def test_a_room_that_is_made_while_the_database_fails_has_a_whole_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms, put, failures = keeper(tmp_path), Store.put_room, iter(("full", "still full"))

    def fails_twice(store: Store, room: StoredRoom) -> None:
        why = next(failures, None)
        if why is not None:
            raise StoreError(why)
        put(store, room)

    monkeypatch.setattr(Store, "put_room", fails_twice)
    rooms.begin()
    rooms.found("evening", About(title="Evening"), Phase.LIVE)
    await rooms.end()
    assert [room.name for room in keeper(tmp_path).rooms()] == ["evening"]


@pytest.mark.parametrize("is_revoked", [False, True])
async def test_a_cohosts_invitation_counts_again_after_a_restart(
    tmp_path: Path, is_revoked: bool
) -> None:
    """A hub that begins anew does not know by which invitation they came: they show it again, or
    nobody could take it back."""
    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        made = await client.post(f"/rooms/{DEFAULT_ROOM}/invitations", json={"role": "cohost"})
        invite = InviteCredential(token=made.json()["link"].rpartition("k=")[2])
        async with joined(hub.listen, Role.HOST, credential=invite) as cohost:
            resume = ResumeCredential(token=cohost.welcome.resume)

    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        with pytest.raises(ConnectionClosed):
            async with joined(hub.listen, Role.HOST, credential=resume):
                pass
        if is_revoked:
            number = made.json()["number"]
            await client.delete(f"/rooms/{DEFAULT_ROOM}/invitations/{number}")
            with pytest.raises(ConnectionClosed):
                async with joined(hub.listen, Role.HOST, credential=resume, invite=invite):
                    pass
            return
        async with joined(hub.listen, Role.HOST, credential=resume, invite=invite) as back:
            assert (back.participant, back.welcome.rank) == (cohost.participant, Rank.COHOST)


@pytest.mark.parametrize("damage", ["missing", "unreadable", "unreadable later"])
@pytest.mark.parametrize("name", ["board", DEFAULT_ROOM])
async def test_one_damaged_room_is_set_aside_and_the_others_open(
    tmp_path: Path, name: str, damage: str
) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        for title in ("board", "evening"):
            made = await client.post("/rooms", json={"title": title, "name": title})
            assert made.status_code == 201
        async with joined(hub.listen) as phone:
            await phone.do(RaiseHand, name="Ada")
    store = Store.open(Address.of(None, tmp_path))
    if damage == "missing":
        statement = "DELETE FROM events WHERE room = :room AND seq = 1"
    else:
        seq = "2" if damage == "unreadable" else "(SELECT max(seq) FROM events WHERE room = :room)"
        statement = f"UPDATE events SET type = 'nonsense' WHERE room = :room AND seq = {seq}"
    with store._connection.transaction() as connection:
        rows = connection.execute(text("SELECT count(*) FROM events")).scalar_one()
        connection.execute(text("DELETE FROM words WHERE room = :room AND seq = 1"), {"room": name})
        connection.execute(text(statement), {"room": name})
    store.close()

    for _ in range(2):
        async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
            there = {one["room"] for one in (await client.get("/rooms")).json()["rooms"]}
            assert there == {DEFAULT_ROOM, "board", "evening"} - ({name} - {DEFAULT_ROOM})
            async with joined(hub.listen) as phone:
                assert (phone.view.line == ()) == (name == DEFAULT_ROOM)
    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub, api(hub) as client:
        if name != DEFAULT_ROOM:
            made = await client.post("/rooms", json={"title": name, "name": name})
            assert made.status_code == 201, "its name is free again"
    store = Store.open(Address.of(None, tmp_path))
    assert len([room for room in store.rooms() if room.name.startswith(f"{name}!damaged-")]) == 1
    with store._connection.transaction() as connection:
        kept = connection.execute(
            text("SELECT count(*) FROM events WHERE room LIKE :room"), {"room": f"{name}!%"}
        ).scalar_one()
    assert 0 < kept < rows
    store.close()


def long_evening(folder: Path) -> int:
    """A log that is worth a fold, under a room that a hub has made; its last event's number."""
    kept = keeper(folder)
    (room,) = kept.rooms()
    store, ada = kept._store, HAND.model_copy(update={"participant": "ada"})
    seq = len(room.log)
    for turn in range(FOLD_EVENTS // 2):
        raised = stored(HandRaised(hand=ada), seq + 1, actor="ada", command_id=f"up-{turn}")
        store.append([raised, stored(HandLowered(participant="ada"), seq + 2)])
        seq += 2
    store.append([stored(HandRaised(hand=ada), seq + 1, actor="ada", command_id="last")])
    store.close()
    return seq + 1


def opened(folder: Path) -> tuple[Folded, int]:
    """What a start of the hub makes of the log, and how many events it read for that."""
    kept = keeper(folder)
    (room,) = kept.rooms()
    folded = kept.folded(room)
    kept._store.close()
    return folded, len(room.log)


async def test_a_long_log_is_folded_once(tmp_path: Path) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)):
        pass
    last = long_evening(tmp_path)
    whole, read = opened(tmp_path)
    assert (whole.state.view.seq, read) == (last, last)
    assert opened(tmp_path) == (whole, 0)
    async with live_hub(tmp_path, keeper=keeper(tmp_path)) as hub:
        assert [hand.participant for hand in hub.live.room.view.line] == ["ada"]
        hub.live.room.joined(Member("ada", Role.LISTENER, name="Ada"), hub.live.now_ns())
        again = hub.live.room.handle(RaiseHand(id="up-7"), "ada", hub.live.now_ns())
        assert (again.ack, again.events) == (Ack(id="up-7"), ()), "it happened long ago"
        async with joined(hub.listen) as phone:
            await phone.do(RaiseHand, name="Ben")
    now, read = opened(tmp_path)
    assert [hand.name for hand in now.state.view.line] == [HAND.name, "Ben"]
    assert 0 < read < 20


@pytest.mark.parametrize("spoilt", ["code = 'other'", "body = '{}'", "seq = 99999"])
async def test_a_fold_that_is_not_good_is_made_anew(tmp_path: Path, spoilt: str) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)):
        pass
    last = long_evening(tmp_path)
    whole, _ = opened(tmp_path)
    store = Store.open(Address.of(None, tmp_path))
    with store._connection.transaction() as connection:
        connection.execute(text(f"UPDATE folds SET {spoilt}"))
    store.close()
    assert opened(tmp_path) == (whole, last)
    assert opened(tmp_path) == (whole, 0)


async def test_erased_words_are_in_no_fold(tmp_path: Path) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)):
        pass
    long_evening(tmp_path)
    whole, _ = opened(tmp_path)
    assert HAND.name in repr(whole)
    store = Store.open(Address.of(None, tmp_path))
    store.erase("main", "ada")
    assert store.fold("main") is None
    store.close()
    now, _ = opened(tmp_path)
    assert HAND.name not in repr(now.state.view)


async def test_a_default_room_that_was_ended_opens_again_from_its_fold(tmp_path: Path) -> None:
    async with live_hub(tmp_path, keeper=keeper(tmp_path)):
        pass
    last = long_evening(tmp_path)
    store = Store.open(Address.of(None, tmp_path))
    store.append([stored(PhaseSet(phase=Phase.ENDED, utc_ms=5), last + 1)])
    store.close()
    kept = keeper(tmp_path)
    (room,) = kept.rooms()
    store = kept._store
    keep_fold(store, "main", Folded.founded("main", room.about, room.phase).after(room.log[:-1]))
    with store._connection.transaction() as connection:
        connection.execute(text(f"DELETE FROM events WHERE seq > {last + 1}"))
    store.close()
    now, read = opened(tmp_path)
    assert (now.state.view.phase, now.state.view.seq, read) == (Phase.LIVE, last + 2, 1)
