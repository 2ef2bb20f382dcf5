"""A server program that a test cannot do without: skip where it is absent, but never on the build machine."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str, *folders: str) -> str:
    """The path of a program, looked for in ``folders`` (patterns under /) first, then in PATH."""
    found = [
        str(path / name) for pattern in folders for path in sorted(Path("/").glob(pattern)) if (path / name).exists()
    ]
    path = found[-1] if found else shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        missing(f"{name} is not installed")
    return path


def missing(reason: str) -> NoReturn:
    """Skips the test; fails it on the build machine, where everything is to be there."""
    if os.environ.get("CI") == "true" or os.environ.get("BOT_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
