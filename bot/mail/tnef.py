"""winmail.dat -> the files in it, by tnefparse: the path of one in, a tar stream on stdout.

A process of its own with limits, started by ``unpacker``. A file of 21 bytes may announce four thousand million
properties, and the library counts them all: here its counting ends. Bodies (RTF, HTML) are not files and are left out.
"""

import io
import logging
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DEPTH = 3  # of messages in messages
STEPS = 200_000  # of all loops over properties and their values; a file of Outlook takes some hundred
LONG_NAME = 0x3707  # PidTagAttachLongFilename


def counted(steps: int) -> Callable[[int], Iterator[int]]:
    """Does what ``range`` does, until so many steps were taken in all; then it is a ValueError."""
    left = iter(range(steps))

    def numbers(most: int) -> Iterator[int]:
        for number in range(most):
            if next(left, None) is None:
                raise ValueError("more properties than any honest file has")
            yield number

    return numbers


def files(message: Any, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every file, also of those in messages inside."""
    for attachment in message.attachments:
        inner = getattr(attachment, "embed", None)
        if inner is not None and depth < DEPTH:
            yield from files(inner, depth + 1)
        elif isinstance(attachment.data, bytes) and attachment.data:
            yield _name(attachment), attachment.data


def _name(attachment: Any) -> str:
    long = [attribute.data for attribute in attachment.mapi_attrs if attribute.name == LONG_NAME]
    name = next((text for text in long if isinstance(text, str) and text.strip("\0")), attachment._name)
    if isinstance(name, bytes):  # in the code page of Windows, whatever the file says it is
        for encoding in ("utf-8", "gb18030"):
            try:
                return name.decode(encoding).rstrip("\0")
            except UnicodeDecodeError:
                continue
        return ""
    return str(name).rstrip("\0")


def main(path: str) -> None:
    """Writes the tar stream. Whatever tnefparse raises ends the process with a status that is not 0."""
    import tnefparse
    from tnefparse import mapi

    mapi.range = counted(STEPS)  # what it raises is caught there: the properties that were read count
    logging.disable()
    message = tnefparse.TNEF(Path(path).read_bytes(), do_checksum=True)
    if not all(part.good_checksum for part in message.objects):
        raise SystemExit("a checksum is wrong")
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files(message):
            member = tarfile.TarInfo(name.encode("utf-8", "replace").decode().replace("\0", "") or "?")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


if __name__ == "__main__":
    main(sys.argv[1])
