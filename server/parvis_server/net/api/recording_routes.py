"""Recordings of a room for its hosts, replays for its audience, paths of single people, erasure."""

import asyncio
from secrets import token_urlsafe
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request

from parvis_server.erased import note_erased
from parvis_server.errors import BadRecording, DataFolderError, StoreError
from parvis_server.net.api.asking import FOR_EVERYBODY, NOT_KEPT, Asker, faults
from parvis_server.net.api.caller import Caller
from parvis_server.net.api.faults import ApiFault
from parvis_server.net.api.house import House
from parvis_server.net.api.operators import utc_ms
from parvis_server.net.api.path_routes import own_path
from parvis_server.net.api.recording_models import (
    Erased,
    ErasedPerson,
    ErasePerson,
    Erasure,
    ExportRequest,
    Left,
    Muted,
    OnRecording,
    OwnPath,
    RecordedVoice,
    RecordingInfo,
    RecordingList,
    ReplayInfo,
    ReplayList,
    RoomAct,
    WithdrawAct,
    Work,
)
from parvis_server.net.edges.requests import EXTENSION
from parvis_server.net.path_grants import Scope, hash_of
from parvis_server.net.recordings import Recordings
from parvis_server.net.rooms import HubRoom
from parvis_server.replay.orders import Act, Job, Task
from parvis_server.replay.overview import Overview
from parvis_server.replay.wishes import wish_everywhere
from parvis_server.store.erasures import ASIDE
from parvis_server.store.erasures import Erasure as Erasing
from parvis_wire.fields import RoomName
from parvis_wire.floor import Access, InviteRole
from parvis_wire.recording import RecordingId, WithdrawVoice

Named = Annotated[RoomName, Path(description="The room's name, as in its links.")]
Which = Annotated[RecordingId, Path(description="The recording's id.")]
GrantName = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="As the list has it.")]

NOW = "replay/now/"
NEXT = {"publish": Act.PUBLISH, "take_back": Act.TAKE_BACK, "prepare": Act.PREPARE}


def recording_routes(house: House) -> APIRouter:
    """For those who run a room."""
    routes = APIRouter(tags=["recordings"], dependencies=NOT_KEPT)
    known = house.recordings

    @routes.get("/rooms/{room}/recordings", responses=faults(401, 403, 404))
    async def list_recordings(caller: Asker, room: Named) -> RecordingList:
        """The recordings of a room, the newest first. For its hosts and co-hosts."""
        return await _listed(known, house.room_to_run(room, caller, by_cohost=True))

    @routes.post("/rooms/{room}/recordings/{recording}/acts", responses=faults(401, 403, 404, 409))
    async def on_recording(
        caller: Asker, room: Named, recording: Which, body: OnRecording
    ) -> RecordingInfo:
        """Prepare, publish, take back, delete a recording, or take somebody's voice out of it. For
        its hosts; co-hosts may prepare, and take voices out. What takes time is told as `work`."""
        found = house.room_to_run(room, caller, by_cohost=True)
        overview = await _overview(known, room, recording)
        if isinstance(body, WithdrawAct):
            await _withdraw(house, found, overview, body.participant)
        else:
            if body.act != "prepare":
                _check_host(house, found, caller)
            _check_may(known, found, overview, body.act)
            act = NEXT.get(body.act, Act.ERASE)
            _do(known, Task(act, overview.name))
        return _info(known, found, overview)

    @routes.post(
        "/rooms/{room}/recordings/{recording}/hearing", responses=faults(401, 403, 404, 409)
    )
    async def hear(caller: Asker, room: Named, recording: Which) -> OwnPath:
        """A path to what would be published, to be heard before. For its hosts and co-hosts."""
        house.room_to_run(room, caller, by_cohost=True)
        overview = await _overview(known, room, recording)
        if overview.prepared is None:
            raise ApiFault(409, "not_prepared", "nothing is prepared yet: prepare it first")
        token = await own_path(known, room, Scope.HEAR, "host")
        return OwnPath(path=f"/p/{token}/hear/{recording}/", grant=hash_of(token))

    return routes


def whole_room_routes(house: House) -> APIRouter:
    """For a room's hosts: everything that was recorded of it, or of one person."""
    routes = APIRouter(tags=["recordings"], dependencies=NOT_KEPT)
    known = house.recordings

    @routes.post("/rooms/{room}/recordings/acts", responses=faults(401, 403, 404, 409))
    async def on_all(caller: Asker, room: Named, body: RoomAct) -> RecordingList:
        """Erase a room: every recording, with every copy that was published, and from its log
        everybody's names and words; what happened when stays, without them. For its hosts. How far
        it is, is told as `work` of the room."""
        found = house.room_to_run(room, caller, by_cohost=True)
        _check_host(house, found, caller)
        _check_over(found)
        if known.is_busy(room):
            raise ApiFault(409, "busy", "something is being done to this room: wait for it")
        await _erased_words(house, Erasing.of_room(room, found.live.room.view.seq, utc_ms()), None)
        _do(known, Task(Act.ERASE_ROOM, room))
        return await _listed(known, found)

    @routes.post("/rooms/{room}/exports", responses=faults(401, 403, 404, 409))
    async def export(caller: Asker, room: Named, body: ExportRequest) -> OwnPath:
        """A path to a ZIP archive, good for ten minutes: everything that was recorded in the room,
        or what there is of one person; JSON and sound. For its hosts."""
        found = house.room_to_run(room, caller, by_cohost=True)
        _check_host(house, found, caller)
        if not await known.of_room(room):
            raise ApiFault(409, "no_recording", "nothing of this room is recorded")
        token = await own_path(known, room, Scope.EXPORT, "host")
        name = "room" if body.participant is None else f"person-{body.participant}"
        return OwnPath(path=f"/p/{token}/export/{name}.zip", grant=hash_of(token))

    @routes.post("/rooms/{room}/erasures", responses=faults(401, 403, 404, 409))
    async def erase(caller: Asker, room: Named, body: Erasure) -> Erased:
        """Erase somebody from a room: their names and words from its log, their voice from every
        recording and copy, their paths. For its hosts."""
        found = house.room_to_run(room, caller, by_cohost=True)
        _check_host(house, found, caller)
        _check_over(found)
        return await _erased(house, found.name, body.participant)

    @routes.post("/erasures", responses=faults(401, 403, 404, 409))
    async def erase_everywhere(caller: Asker, body: ErasePerson) -> ErasedPerson:
        """Erase somebody from every room, by their id or name. For operators."""
        house.check_operator(caller)
        return await _erased_everywhere(house, body.person)

    return routes


def replay_routes(house: House) -> APIRouter:
    """For the audience."""
    routes = APIRouter(tags=["replays"], dependencies=NOT_KEPT)
    known = house.recordings

    @routes.get("/rooms/{room}/replays", responses=faults(404), openapi_extra=FOR_EVERYBODY)
    async def list_replays(request: Request, caller: Asker, room: Named) -> ReplayList:
        """What can be heard again of a room, the newest first. Edges carry no sound of recordings:
        through one, only what also stands on a server of its own."""
        found = house.room_to_read(room, caller)
        if EXTENSION in request.scope.get("extensions", {}):
            address = await known.address(room)
            if address is None:
                return ReplayList(replays=(), now=None, is_open=found.access is Access.OPEN)
        else:
            address = None
        replays = tuple(
            ReplayInfo(
                recording=one.id,
                title=one.title,
                begun_utc_ms=one.begun_utc_ms,
                duration_ms=one.duration_ms,
                path=f"replay/{one.id}/" if address is None else f"{address}{one.id}/",
            )
            for one in await known.replays(room)
        )
        now = None if known.live(room) is None or address is not None else NOW
        return ReplayList(replays=replays, now=now, is_open=found.access is Access.OPEN)

    return routes


async def _listed(known: Recordings, room: HubRoom) -> RecordingList:
    infos = [_info(known, room, one) for one in await known.of_room(room.name)]
    return RecordingList(recordings=tuple(infos), work=_work(known.jobs.get(room.name)))


async def _overview(known: Recordings, room: str, recording: str) -> Overview:
    for one in await known.of_room(room):
        if one.description.recording == recording:
            return one
    raise ApiFault(404, "no_recording", "there is no such recording: see the list")


def _check_host(house: House, room: HubRoom, caller: Caller) -> None:
    """Raise ``ApiFault`` for a co-host."""
    shown = () if caller.secret is None else (caller.secret,)
    invite = house.doorkeeper.invite_of(room.name, room, shown)
    if not house.is_host(room, caller) and (invite is None or invite.role is not InviteRole.HOST):
        raise ApiFault(401, "unauthorised", "only a host may publish, take back and delete")


def _check_over(room: HubRoom) -> None:
    """Raise ``ApiFault`` while the room is being recorded."""
    if room.live.room.view.recording is not None:
        raise ApiFault(409, "recording", "the room is being recorded: stop that first")


def _check_may(
    known: Recordings,
    room: HubRoom,
    overview: Overview,
    act: Literal["prepare", "publish", "take_back", "erase"],
) -> None:
    """Raise ``ApiFault`` for what cannot be done now."""
    if overview.duration_ms is None:
        raise ApiFault(409, "goes_on", "this recording still goes on: stop it first")
    if known.is_busy(overview.name):
        raise ApiFault(409, "busy", "something is being done to this recording: wait for it")
    if act == "publish":
        if overview.prepared is None:
            raise ApiFault(409, "not_prepared", "nothing is prepared yet: prepare it first")
        if not known.is_heard(overview):
            raise ApiFault(409, "not_heard", "nobody has heard it: listen to it first")
        if _leaving(room, overview):
            raise ApiFault(409, "leaving", "somebody asked to be taken out: wait for that")


def _do(known: Recordings, task: Task) -> None:
    if not known.do(task):
        raise ApiFault(409, "busy", "too much waits to be done: try again later")


async def _withdraw(house: House, room: HubRoom, overview: Overview, participant: str) -> None:
    """Written in the room's log where the room knows of it, so that nothing is forgotten."""
    recording = overview.description.recording
    if recording in room.live.room.state.memory.agreed:
        command = WithdrawVoice(id=token_urlsafe(12), recording=recording, participant=participant)
        await house.act(room, command)
    elif all(one.participant != participant for one in overview.voices):
        raise ApiFault(404, "nobody", "participant: nobody of this id is in the recording")
    else:
        _do(house.recordings, Task(Act.WITHDRAW, overview.name, participant))


async def _erased(house: House, room: str, participant: str) -> Erased:
    known = house.recordings
    if known.folder is not None:
        try:  # on the disk before the answer: whatever ends now, the voice leaves
            await asyncio.to_thread(wish_everywhere, known.folder / room, participant)
        except BadRecording as error:
            raise ApiFault(409, "disk_fails", str(error)[:500]) from error
    erasure = Erasing.of_person(participant, room, utc_ms())
    erased = await _erased_words(house, erasure, participant)
    if known.folder is not None:
        _do(known, Task(Act.ERASE_PERSON, room, participant))
    return erased


async def _erased_words(house: House, erasure: Erasing, participant: str | None) -> Erased:
    """Noted before the log is touched, so that every older copy loses it, too."""
    known, room = house.recordings, str(erasure.room)
    try:
        if known.data is not None:
            await asyncio.to_thread(note_erased, known.data, [erasure])
        words = await house.rooms.erase(room, participant)
    except DataFolderError as error:
        raise ApiFault(409, "disk_fails", str(error)[:500]) from error
    except StoreError as error:
        raise ApiFault(409, "log_fails", str(error)) from error
    paths = known.grants.revoke(room, lambda grant: participant in (None, grant.holder))
    await known.grants.kept()
    return Erased(words=words, paths=paths)


async def _erased_everywhere(house: House, person: str) -> ErasedPerson:
    try:
        found = set(await house.rooms.called(person))
    except StoreError as error:
        raise ApiFault(409, "log_fails", str(error)) from error
    for room in house.rooms:
        for one in await house.recordings.of_room(room.name):
            found |= {
                (room.name, voice.participant)
                for voice in one.voices
                if person in (voice.participant, voice.name)
            }
    people = sorted({participant for _, participant in found})
    if not people:
        raise ApiFault(404, "nobody", "person: nobody of this id or name is known")
    if len(people) > 1:
        raise ApiFault(409, "several", f"these are several: give one of {', '.join(people)}"[:500])
    names = sorted({name.partition(ASIDE)[0] for name, _ in found})
    rooms = [one for one in map(house.rooms.get, names) if one is not None]
    if any(room.live.room.view.recording is not None for room in rooms):
        raise ApiFault(409, "recording", "a room that they were in is being recorded: stop that")
    erased = [await _erased(house, name, people[0]) for name in names]
    return ErasedPerson(
        participant=people[0],
        rooms=tuple(room.name for room in rooms),
        words=sum(one.words for one in erased),
        paths=sum(one.paths for one in erased),
    )


def _withdrew(room: HubRoom, one: Overview) -> set[str]:
    """Who asked to be taken out of it, by the room's log."""
    which = one.description.recording
    return {who for told, who in room.live.room.state.memory.withdrawn if told == which}


def _leaving(room: HubRoom, one: Overview) -> int:
    """So many people are still to be taken out of it."""
    voices = {voice.participant for voice in one.voices}
    return len(_withdrew(room, one) & voices) or one.leaving


def _info(known: Recordings, room: HubRoom, one: Overview) -> RecordingInfo:
    kept = one.description
    memory = room.live.room.state.memory
    left = sorted(_withdrew(room, one))
    return RecordingInfo(
        recording=kept.recording,
        title=kept.title,
        begun_utc_ms=kept.begun_utc_ms,
        duration_ms=one.duration_ms,
        delete_utc_ms=one.delete_utc_ms,
        voices=tuple(
            RecordedVoice(
                participant=voice.participant,
                name=voice.name,
                kind=voice.kind,
                is_published=voice.is_published,
                duration_ms=voice.duration_ms,
            )
            for voice in one.voices
        ),
        withdrew=tuple(Left(participant=who, name=memory.spoken.get(who)) for who in left),
        leaving=_leaving(room, one),
        muted=tuple(Muted(begin_ms=begin, end_ms=end) for begin, end in one.silences),
        is_prepared=one.prepared is not None,
        is_heard=known.is_heard(one),
        published=None if one.published is None else f"replay/{kept.recording}/",
        work=_work(known.jobs.get(one.name)),
    )


def _work(job: Job | None) -> Work | None:
    if job is None:
        return None
    return Work(act=job.act.value, state=job.state.value, percent=job.percent, why=job.why)
