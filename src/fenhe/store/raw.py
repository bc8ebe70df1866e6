"""The raw log: imported files kept whole, named by their SHA-256, and the segments of streams."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fenhe.base.errors import BadInput
from fenhe.store.errors import RawDamaged
from fenhe.store.rawlog.entries import Segment
from fenhe.store.rawlog.examine import examine
from fenhe.store.rawlog.streams import Streams

_CHUNK = 1 << 20


@dataclass(frozen=True)
class RawFile:
    """A kept file: its hash (hex), size in bytes, path in the raw log and the name it came by.

    Of a segment of a stream: its id, the bytes that are durable now, and ``stream/<gateway>/…``.
    """

    sha256: str
    size: int
    path: Path
    name: str


class RawLog:
    """Files under ``raw/<first two hex digits>/<sha256>``; never changed, never overwritten.

    Segments of streams lie under ``raw/stream`` and are found here by their id.
    """

    def __init__(self, folder: Path, streams: Streams | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._streams = streams if streams is not None else Streams(folder / "stream")
        for left in folder.glob("incoming-*"):
            left.unlink()  # a copy that a crash cut short; it was never acknowledged

    def keep(self, source: Path | str | BinaryIO, name: str | None = None) -> RawFile:
        """Copy a file (or an open binary stream) into the log and return where it is.

        Durable when this returns: bytes and folder entry are synced to disk. The
        same bytes under another name are kept once. ``BadInput`` when there is no such file.
        """
        if not isinstance(source, Path | str):
            return self._keep_stream(source, name or str(getattr(source, "name", "stream")))
        path = Path(source)
        try:
            with path.open("rb") as stream:
                return self._keep_stream(stream, name or path.name)
        except OSError as error:
            raise BadInput(f"{path} can not be read: {error.strerror}") from error

    def _keep_stream(self, stream: BinaryIO, name: str) -> RawFile:
        digest, size = hashlib.sha256(), 0
        handle, temporary = tempfile.mkstemp(prefix="incoming-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as copy:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            target = self._file(digest.hexdigest())
            if not self._holds(target, size):
                self._settle(Path(temporary), target)
        finally:
            Path(temporary).unlink(missing_ok=True)
        return RawFile(digest.hexdigest(), size, target, name)

    def _holds(self, target: Path, size: int) -> bool:
        """Tell whether the bytes are there already; a damaged copy is replaced by good bytes."""
        try:
            return target.stat().st_size == size and sha256_of(target) == target.name
        except FileNotFoundError:
            return False

    def _settle(self, temporary: Path, target: Path) -> None:
        target.parent.mkdir(exist_ok=True)
        temporary.chmod(0o444)
        temporary.replace(target)
        _sync_folder(target.parent)
        _sync_folder(self.folder)

    def path(self, sha256: str) -> Path:
        """Return where a file of this hash is, or would be; or the segment of this id."""
        target = self._file(sha256)
        if target.exists():
            return target
        segment = self._streams.find(sha256)
        return target if segment is None else segment.path

    def _file(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise BadInput(f"'{sha256}' is not a SHA-256 in lower-case hex")
        return self.folder / sha256[:2] / sha256

    def segment(self, sha256: str) -> Segment | None:
        """Return the segment of a stream of this id; None when it is a file, or nothing."""
        return None if self._file(sha256).exists() else self._streams.find(sha256)

    def verify(self, sha256: str) -> Path:
        """Return the path of a kept file after reading it whole; ``RawDamaged`` if it differs.

        Of a segment the whole chain of its durable entries is proved.
        """
        path = self._file(sha256)
        if not path.exists():
            return self._verify_segment(sha256)
        found = sha256_of(path)
        if found != sha256:
            raise RawDamaged(sha256, f"the bytes have changed; their hash is now {found}")
        return path

    def _verify_segment(self, sha256: str) -> Path:
        segment = self._streams.find(sha256)
        if segment is None:
            raise RawDamaged(sha256, "the file is missing")
        proof = examine(segment.path, segment.name, segment.bytes)
        if proof.problems:
            raise RawDamaged(sha256, str(proof.problems[0]))
        return segment.path


def of_segment(segment: Segment) -> RawFile:
    """Return a segment as the raw file an import names; its rows are the numbers of entries."""
    return RawFile(segment.id, segment.bytes, segment.path, segment.name)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
