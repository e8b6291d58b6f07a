"""A server for ``parvis bench fanout``: the library ``websockets`` and its ``broadcast``."""

import asyncio

from websockets.asyncio.server import ServerConnection, broadcast, serve

from parvis_server.bench.fanout_input import packets


async def main() -> None:
    """Send every packet to everybody."""
    connections: set[ServerConnection] = set()

    async def listen(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    async with serve(listen, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        [listening] = server.sockets
        print(listening.getsockname()[1], flush=True)
        async for packet in packets():
            broadcast(connections, packet)


if __name__ == "__main__":
    asyncio.run(main())
