"""The smallest OLE file with given streams. Source: [MS-CFB]."""

import struct
from collections.abc import Mapping

SECTOR = 512
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


def ole_file(streams: Mapping[str, bytes]) -> bytes:
    """A version 3 file. Each stream must have at least 4096 bytes, so that no small sectors are needed."""
    assert all(len(data) >= 4096 for data in streams.values())
    fat = [FAT, END]  # sector 0 is the table, sector 1 the directory
    body = b""
    starts = {}
    for name, data in streams.items():
        count = -(-len(data) // SECTOR)
        starts[name] = len(fat)
        fat += [*range(len(fat) + 1, len(fat) + count), END]
        body += data.ljust(count * SECTOR, b"\0")
    names = list(streams)
    entries = _entry("Root Entry", 5, END, 0, child=1)
    for number, name in enumerate(names):
        following = number + 2 if number + 1 < len(names) else FREE
        entries += _entry(name, 2, starts[name], len(streams[name]), right=following)
    directory = entries.ljust(SECTOR, b"\0")
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(SECTOR, b"\xff")
    assert len(table) == len(directory) == SECTOR
    return _header() + table + directory + body


def _header() -> bytes:
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    fields = struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    return start + fields + struct.pack("<I", 0) + b"\xff" * 432


def _entry(name: str, kind: int, start: int, size: int, child: int = FREE, right: int = FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1) + struct.pack("<III", FREE, right, child)
    return head + bytes(16) + bytes(4) + bytes(16) + struct.pack("<IQ", start, size)
