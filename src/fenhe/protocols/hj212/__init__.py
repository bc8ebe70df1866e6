"""HJ 212: the wire protocol of pollution-source monitoring, editions 2005, 2017 and 2025.

Bytes become pieces (``Stream``), a piece becomes a ``Frame`` (``decode``), sub-packets become
one (``Merger``); a ``Message`` becomes bytes (``encode``). ``batch`` decodes many at once.
"""

from fenhe.protocols.hj212 import batch, tables
from fenhe.protocols.hj212.answers import answer, request
from fenhe.protocols.hj212.checksum import crc, crc_many
from fenhe.protocols.hj212.decoding import decode
from fenhe.protocols.hj212.encoding import encode, split
from fenhe.protocols.hj212.errors import BadFrame, BadMessage, Hj212Error
from fenhe.protocols.hj212.frame import Area, Frame
from fenhe.protocols.hj212.merge import Merger, missing
from fenhe.protocols.hj212.message import Message, of_frame
from fenhe.protocols.hj212.problems import Problem
from fenhe.protocols.hj212.stream import Piece, Stream

__all__ = [
    "Area", "BadFrame", "BadMessage", "Frame", "Hj212Error", "Merger", "Message", "Piece",
    "Problem", "Stream", "answer", "batch", "crc", "crc_many", "decode", "encode", "missing",
    "of_frame", "request", "split", "tables",
]  # fmt: skip
