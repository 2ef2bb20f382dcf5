"""``python -m bot``: see ``bot.cli``."""

import os
import signal
import sys
from pathlib import Path

from bot.errors import BotError, ConfigError, UsageError

STOPPED = 130  # as a shell says that Ctrl-C ended a program


class Interrupted(BaseException):
    """Ctrl-C. Not KeyboardInterrupt, of which click makes a status that says something else."""


def _interrupt(*_: object) -> None:
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
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        argv, quiet = take_common(sys.argv[1:])
        from bot.cli import progress
        from bot.cli.app import app

        if quiet:
            progress.wanted = False
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
        return app(argv, prog_name="python -m bot", standalone_mode=True) or 0
    except (ConfigError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line for the operator
        return 2
    except BotError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line for the operator
        return 3
    except BrokenPipeError:  # piped into head, which has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Interrupted, RuntimeError) as error:
        # Python makes a RuntimeError of what is raised while a class is made.
        if not isinstance(error, Interrupted) and not isinstance(error.__cause__, Interrupted):
            raise
        print("stopped", file=sys.stderr)  # noqa: T201 - the one line for the operator
        return STOPPED
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no word of an interpreter that is on its way out
