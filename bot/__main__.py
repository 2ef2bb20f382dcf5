"""``python -m bot``: see ``bot.cli``."""

import os
import signal
import sys
import threading
from pathlib import Path

from bot.errors import BotError, ConfigError, UsageError

STOPPED = 130  # as a shell says that Ctrl-C ended a program


class Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt, of which click makes a status that says something else."""


_came = threading.Event()  # Ctrl-C, whatever a library has made of its exception


def _interrupt(*_: object) -> None:
    _came.set()
    raise Interrupted


def take_common(argv: list[str]) -> tuple[list[str], bool]:
    """``--config FILE`` and ``--quiet`` may stand anywhere on the line: they are taken out. The file is told by
    ``BOT_CONFIG``; the rest of the line comes back, and whether it is to be quiet."""
    rest: list[str] = []
    quiet = False
    words = iter(argv)
    for word in words:
        if word == "--":
            return [*rest, word, *words], quiet
        if word == "--quiet":
            quiet = True
        elif word == "--config":
            value = next(words, None)
            if value is None:
                raise UsageError("--config: expected the path of a file")
            os.environ["BOT_CONFIG"] = value
        elif word.startswith("--config="):
            os.environ["BOT_CONFIG"] = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, quiet


def main() -> int:
    """Exit status: 0 good; 1 something needs a person; 2 wrong usage or config; 3 the world is broken; 130 Ctrl-C."""
    os.umask(0o077)  # what is written is the owner's: exports, backups, the record
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        return _command()
    except SystemExit:
        raise
    except BaseException as error:
        # While modules load, Python makes a RuntimeError of it, where a class is made, and pydantic a SchemaError.
        if _came.is_set():
            print("stopped", file=sys.stderr)  # noqa: T201 - the one line for the operator
            return STOPPED
        return _status_of(error)
    finally:
        signal.signal(signal.SIGINT, before)


def _command() -> int:
    argv, quiet = take_common(sys.argv[1:])
    from bot.cli import progress
    from bot.cli.app import app

    if quiet:
        progress.wanted = False
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
    return app(argv, prog_name="python -m bot", standalone_mode=True) or 0


def _status_of(error: BaseException) -> int:
    """What an error is to whoever called the program; a bug is raised again."""
    if isinstance(error, BrokenPipeError):  # piped into head, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if not isinstance(error, BotError):
        raise error
    print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line for the operator
    return 2 if isinstance(error, (ConfigError, UsageError)) else 3


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no word of an interpreter that is on its way out
