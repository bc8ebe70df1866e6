"""A tiny HJ 212 of its own, sharing nothing with the codec: CRC bit by bit, frames by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

HEAD = re.compile(rb"##(\d{4})")


def crc(data: bytes) -> int:
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            odd = register & 1
            register >>= 1
            if odd:
                register ^= 0xA001
    return register


def frame(segment: str) -> bytes:
    data = segment.encode()
    return b"##%04d%s%04X\r\n" % (len(data), data, crc(data))


@dataclass
class Said:
    """One frame as the host heard it."""

    raw: bytes
    header: dict[str, str]
    area: str  # as latin-1: an encrypted one is bytes
    crc_ok: bool

    def top(self, name: str) -> str | None:
        found = re.search(rf"(?:^|[;,]){name}=([^;,]*)", self.area)
        return found.group(1) if found else None


def read(data: bytes) -> Said:
    segment, check = data[6:-6], data[-6:-2]
    head, _, rest = segment.partition(b"CP=&&")
    header = dict(part.split("=", 1) for part in head.decode().split(";") if part)
    return Said(data, header, rest[:-2].decode("latin-1"), crc(segment) == int(check, 16))


@dataclass
class Host:
    """A scripted host: acknowledges what asks for it unless told otherwise; keeps everything."""

    deaf: Callable[[Said], bool] = lambda said: False
    heard: list[Said] = field(default_factory=list)
    server: asyncio.Server | None = None
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    connections: int = 0

    async def start(self) -> int:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        for writer in self.writers:
            writer.close()

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()

    def say(self, segment: str) -> None:
        self.writers[-1].write(frame(segment))

    async def wait_for(self, wanted: Callable[[Said], bool], seconds: float = 10.0) -> Said:
        async with asyncio.timeout(seconds):
            while True:
                for said in self.heard:
                    if wanted(said):
                        return said
                await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(6)
                match = HEAD.fullmatch(head)
                assert match is not None, head
                rest = await reader.readexactly(int(match.group(1)) + 6)
                self._take(read(head + rest), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def _take(self, said: Said, writer: asyncio.StreamWriter) -> None:
        self.heard.append(said)
        header = said.header
        if not int(header.get("Flag", "0")) & 1 or self.deaf(said):
            return
        notice = header["CN"] in {"1013", "1014"}
        writer.write(acknowledgement(said, "9013" if notice else "9014"))


def acknowledgement(said: Said, cn: str) -> bytes:
    header = said.header
    if int(header["Flag"]) < 4:  # 2005
        number = f";PNO={header['PNO']};PNUM={header['PNUM']};" if "PNO" in header else ""
        return frame(f"ST=91;CN={cn};CP=&&QN={header['QN']};CN={header['CN']}{number}&&")
    version = int(header["Flag"]) >> 2 << 2
    return frame(
        f"QN={header['QN']};ST=91;CN={cn};PW={header['PW']};MN={header['MN']};"
        f"Flag={version};CP=&&&&"
    )
