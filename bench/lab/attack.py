"""Attack: many connections to a server that do one hostile thing, until standard input ends. Run as a process.

It prints a line once all of them have tried to connect, and at its end what became of them, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import socket
import sys
from collections import Counter
from typing import TYPE_CHECKING

from bench.lab.attacks import ATTACKS

if TYPE_CHECKING:
    from bench.lab.attacks import Attack

AGAIN_S = 1.0
"""How long after its end a connection is made anew."""
SMALL_BUFFER_BYTES = 4096


class Attackers:
    """`count` connections; `ended` counts how they ended."""

    def __init__(self, attack: Attack, host: str, port: int, count: int) -> None:
        self._attack = attack
        self._address = (host, port)
        self._count = count
        self._tried: set[int] = set()
        self._all_tried = asyncio.Event()
        self.ended: Counter[str] = Counter()

    async def run(self) -> None:
        """Attacks until standard input ends."""
        tasks = [asyncio.create_task(self._keep_on(number)) for number in range(self._count)]
        await self._all_tried.wait()
        await asyncio.sleep(self._attack.settling_s)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_on(self, number: int) -> None:
        while True:
            self.ended[await self._attack_once(number)] += 1
            if not self._attack.comes_again:
                return
            await asyncio.sleep(AGAIN_S)

    async def _attack_once(self, number: int) -> str:
        connection = socket.socket()
        connection.setblocking(False)
        if self._attack.reads_nothing:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        try:
            await asyncio.get_running_loop().sock_connect(connection, self._address)
            self._note(number)
            await self._talk(connection)
        except OSError as error:
            return type(error).__name__
        finally:
            self._note(number)
            connection.close()
        return "closed by the server"

    def _note(self, number: int) -> None:
        self._tried.add(number)
        if len(self._tried) == self._count:
            self._all_tried.set()

    async def _talk(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        reading = None if self._attack.reads_nothing else asyncio.create_task(_read_to_end(connection))
        try:
            for part, pause_s in self._attack.parts():
                await loop.sock_sendall(connection, part)
                if reading is not None and reading.done():
                    return
                await asyncio.sleep(pause_s)
            if reading is None:
                await asyncio.Event().wait()
            else:
                await reading
        finally:
            if reading is not None:
                reading.cancel()


async def _read_to_end(connection: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(connection, 65536):
        pass


def main() -> None:
    """Attacks as the command line says."""
    parser = argparse.ArgumentParser(prog="bench.lab.attack")
    parser.add_argument("attack", choices=ATTACKS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def attack() -> Counter[str]:
        attackers = Attackers(ATTACKS[options.attack], options.host, options.port, options.connections)
        await attackers.run()
        return attackers.ended

    print(json.dumps(asyncio.run(attack())))


if __name__ == "__main__":
    main()
