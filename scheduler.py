"""The bot as a process: ``python scheduler.py [--config config.toml] [--once] [--now T] [--quiet] [--demo]``.

Exit status: 0 good; 1 it ran, and something needs a person; 2 wrong usage or config; 3 the world is broken.
"""

import argparse
import gc
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.jobs.parts import Bot


def main(argv: list[str] | None = None) -> int:
    """Runs once or until stopped; the exit status as above."""
    from bot.errors import BotError, ConfigError, UsageError

    os.umask(0o077)  # the record, its copies and the log are the owner's
    arguments = _arguments(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        if arguments.demo:
            from bot.demo.show import show

            return show(stop)
        return _run(arguments, stop)
    except (ConfigError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line for the operator
        return 2
    except BotError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the one line for the operator
        return 3


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Polls the mailbox, answers, reminds. Runs until stopped.")
    parser.add_argument("--config", type=Path, help="default: $BOT_CONFIG, else config.toml")
    parser.add_argument("--once", action="store_true", help="every job that is due now, once, then exit")
    parser.add_argument("--now", metavar="T", help="with --once: pretend it is T, for example 2017-07-06T09:00")
    parser.add_argument("--quiet", action="store_true", help="log warnings and errors alone")
    parser.add_argument("--demo", action="store_true", help="a month in the county on embedded servers")
    arguments = parser.parse_args(argv)
    if arguments.now and not arguments.once:
        parser.error("--now goes with --once")
    return arguments


def _run(arguments: argparse.Namespace, stop: threading.Event) -> int:
    gc.disable()  # nothing is garbage while modules are loaded: looking for it takes a tenth of the start
    from bot import logs
    from bot.clock import parse_now, system_clock
    from bot.config import load_config
    from bot.jobs.ownership import own
    from bot.jobs.parts import Bot
    from bot.jobs.service import Service
    from bot.preview.trying import tell
    from bot.record.working import only_worker

    gc.enable()
    logs.set_up(logging.WARNING if arguments.quiet else logging.INFO)
    config = load_config(arguments.config)
    now = parse_now(arguments.now, config.office.zone)
    own(config)
    with only_worker(config.database.url) as alive, Bot.build(config, now=now) as bot:
        tell(bot, arguments.config and arguments.config.absolute(), now or system_clock())
        if arguments.once:
            return _once(bot, now or system_clock(), stop, alive)
        Service(bot, system_clock, stop, alive).run()
    return 0


def _once(bot: "Bot", now: "datetime", stop: threading.Event, alive: "Callable[[], None]") -> int:
    """In a thread of its own, so that SIGTERM ends a wait for a silent server too."""
    from bot.cli.progress import backlog
    from bot.jobs import tick
    from bot.jobs.service import GRACE_SECONDS

    reports: list[tick.Report] = []
    failures: list[BaseException] = []

    def asked() -> bool:  # between two mails or letters
        alive()
        return stop.is_set()

    def run() -> None:
        try:
            reports.append(tick.run_once(bot, now, asked))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    with backlog(bot.record) as look:
        while thread.is_alive() and not stop.is_set():
            thread.join(0.2)
            look()
    if stop.is_set():
        bot.opener.close()  # a mail under way is put back
    thread.join(GRACE_SECONDS)
    if thread.is_alive():
        os._exit(0)
    if failures:
        raise failures[0]
    report = reports[0]
    if report.broken:
        raise report.broken[0]
    return 1 if report.failed else 0


if __name__ == "__main__":
    # openpyxl would load numpy (12 MB), where OCR has brought it, only to know its types.
    sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]
    sys.exit(main())
