"""``python -m bot``: see ``bot.cli``."""

import os
import sys

from bot.errors import BotError, ConfigError, UsageError


def take_config(argv: list[str]) -> list[str]:
    """``--config FILE`` may stand anywhere on the line: it is taken out, and told by ``BOT_CONFIG``."""
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            return [*rest, word, *words]
        if word == "--config":
            value = next(words, None)
            if value is None:
                raise UsageError("--config: expected the path of a file")
            os.environ["BOT_CONFIG"] = value
        elif word.startswith("--config="):
            os.environ["BOT_CONFIG"] = word.partition("=")[2]
        else:
            rest.append(word)
    return rest


def main() -> int:
    """Exit status: 0 good; 1 something needs a person; 2 wrong usage or config; 3 the world is broken."""
    try:
        argv = take_config(sys.argv[1:])
        from bot.cli.app import app

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


if __name__ == "__main__":
    sys.exit(main())
