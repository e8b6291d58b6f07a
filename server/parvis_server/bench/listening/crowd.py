"""Thousands of listeners in one process: one epoll, one buffer, and no task for any of them.

Theory of operation. All listeners get the same packets, so a packet is parsed once; for everybody
else it is three numbers that are looked up, and compared with those that this listener expects. A
read that is one whole frame, which nearly all are, is judged where it was received. After a round
of reads the process rests for a millisecond, so that one wake serves many: what it measures is up
to that much too long, never too short. Where a compiler exists, that nearly always is done in C
(``fast_reader``).
"""

import json
import select
import ssl
import time
from ctypes import CDLL
from random import Random

from parvis_server.bench.listening.fast_reader import FastReader
from parvis_server.bench.listening.frames import BINARY, CLOSE, PING, PONG, TEXT, client_frame
from parvis_server.bench.listening.histogram import BIN_NS, BINS
from parvis_server.bench.listening.ledger import Ledger, Window
from parvis_server.bench.listening.listener import Listener, Stage
from parvis_server.bench.listening.plan import Plan
from parvis_server.bench.listening.program import NUMBERS
from parvis_server.errors import PeerFault

BUFFER_BYTES = 65_536
MAX_EVENTS = 1024
REST_S = 0.001
WAIT_MS = 20
JOINED_EVENTS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
"""Told once for what comes, so all of it is read: the kernel does not look again whether a read
left something, which would be a seventh of what a packet costs here (3.4 instead of 2.9 µs)."""

MANY_EVENTS = 256
"""More than this at once, and there is no time to rest."""

JOIN_PATIENCE_NS = 30_000_000_000
"""Connection, welcome and first packet together; then the listener counts as not joined."""

WATCH_EVERY_NS = 200_000_000

ABNORMAL = 1006
"""The connection ended without a close code (RFC 6455 section 7.4.1)."""

NO_CODE = 1005
"""A close frame without one."""

_MOST_DELAY_NS = BIN_NS * (BINS - 1)
_LEAST_FRAME_BYTES = 16


class Crowd:
    """All listeners of a process."""

    def __init__(self, plan: Plan, library: CDLL | None = None) -> None:
        """Nobody was called yet; ``library``: what ``fast_reader.built`` gave."""
        self.ledger = Ledger()
        self.reason = ""
        """Why the first connection that was refused or ended was."""
        self.tried = 0
        self._plan = plan
        self._random = Random()
        self._context = ssl.create_default_context(cafile=plan.trusted)
        self._poll = select.epoll()
        self._buffer = bytearray(BUFFER_BYTES)
        self._listeners: dict[int, Listener] = {}
        self._joining: dict[int, Listener] = {}
        """Those who hear nothing yet."""
        self._begin_ns = time.monotonic_ns()
        self._watch_ns = 0
        self._fast = None if library is None else FastReader(library, self._poll.fileno())
        if self._fast is not None:
            self.ledger.on_known = self._fast.know

    @property
    def listening(self) -> int:
        """How many hear the program."""
        return len(self._listeners) - len(self._joining)

    @property
    def is_complete(self) -> bool:
        """Whether nobody is on the way in, or still to be called."""
        return self.tried >= self._plan.listeners and not self._joining

    @property
    def are_behind(self) -> bool:
        """Whether somebody has still to get packets of the open window."""
        self._ask_fast()
        heard = (each for each in self._listeners.values() if each.expected is not None)
        return any(self.ledger.is_behind(each.expected) for each in heard)

    def close_window(self) -> Window:
        """End the open window for all."""
        self.gather()
        if self._fast is not None:
            self._fast.count_no_more()
        return self.ledger.close_window([each.expected for each in self._listeners.values()])

    def serve(self) -> None:
        """Read what came, once."""
        now_ns = time.monotonic_ns()
        self._call_due(now_ns)
        ready = self._serve_slowly() if self._fast is None else self._serve_fast(self._fast)
        if now_ns >= self._watch_ns:
            self._watch_ns = now_ns + WATCH_EVERY_NS
            self._give_up_on_late(now_ns)
        if ready < MANY_EVENTS:
            time.sleep(REST_S)

    def _serve_slowly(self) -> int:
        events = self._poll.poll(WAIT_MS / 1_000, MAX_EVENTS)
        for number, _ in events:
            self._attend(number)
        return len(events)

    def _attend(self, number: int) -> None:
        listener = self._listeners.get(number)
        if listener is None:
            return  # it was closed in this very round
        if listener.stage is Stage.JOINED:
            self._hear(listener)
        else:
            self._come_on(listener)

    def _serve_fast(self, fast: FastReader) -> int:
        for number, received in fast.serve(WAIT_MS):
            listener = self._listeners.get(number)
            if received is None:
                self._attend(number)
            elif listener is not None:
                listener.expected = fast.expected(number)
                fast.leave(number)
                self._take(listener, received)
            if listener is not None and self._is_simple(listener):
                assert listener.expected is not None
                fast.follow(number, listener.expected)
        return fast.ready

    def _is_simple(self, listener: Listener) -> bool:
        """Whether just the next packet is likely, and whole: that is read in C."""
        is_open = listener.connection.fileno() >= 0 and not listener.target.encrypted
        return is_open and listener.expected is not None and not listener.reader.rest

    def gather(self) -> None:
        """Take over what was counted in C."""
        self._ask_fast()
        window = self.ledger.window
        if self._fast is not None and window is not None:
            delays, fast = window.tally.delays, self._fast.take_counts()
            delays.counts[:] = [a + b for a, b in zip(delays.counts, fast, strict=True)]

    def _ask_fast(self) -> None:
        """What everybody expects who is read in C."""
        if self._fast is not None:
            for number, listener in self._listeners.items():
                expected = self._fast.expected(number)
                listener.expected = listener.expected if expected is None else expected

    def close(self) -> None:
        """Let everybody go."""
        for listener in tuple(self._listeners.values()):
            self._drop(listener)
        self._poll.close()
        if self._fast is not None:
            self.ledger.on_known = lambda known: None
            self._fast.close()
            self._fast = None

    # Joining

    def _call_due(self, now_ns: int) -> None:
        due = 1 + int((now_ns - self._begin_ns) * self._plan.joins_per_s / 1e9)
        if not self._plan.leaves:
            due = min(due, self._plan.listeners)
        while self.tried < due:
            target = self._plan.target(self.tried, self._random)
            self.tried += 1
            try:
                listener = Listener.call(target, time.monotonic_ns())
            except OSError as error:
                self._refuse(str(error))
                continue
            number = listener.connection.fileno()
            self._listeners[number] = self._joining[number] = listener
            self._poll.register(number, select.EPOLLOUT)

    def _come_on(self, listener: Listener) -> None:
        """The next step of a connection on its way in."""
        number = listener.connection.fileno()
        try:
            if listener.stage is Stage.CONNECTING and not listener.target.encrypted:
                listener.upgrade()
                self._poll.modify(number, select.EPOLLIN)
            elif listener.stage is Stage.UPGRADING:
                self._take_answer(listener)
            else:
                self._encrypt(listener, number)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except (OSError, PeerFault) as error:
            self._refuse(str(error))
            self._drop(listener)

    def _encrypt(self, listener: Listener, number: int) -> None:
        if listener.stage is Stage.CONNECTING:
            self._poll.unregister(number)
            listener.encrypt(self._context)
            self._poll.register(number, select.EPOLLIN)
        assert isinstance(listener.connection, ssl.SSLSocket)
        listener.connection.do_handshake()
        listener.upgrade()

    def _take_answer(self, listener: Listener) -> None:
        received = listener.connection.recv(BUFFER_BYTES)
        if not received:
            raise ConnectionError("the server hung up before the WebSocket was open")
        rest = listener.answered(received, self._plan.join)
        if rest is not None and not listener.target.encrypted:
            self._poll.modify(listener.connection.fileno(), JOINED_EVENTS)
        if rest:
            self._take(listener, rest)

    def _give_up_on_late(self, now_ns: int) -> None:
        late = [
            listener
            for listener in self._joining.values()
            if now_ns - listener.began_ns > JOIN_PATIENCE_NS
        ]
        for listener in late:
            self._refuse(f"no sound {JOIN_PATIENCE_NS // 10**9} s after the connection")
            self._drop(listener)

    def _refuse(self, reason: str) -> None:
        self.ledger.tally.not_joined += 1
        self.reason = self.reason or reason

    # Listening

    def _hear(self, listener: Listener) -> None:
        """Read until nothing is left, also inside a TLS connection."""
        is_open = True
        while is_open:
            try:
                size = listener.connection.recv_into(self._buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                size = 0
            if size == 0:
                self._lose(listener, ABNORMAL, "the server hung up")
                return
            if not self._is_next_packet(listener, size):
                is_open = self._read(listener, size)

    def _take(self, listener: Listener, received: bytes) -> None:
        """What was read elsewhere."""
        if not received:
            self._lose(listener, ABNORMAL, "the server hung up")
            return
        self._buffer[: len(received)] = received
        self._read(listener, len(received))

    def _is_next_packet(self, listener: Listener, size: int) -> bool:
        """Whether a read is just the packet that this listener expects, known already; the way of
        nearly all, so it takes no turn that it can spare."""
        buffer = self._buffer
        length = buffer[1]
        begin = 2
        if length == 126:
            length, begin = buffer[2] << 8 | buffer[3], 4
        if buffer[0] != BINARY or begin + length != size or size < _LEAST_FRAME_BYTES:
            return False
        numbers = NUMBERS.unpack_from(buffer, begin)
        if numbers != listener.expected or listener.reader.rest:
            return False
        known = self.ledger.known.get(numbers)
        if known is None or known.packet.size != length:
            return False
        listener.expected = known.successor
        if known.window is not None:
            delay_ns = time.monotonic_ns() - known.left_ns
            if 0 <= delay_ns < _MOST_DELAY_NS:
                known.counts[delay_ns // BIN_NS] += 1
            else:
                known.window.tally.delays.add(delay_ns)
        return True

    def _read(self, listener: Listener, size: int) -> bool:
        """Whatever came, frame by frame; whether the connection is still open."""
        try:
            for source, (first, begin, end) in listener.reader.feed(self._buffer, size):
                if first == BINARY:
                    self._packet(listener, bytes(source[begin:end]))
                elif first == TEXT:
                    self._text(listener, bytes(source[begin:end]))
                elif first == PING:
                    listener.connection.send(client_frame(PONG, bytes(source[begin:end])))
                elif first == CLOSE:
                    code = int.from_bytes(source[begin : begin + 2]) or NO_CODE
                    self._lose(listener, code, source[begin + 2 : end].decode(errors="replace"))
                if listener.connection.fileno() < 0:
                    return False
        except BlockingIOError:
            return True  # a pong that the server does not read: it will say so
        except PeerFault as fault:
            self.ledger.tally.unreadable += 1
            self._lose(listener, int(fault.code), str(fault))
            return False
        except OSError as error:
            self._lose(listener, ABNORMAL, str(error))
            return False
        return True

    def _text(self, listener: Listener, text: bytes) -> None:
        """Only the welcome and the first clock matter here."""
        if not listener.is_welcome:
            listener.is_welcome = json.loads(text).get("type") == "welcome"
            if listener.is_welcome:
                self.ledger.tally.welcomes.add(time.monotonic_ns() - listener.began_ns)
        elif self.ledger.clock.runs or b'"type":"time"' not in text:
            return
        elif listener.is_on_this_machine:
            said = json.loads(text)
            self.ledger.clock.tell(said["room_clock"], said["hub_ns"])

    def _packet(self, listener: Listener, message: bytes) -> None:
        now_ns = time.monotonic_ns()
        expected = self.ledger.take(message, listener.expected, now_ns)
        if listener.expected is None and expected is not None:
            self.ledger.tally.joins.add(now_ns - listener.began_ns)
            del self._joining[listener.connection.fileno()]
            if self._plan.leaves:
                self._drop(listener)
        listener.expected = expected

    def _lose(self, listener: Listener, code: int, reason: str) -> None:
        """The server ended a connection."""
        if listener.expected is None:
            self._refuse(f"{code} {reason}")
        else:
            self.ledger.tally.closed[code] += 1
            self.reason = self.reason or f"{code} {reason}"
        self._drop(listener)

    def _drop(self, listener: Listener) -> None:
        number = listener.connection.fileno()
        if self._fast is not None:
            self._fast.leave(number)
        self._listeners.pop(number, None)
        self._joining.pop(number, None)
        listener.connection.close()  # which takes it out of the epoll, too
