"""``parvis listen`` against a hub of the tests: real sockets, real time."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import numpy as np
import pytest
import soundfile

from fakes.program_hub import program_hub
from parvis_server.errors import HubUnreachable, OutputError, UsageError
from parvis_server.listen import listener as listener_module
from parvis_server.listen.link import ListenerLink
from parvis_server.listen.listener import Listener
from parvis_server.listen.sinks import Sinks, WavFile
from parvis_wire.close_codes import CloseCode
from parvis_wire.messages import ResumeCredential, Role, Rung

PARVIS = (sys.executable, "-c", "from parvis_server.cli import main; main()")


class Told(list[str]):
    """What a listener said, and the moment when it says something."""

    def __init__(self) -> None:
        self.something = asyncio.Event()

    def say(self, text: str) -> None:
        self.append(text)
        self.something.set()

    async def until(self, part: str, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while sum(part in text for text in self) < times:
                self.something.clear()
                await self.something.wait()


def tone_level(path: Path) -> float:
    """Largest amplitude of 440 Hz in any 100 ms."""
    sound, rate_hz = soundfile.read(path)
    assert rate_hz == 48_000
    pieces = sound[: sound.size // 4_800 * 4_800].reshape(-1, 4_800)
    at = np.exp(-2j * np.pi * 440 / 48_000 * np.arange(4_800))
    return float(2 * np.abs(pieces @ at).max() / 4_800)


async def test_it_hears_and_writes_what_the_hub_plays(tmp_path: Path) -> None:
    told, path = Told(), tmp_path / "heard.wav"
    async with program_hub() as hub:
        link = ListenerLink.parse(hub.link)
        with Sinks(WavFile(path)) as sinks:
            listener = Listener(link, sinks, told.say)
            await listener.run(1.5)
    assert soundfile.info(path).frames == 72_000
    assert tone_level(path) == pytest.approx(0.3, rel=0.1)
    assert told[0] == f"connecting to {link}"
    assert told[1] == "live: Hall"
    assert hub.joins[0].role is Role.LISTENER
    summary = listener.summary()
    assert summary["received"] > 20, "of 75, the first of them maybe late on a busy machine"
    assert (summary["lost"], summary["reconnects"], summary["malformed"]) == (0, 0, 0)
    assert 40 < summary["buffer_ms"] < 400
    assert json.loads(json.dumps(summary)) == summary
    listener.check_heard(link)


async def test_it_comes_back_to_the_live_edge_as_the_same_participant() -> None:
    told = Told()
    async with program_hub() as hub:
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), told.say)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(listener.run(None))
            await told.until("live")
            await hub.stop()
            await told.until("reconnecting")
            await told.until("nothing listens")
            await hub.start()
            await told.until("live", times=2)
            running.cancel()
    assert listener.summary()["reconnects"] == 1
    assert hub.joins[0].credential is None
    assert hub.joins[1].credential == ResumeCredential(token="token")


async def test_it_reports_how_it_fares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "REPORT_EVERY_S", 0.5)
    told = Told()
    async with program_hub() as hub, asyncio.timeout(20), asyncio.TaskGroup() as group:
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), told.say)
        running = group.create_task(listener.run(None))
        await hub.reported.wait()
        running.cancel()
    assert hub.reports[0].rung is Rung.NATIVE
    assert hub.reports[0].played_ms >= 400


async def test_a_closed_port_is_told_and_tried_until_the_time_is_over() -> None:
    told = Told()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        link = ListenerLink.parse(f"http://127.0.0.1:{free.getsockname()[1]}/r/main")
        listener = Listener(link, Sinks(), told.say)
        await listener.run(1.0)
    assert told[1] == f"still connecting in 0.25 s: nothing listens on {link}"
    with pytest.raises(HubUnreachable, match="nothing was heard"):
        listener.check_heard(link)


@pytest.mark.parametrize("code", [CloseCode.ROOM_CLOSED, CloseCode.VERSION])
async def test_a_refusal_that_stays_ends_it_with_the_hubs_own_words(code: CloseCode) -> None:
    async with program_hub() as hub:
        hub.refuse_with = code
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), Told().say)
        with pytest.raises(HubUnreachable, match="there is no such room"):
            await listener.run(20)
    assert len(hub.joins) == 1


async def test_another_web_server_is_no_hub() -> None:
    async with program_hub() as hub:
        hub.http_status = HTTPStatus.NOT_FOUND
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), Told().say)
        with pytest.raises(HubUnreachable, match=r"no Parvis hub \(HTTP 404\)"):
            await listener.run(20)


async def test_a_hub_of_another_name_is_told_from_another_server() -> None:
    async with program_hub() as hub:
        hub.http_status = HTTPStatus.MISDIRECTED_REQUEST
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), Told().say)
        with pytest.raises(HubUnreachable, match="does not go by that name"):
            await listener.run(20)


async def test_a_proxy_for_the_web_is_none_for_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    told = Told()
    async with program_hub() as hub:
        listener = Listener(ListenerLink.parse(hub.link), Sinks(), told.say)
        running = asyncio.create_task(listener.run(1))
        await told.until("live")
        await running


async def test_a_name_that_nobody_has_is_told_at_once() -> None:
    listener = Listener(ListenerLink.parse("http://nobody.invalid/"), Sinks(), Told().say)
    with pytest.raises(HubUnreachable, match=r"no machine is called 'nobody\.invalid'"):
        await listener.run(20)


class FullDisk:
    """A sink that refuses after some frames."""

    def __init__(self, frames: int) -> None:
        self.left = frames

    def write(self, frame: object) -> None:
        self.left -= 1
        if self.left < 0:
            raise OutputError("no space left")

    def close(self) -> None:
        """Nothing."""


async def test_a_full_disk_ends_it_in_one_line() -> None:
    async with program_hub() as hub:
        listener = Listener(ListenerLink.parse(hub.link), Sinks(FullDisk(20)), Told().say)
        with pytest.raises(OutputError, match="no space left"):
            await listener.run(20)


def test_files_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ending in \.wav"):
        WavFile(tmp_path / "sound.mp3")
    with pytest.raises(OutputError, match="cannot write"):
        WavFile(tmp_path / "no_folder" / "sound.wav")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://127.0.0.1:1/r/main"], 2, "nowhere to put the sound"),
        (["127.0.0.1", "--output", "x.wav"], 2, "no listener link"),
        (["http://127.0.0.1:1/", "--output", "/proc/x.wav"], 1, "cannot write"),
        (["http://127.0.0.1:1/", "--output", "{tmp}/x.wav", "--seconds", "0.5"], 1, "nothing was"),
    ],
)
def test_the_command_tells_a_users_mistake_in_one_line(
    arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    given = [argument.format(tmp=tmp_path) for argument in arguments]
    result = subprocess.run(
        [*PARVIS, "listen", *given], capture_output=True, text=True, check=False
    )
    last = result.stderr.strip().splitlines()[-1]
    assert result.returncode == code
    assert last.startswith("parvis: ")
    assert said in last
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_however_it_ends_the_file_is_whole(how: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "heard.wav"
    async with program_hub() as hub, asyncio.timeout(30):
        process = await asyncio.create_subprocess_exec(
            *(*PARVIS, "listen", hub.link, "--output", str(path), "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await hub.until_sent(100)
        os.kill(process.pid, how)
        out, _ = await process.communicate()
    size = path.stat().st_size
    assert 0 <= size - (44 + 2 * soundfile.info(path).frames) <= 60_000
    assert tone_level(path) > 0.25
    if how is not signal.SIGKILL:
        assert process.returncode == 0
        assert json.loads(out.splitlines()[-1])["received"] > 20
        assert size == 44 + 2 * soundfile.info(path).frames
