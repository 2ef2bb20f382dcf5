"""A look at an .xls before a reader lays it out: values far away are blotted out, or the file is given up.

BIFF ([MS-XLS] 2.4): records of a type, a length and so many bytes. calamine lays each sheet out densely, and
first makes room for what DIMENSIONS announces; 65,536 rows of 256 columns, which one styled cell is enough for,
are more memory than the guarded process has: it would be aborted. Runs there only.
"""

import io
import struct

import olefile

LARGEST = 6_000_000  # cells of a sheet that are laid out; 32 bytes each
FAR_ROW = 10_000  # as for .xlsx
STRAYS = 1_000
DIMENSIONS = 0x0200  # [MS-XLS] 2.4.90: first row, row behind the last, first column, column behind the last
HEAD = struct.pack("<HH", DIMENSIONS, 14)
BOF = 0x0809  # 2.4.21: a sheet begins
ROW = 0x0208  # 2.4.221: its number first, and in the 13th byte fDyZero: hidden
HIDDEN = 0x20
STRING = 0x0207  # the text that the formula before it gives
# Formula, Number, Label, BoolErr, RK, MulRk, RString, LabelSst: what has a value. All begin with row and column.
VALUES = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00D6, 0x00FD})
NOTHING = b"\x00\x00"  # a type that no reader knows


def mended(data: bytes) -> tuple[bytes | None, bool]:
    """The workbook without far values, and whether some were cut out; None when they are too many.

    Believes the sheets' DIMENSIONS when they say that all is near, which costs nothing. Raises what olefile
    and struct raise on damage.
    """
    name, stream = stream_of(data)
    if not name or not _says_far(stream):
        return data, False
    blotted, count = _blotted(stream)
    if count > STRAYS:
        return None, True
    return _written_back(data, name, blotted), count > 0


def stream_of(data: bytes) -> tuple[list[str] | None, bytes]:
    """The name and the bytes of the stream with the sheets; None and nothing without one."""
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        name = next((path for path in ole.listdir() if path[-1].lower() in ("workbook", "book")), None)
        return name, ole.openstream(name).read() if name else b""


def _says_far(stream: bytes) -> bool:
    at = stream.find(HEAD)
    while at >= 0:
        if _is_far(stream, at):
            return True
        at = stream.find(HEAD, at + 1)
    return False


def _is_far(stream: bytes, at: int) -> bool:
    """Whether the DIMENSIONS record there announces more than can be laid out."""
    if len(stream) < at + 16:
        return False
    first_row, last_row, first, last = struct.unpack_from("<IIHH", stream, at + 4)
    return bool((last_row - first_row) * (last - first) > LARGEST)


def _blotted(stream: bytes) -> tuple[bytes, int]:
    """The stream, in which far values and what announces them are records that nobody reads; how many values."""
    out = bytearray(stream)
    at = count = 0
    after = False
    while at + 4 <= len(stream) and count <= STRAYS:
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == DIMENSIONS and length == 14 and _is_far(stream, at):
            out[at : at + 2] = NOTHING
        far = kind in VALUES and length >= 4 and struct.unpack_from("<H", stream, at + 4)[0] >= FAR_ROW
        if far or (after and kind == STRING):
            out[at : at + 2] = NOTHING
            count += far
        after = far
        at += 4 + length
    return bytes(out), count


def _written_back(data: bytes, name: list[str], stream: bytes) -> bytes:
    """The file with another stream of the same length in its place."""
    file = io.BytesIO(data)
    with olefile.OleFileIO(file, write_mode=True) as ole:
        ole.write_stream(name, stream)
        return file.getvalue()
