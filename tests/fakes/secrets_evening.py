"""A whole evening with real programs and browsers, then every secret of it is looked for.

A hub, an operator, a unit with a label, a phone in Chromium that listens and then speaks, a host's
console in another, a recording, a guest by invitation and a path of one's own. All of them reach
the hub by a way that notes each request's line and headers. What is secret is noted where it is
given out; then logs, the data folder, the requests, and what the pages show in their addresses are
read as raw bytes.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import soundfile

from fakes import sounds
from fakes.browser import chromium
from fakes.page import Page
from fakes.parvis import HubProcess, listening
from fakes.peer import joined
from fakes.processes import Program, command, running
from fakes.recorded_hall import OF_THE_HALL, as_host
from fakes.shared_browser import close_idle, visit
from fakes.sound_server import sound_server
from fakes.watcher import Watcher
from parvis_wire.commands import Next
from parvis_wire.messages import InviteCredential
from parvis_wire.recording import StartRecording, StopRecording

CODE = "K7MQ-2HXD"
PASSWORD = "correct horse battery staple"
OWN_FILES = {"secrets.json"}
"""The one file that is for secrets, readable by the hub's user alone."""
PRIVATE_PATH = re.compile(rb"/p/[A-Za-z0-9_-]+/")
"""A path of one's own is a secret in an address, for players that can show none elsewhere."""
PRINTED_LINK = re.compile(r"^\s*(host|setup)\b.*#(k|setup)=")
"""The links themselves, which the hub prints for whoever started it."""
REQUEST = re.compile(rb"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/1\.1")
HEADER = re.compile(rb"\r\n((?:referer|cookie|origin|host):[^\r]*)", re.IGNORECASE)
LONG = re.compile(r"[A-Za-z0-9_.-]{22,}")
SECONDS = 20.0
FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--accept-lang=en")

STORED = "return JSON.stringify([{...localStorage}, {...sessionStorage}])"
ADDRESSES = """return JSON.stringify([location.href, document.referrer, document.title,
  ...performance.getEntriesByType("resource").map((one) => one.name)])"""


@dataclass
class Findings:
    """What was given out, and where it was read."""

    secrets: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, bytes] = field(default_factory=dict)

    def note(self, what: str, secret: str) -> None:
        assert len(secret) >= 8, f"{what} is no secret: {secret!r}"
        self.secrets[what] = secret.encode()

    def read(self, place: str, content: bytes) -> None:
        self.places[place] = self.places.get(place, b"") + content

    @property
    def found(self) -> list[str]:
        """Every secret that stands in the clear somewhere."""
        return [
            f"{what} in {place}"
            for what, secret in self.secrets.items()
            for place, content in self.places.items()
            if secret in content
        ]


def without_private_paths(line: bytes) -> bytes:
    """A request's line without the one secret whose place is there."""
    return PRIVATE_PATH.sub(b"/p/", line)


class NotingWay:
    """Forwards a local port to the hub's and keeps the head of every request."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.heads: list[bytes] = []
        self._target = target
        self._ready, self._over = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def close(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()

        async def connected(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            own = asyncio.current_task()
            assert own is not None
            tasks.add(own)
            try:
                far, there = await asyncio.open_connection("127.0.0.1", self._target)
                ways = (self._pass(near, there, note=True), self._pass(far, back, note=False))
                await asyncio.wait(map(asyncio.create_task, ways), return_when="FIRST_COMPLETED")
                there.close()
            except (OSError, asyncio.CancelledError):
                pass  # one end broke it, or the evening is over
            finally:
                back.close()
                tasks.discard(own)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in tuple(tasks):
            task.cancel()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, note: bool
    ) -> None:
        try:
            while octets := await source.read(65_536):
                if note and REQUEST.match(octets):
                    self.heads.append(octets.partition(b"\r\n\r\n")[0])
                sink.write(octets)
                await sink.drain()
        except OSError:
            pass  # one end broke it


class Evening:
    """Its parts, one after the other."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder, self.found = stack, folder, Findings()
        self.hub = HubProcess(folder, "--log-format", "json")
        stack.callback(self.hub.close)
        self.way = NotingWay(self.hub.port)
        stack.callback(self.way.close)
        self.url = f"http://localhost:{self.way.port}"
        self.http = stack.enter_context(httpx.Client(base_url=f"{self.url}/api/v1", timeout=30))
        self.programs: dict[str, Program] = {"the hub": self.hub.program}
        kept = json.loads((folder / "hub" / "secrets.json").read_text())
        for name, secret in kept.items():
            self.found.note(name, secret)
        self.data_token = kept["operator_token"]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def claim(self) -> None:
        """By a setup link, then by the password; a third session is revoked."""
        self.http.headers["Authorization"] = f"Bearer {self.data_token}"
        for name in ("first", "second"):
            secret = self.ask("POST", "/setup")["link"].partition("#setup=")[2]
            self.found.note(f"{name} setup link", secret)
            body: dict[str, str] = {"secret": secret, "name": "Zoé"}
            made = self.ask("POST", "/claim", {**body, "password": PASSWORD})
            self.found.note(f"{name} session", made["token"])
        self.http.headers["Authorization"] = f"Bearer {made['token']}"
        signed = self.ask("POST", "/sessions", {"password": PASSWORD, "name": "Ben"})
        self.found.note("signed-in session", signed["token"])
        self.ask("DELETE", f"/sessions/{signed['session']['id']}")
        self.found.note("password", PASSWORD)

    def pair(self) -> None:
        """A unit with a label."""
        for code in (CODE, CODE.replace("-", "")):
            self.found.note(f"setup code {len(code)}", code)
        state, tone = self.folder / "unit", self.folder / "tone.wav"
        soundfile.write(tone, sounds.tone(4.0), sounds.RATE_HZ, subtype="PCM_16")
        arguments = (
            *("--hub", self.hub.url, "--state", str(state), "--name", "Table 1"),
            *("--microphone", f"file:{tone}", "--loop", "--button", "keyboard"),
            *("--light", "terminal"),
        )
        table = running(
            *command("parvis-unit", "run", *arguments), env={"PARVIS_UNIT_SETUP_CODE": CODE}
        )
        self.programs["the unit"] = unit = self.stack.enter_context(table)
        unit.wait_for("light: unpaired")
        [waiting] = self.ask("GET", "/units")["waiting"]
        self.ask("POST", f"/units/{waiting['unit']}/pair", {"code": CODE})
        unit.wait_for("light: press_to_pair")
        unit.press()
        unit.wait_for("light: idle")
        self.found.note("the unit's key", (state / "unit.key").read_text().strip())

    def invite(self) -> None:
        """Links of every role, one of them used; a path of one's own, played."""
        for role in ("audience", "speaker", "cohost", "host", "screen"):
            made = self.ask("POST", "/rooms/main/invitations", {"role": role, "name": "Bea"})
            self.found.note(f"{role}'s invitation", made["link"].rpartition("k=")[2])
        invite = self.found.secrets["audience's invitation"].decode()

        async def visits() -> str:
            url = f"ws://127.0.0.1:{self.way.port}/ws/listen"
            async with joined(url, credential=InviteCredential(token=invite)) as guest:
                return guest.welcome.resume

        resume = asyncio.run(visits())
        self.found.note("guest's token", resume)
        body = {"resume": resume}
        own = self.http.post("/rooms/main/paths", json=body, headers={"Authorization": ""})
        assert own.is_success, own.text
        path = own.json()["path"]
        self.found.note("path of one's own", path.split("/")[2])
        with self.http.stream("GET", f"{self.url}{path}listen.mp3") as plays:
            assert plays.is_success and next(plays.iter_raw())

    def stored(self, page: Page, who: str) -> None:
        """What a page keeps for itself are its secrets; what it shows in addresses is none."""
        for place in json.loads(page.browser.execute_script(STORED)):
            for key, text in place.items():
                for number, secret in enumerate(LONG.findall(text)):
                    self.found.note(f"{who}'s page, {key} {number}", secret)
        self.found.read(f"{who}'s addresses", page.browser.execute_script(ADDRESSES).encode())

    def speak_from_a_phone(self) -> None:
        """A page listens, is given the floor from afar, speaks, and steps down."""
        voice = self.folder / "voice.wav"
        soundfile.write(voice, sounds.speech(), sounds.RATE_HZ, subtype="PCM_16")
        sound = self.stack.enter_context(sound_server(self.folder / "sound"))
        flags = (*FLAGS, f"--use-file-for-fake-audio-capture={voice}")
        (self.folder / "phone").mkdir()
        with (
            chromium(self.folder / "phone", sound.environment, flags) as browser,
            visit("en") as other,
            Watcher(self.way.port, self.hub.secret) as host,
        ):
            phone, console = Page(browser), Page(other)
            console.open(f"{self.url}/host#k={self.hub.secret}")
            phone.open(f"{self.url}/r/main")
            phone.wait("window.__parvis?.participant", "joined the room", 60)
            phone.tap(".door")
            phone.wait("__parvis.playedMs > 500", "sound", 60)
            phone.tap(".foot .big")
            phone.type("input", "Ada")
            phone.tap(".foot .big")
            phone.tap(".card.voice .big")
            phone.tap(".card.voice .primary")
            phone.wait("__parvis_voice.check?.state === 'listening'", "the check", 60)
            phone.tap(".card.voice > .primary")
            phone.wait("__parvis_voice.state === 'ready'", "ready", 60)
            console.wait("document.body.textContent.includes('Ada')", "the hand", 60)
            host.wait_for_view(lambda view: view.line, what="a hand")
            assert host.command(Next(id=token_hex(8))).refused is None
            phone.tap(".go-live")
            phone.wait("__parvis_voice.isOnAir", "on air", 60)
            self.hear("phone")
            self.stored(phone, "phone")
            self.stored(console, "console")
            phone.tap(".turn .on-turn:last-child")
            host.wait_for_view(lambda view: not view.floor, 20, "an empty floor")
            assert host.welcome is not None
            self.found.note("host's token", host.welcome.resume)

    def hear(self, what: str) -> None:
        """For some seconds, as `parvis listen` does."""
        with listening(self.hub, self.folder / f"{what}.wav") as heard:
            heard.wait_past(SECONDS, within_s=SECONDS + 60)

    def record(self) -> None:
        """The hall, for a while."""
        asyncio.run(as_host(self.hub, StartRecording, terms=OF_THE_HALL))
        self.hear("recording")
        asyncio.run(as_host(self.hub, StopRecording))

    def read_all(self, when: str) -> None:
        """Logs, requests, and every file of the data folder."""
        for who, program in self.programs.items():
            lines = [line for line in program.lines if not PRINTED_LINK.search(line)]
            self.found.read(f"the log of {who}", "\n".join(lines).encode())
        for head in self.way.heads:
            line = head.partition(b"\r\n")[0]
            self.found.read("requests", without_private_paths(line) + b"\n")
            self.found.read("referrers and other headers", b"\n".join(HEADER.findall(head)) + b"\n")
        data = self.folder / "hub"
        for path in data.rglob("*"):
            if path.is_file() and path.name not in OWN_FILES:
                self.found.read(f"{path.relative_to(data)} ({when})", path.read_bytes())


@contextmanager
def _evening() -> Iterator[Evening]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        stack.callback(close_idle)
        yield Evening(stack, Path(name))


def judge(found: Findings, requests: int) -> list[str]:
    """What is not as promised: a secret in the clear, or a search that had nothing to read."""
    faults = found.found
    read = found.places
    if requests < 20 or not any("parvis.db" in place for place in read):
        faults.append(f"not an evening: {requests} requests, {', '.join(read)}")
    return faults


def soak_secrets() -> bool:
    """A whole evening, then a search for all of its secrets."""
    with _evening() as evening:
        for part in (
            evening.claim,
            evening.pair,
            evening.record,
            evening.invite,
            evening.speak_from_a_phone,
        ):
            part()
            print(f"  {part.__name__.replace('_', ' ')}: done", flush=True)
        evening.read_all("running")
        evening.hub.close()
        evening.read_all("stopped")
        faults = judge(evening.found, len(evening.way.heads))
        size = sum(map(len, evening.found.places.values()))
        print(
            f"secrets: {len(evening.found.secrets)} secrets, looked for in {size / 1e6:.1f} MB: "
            f"{len(evening.way.heads)} requests and their headers, {len(evening.found.places)} "
            f"logs, files and pages; in the clear: {'; '.join(faults) or '0'}"
        )
    return not faults
