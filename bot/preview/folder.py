"""A folder that a command fills anew each time, and never at the cost of somebody's files."""

import shutil
from pathlib import Path

from bot.errors import UsageError


def fresh(folder: Path, mark: str) -> Path:
    """The folder, empty but for ``mark``. UsageError, and nothing is removed, unless the mark lies in it or it holds
    nothing."""
    if folder.exists():
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / mark).exists()):
            raise UsageError(f"{folder} holds something that this command has not made: move it away first")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / mark).touch()
    return folder
