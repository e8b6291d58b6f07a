"""Network namespaces of our own, each with one TUN device; made and configured without any tool.

Theory of operation: a thread can leave for a new network namespace while its process stays where it
is. What that thread makes (sockets, devices, child processes) belongs to the namespace for good,
and asyncio may use the sockets from any thread. The namespace has no name in the file system: when
the thread, the processes and the device are gone, also by ``kill -9``, so is it.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TypeVar

from parvis_server.errors import BenchError

CLONE_NEWNET = 0x40000000  # sched.h
PR_SET_PDEATHSIG = 1  # prctl(2)
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C  # netdevice(7)
IFF_UP, IFF_RUNNING = 0x1, 0x40

DEVICE = "parvis0"
NETMASK = "255.255.255.252"
TUN = Path("/dev/net/tun")

_libc = ctypes.CDLL(None, use_errno=True)
_Made = TypeVar("_Made")


class NamespacesRefused(BenchError):
    """This machine does not let us make networks of our own."""

    def __init__(self, error: OSError) -> None:
        """``error``: what the system answered."""
        self.reason = f"this machine allows no network namespaces with a TUN device ({error})"
        super().__init__(f"{self.reason}: run it as root, or with --proxy, which needs no rights")


class Namespace:
    """A network of its own, reached over one TUN device."""

    def __init__(self, address: str) -> None:
        """Make it, with ``address`` on its device.

        Raises:
            NamespacesRefused: this machine does not allow it.
        """
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="namespace")
        try:
            self.inode = self.inside(_enter).result()
            """Which namespace: what ``/proc/<pid>/ns/net`` of a process in it leads to."""
            self.device = self.inside(lambda: _make_device(address)).result()
            """The descriptor to read and write IP packets with; close it with ``close_device``."""
        except OSError as error:
            self.close()
            raise NamespacesRefused(error) from error

    def inside(self, act: Callable[[], _Made]) -> Future[_Made]:
        """Do something in the namespace, in its thread."""
        return self._thread.submit(act)

    def tcp_socket(self) -> socket.socket:
        """A fresh TCP socket of this network, to be used from any thread."""
        return self.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)).result()

    def close_device(self) -> None:
        """Let go of the device: it is gone when nobody else has it."""
        device, self.device = getattr(self, "device", -1), -1
        if device >= 0:
            os.close(device)

    def close(self) -> None:
        """End the thread, and the namespace with what else is in it."""
        self.close_device()
        self._thread.shutdown()


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str] | None,
    stdout: int | IO[str] | None,
    stderr: int | IO[str] | None,
) -> "subprocess.Popen[str]":
    """Start a process in this thread's network; it gets SIGTERM when the thread ends."""
    return subprocess.Popen(
        list(command),
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )


def _end_with_parent() -> None:
    """In the child: nothing stays behind when the bench is killed."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _enter() -> int:
    if _libc.unshare(CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    _configure(SIOCSIFFLAGS, "lo", struct.pack("H22x", IFF_UP | IFF_RUNNING))
    return os.stat("/proc/thread-self/ns/net").st_ino


def _make_device(address: str) -> int:
    """A TUN device with an address, up; it lives as long as its descriptor."""
    device = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        request = struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI)
        fcntl.ioctl(device, TUNSETIFF, request)
        _configure(SIOCSIFADDR, DEVICE, _socket_address(address))
        _configure(SIOCSIFNETMASK, DEVICE, _socket_address(NETMASK))
        _configure(SIOCSIFFLAGS, DEVICE, struct.pack("H22x", IFF_UP | IFF_RUNNING))
    except BaseException:
        os.close(device)
        raise
    return device


def _configure(request: int, device: str, setting: bytes) -> None:
    """One ``ifreq`` of netdevice(7): the name, then a union of 24 bytes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, request, struct.pack("16s24s", device.encode(), setting))


def _socket_address(address: str) -> bytes:
    return struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(address))
