"""winmail.dat -> the files in it, by tnefparse: the path of one in, a tar stream on stdout.

A process of its own with limits, started by ``unpacker``: a file of 60 bytes that announces four thousand
million properties keeps the library in a loop. Bodies (RTF, HTML) are not files and are left out.
"""

import io
import logging
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DEPTH = 3  # of messages in messages
LONG_NAME = 0x3707  # PidTagAttachLongFilename


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
