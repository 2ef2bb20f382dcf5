"""Templates as they were compiled last time, kept beside the data: compiling all of them is most of a start.

What is kept is found again by the text of the template and by ``key``; what cannot be read or written, or was damaged,
is compiled anew.
"""

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from jinja2.bccache import Bucket, BytecodeCache

SUFFIX = ".compiled"


class CompiledTemplates(BytecodeCache):
    """Files in ``folder``, which is made if its parent is there. ``key`` is all that the code which a template becomes
    depends on, besides its text; what was kept under another one is removed. A full or read-only disk is no reason to
    write no letter."""

    def __init__(self, folder: Path, *key: bytes) -> None:
        self._folder = folder
        self._key = sha256(b"\0".join(key)).hexdigest()[:12]
        with suppress(OSError):
            for file in folder.glob(f"*{SUFFIX}"):
                if not file.name.startswith(self._key):
                    file.unlink(missing_ok=True)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Takes what was kept, if it is whole."""
        with suppress(OSError):
            data = self._file(bucket).read_bytes()
            if sha256(data[32:]).digest() == data[:32]:  # Python may crash on bytecode that is damaged
                bucket.bytecode_from_string(data[32:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keeps what was compiled, whole or not at all."""
        code, file = bucket.bytecode_to_string(), self._file(bucket)
        part = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            part.write_bytes(sha256(code).digest() + code)
            part.replace(file)

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{self._key}-{bucket.key}{SUFFIX}"
