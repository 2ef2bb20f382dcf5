"""Archives that were split into volumes: which file is one, and one archive out of all of them. Pure.

    附件4.z01, 附件4.z02, 附件4.zip    what WinRAR, 7-Zip and Info-ZIP make: offsets count from the start of each volume
    附件4.zip.001, 附件4.zip.002       one file cut in pieces (7-Zip, 360压缩, 好压); also .7z.001
    附件4.part1.rar, 附件4.r00         never joined here

Source: APPNOTE 4.4 and 8.5.
"""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_NUMBERED = re.compile(r"(?i)(.+\.(?:zip|7z|rar|tar|gz|tgz|xlsx?|docx?))\.(\d{3})")
_ZIPPED = re.compile(r"(?i)(.+)\.z(\d\d)")
_RAR = re.compile(r"(?i)(.+)\.(?:part(\d{1,3})\.rar|r(\d\d))")
_SPANNED = b"PK\x07\x08PK\x03\x04"
_END, _ENTRY = b"PK\x05\x06", b"PK\x01\x02"
_LAST = 10_000  # the volume with the directory
_TAIL = 65_557  # bytes; the end record and the longest comment


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume: of which archive, and its place among them."""

    kind: Literal["zip", "cut", "rar"]
    archive: str
    number: int


def volume_of(name: str, data: bytes) -> Volume | None:
    """What volume the file is; None for a whole file."""
    if found := _NUMBERED.fullmatch(name):
        return Volume("cut", found[1], int(found[2]))
    if found := _RAR.fullmatch(name):
        return Volume("rar", f"{found[1]}.rar", int(found[2] or found[3]))
    stem = name[:-4] if name.lower().endswith(".zip") else name
    if found := _ZIPPED.fullmatch(name):
        return Volume("zip", f"{found[1]}.zip", int(found[2]))
    if data.startswith(_SPANNED) and not _directory(data):
        return Volume("zip", f"{stem}.zip", 1)
    end = _directory(data)
    if end and not 0 < end[0] < _LAST:
        return None
    return Volume("zip", f"{stem}.zip", _LAST) if end else None


def _directory(data: bytes) -> tuple[int, int] | None:
    """The number of this volume, from 0, and where its end record stands; None without one."""
    at = data.rfind(_END, max(0, len(data) - _TAIL))
    if at < 0 or at + 22 > len(data) or at + 22 + int.from_bytes(data[at + 20 : at + 22], "little") != len(data):
        return None
    return int.from_bytes(data[at + 4 : at + 6], "little"), at


def joined(volumes: Sequence[tuple[Volume, bytes]]) -> bytes | None:
    """The whole archive, when all volumes are here; None when one is missing or it cannot be told."""
    ordered = sorted(volumes, key=lambda item: item[0].number)
    numbers = [volume.number for volume, _ in ordered]
    pieces = [data for _, data in ordered]
    kind = ordered[0][0].kind
    if kind == "cut":
        whole = b"".join(pieces)
        return whole if numbers == list(range(1, len(numbers) + 1)) and _is_whole(whole, len(pieces)) else None
    if kind == "rar" or len(set(numbers)) < len(numbers):
        return None
    end = _directory(pieces[-1])
    if end is None or end[0] + 1 != len(pieces) or numbers[:-1] != list(range(1, len(pieces))):
        return None
    try:
        return _one_zip(pieces, end[1])
    except (struct.error, ValueError, IndexError):  # a directory that points beside its entries
        return None


def _is_whole(data: bytes, pieces: int) -> bool:
    """Whether the last piece is here, which is not marked."""
    if data.startswith(b"PK\x03\x04"):
        return _directory(data) is not None
    if data.startswith(b"7z\xbc\xaf\x27\x1c") and len(data) > 32:
        offset, size = struct.unpack_from("<QQ", data, 12)  # where its own directory is, behind the head
        return bool(32 + offset + size <= len(data))
    return pieces > 1


def _one_zip(pieces: Sequence[bytes], end: int) -> bytes:
    """The volumes one behind the other, with a directory that knows only one."""
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    whole = bytearray(b"".join(pieces))
    end += starts[len(pieces) - 1]
    disk, _, total, size, offset = struct.unpack_from("<HHHII", whole, end + 6)
    at = begin = starts[disk] + offset
    for _ in range(total):
        if whole[at : at + 4] != _ENTRY:
            raise ValueError("no entry of a directory")
        names = sum(struct.unpack_from("<HHH", whole, at + 28))
        (volume,) = struct.unpack_from("<H", whole, at + 34)
        (place,) = struct.unpack_from("<I", whole, at + 42)
        struct.pack_into("<H", whole, at + 34, 0)
        struct.pack_into("<I", whole, at + 42, starts[volume] + place)
        at += 46 + names
    struct.pack_into("<HHHHII", whole, end + 4, 0, 0, total, total, size, begin)
    return bytes(whole)
