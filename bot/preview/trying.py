"""Every letter and document made once of samples, so that a fault is told before a letter needs it: all faults at once.

templates -compiled-> samples of bot.preview.cases -rendered, with their files-> page and documents of this record
"""

import hashlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from bot import PROJECT, __version__
from bot.config import load_config
from bot.errors import BotError, ConfigError
from bot.jobs.enqueuing import fault_of, tell_once_a_day
from bot.jobs.parts import COMPILED, Bot
from bot.jobs.reporting import board, bulletins
from bot.letters.noting import Place, noting
from bot.letters.render import BASE, Renderer
from bot.model.deciding import Attention
from bot.preview.cases import load_cases
from bot.preview.files import with_files
from bot.record import runs

BOARD = "board"
LONGEST = 120  # seconds; it takes one or two
TRIED = "templates_tried"  # in meta: what was tried last without a fault
log = logging.getLogger(__name__)


def faults(bot: Bot, now: datetime) -> list[str]:
    """A line for each fault, with file and line: ``templates/receipt/body.txt:12: unknown name 'unitt'``. The record is
    only read; what goes wrong with it, or with the world, is raised."""
    noted: list[Place] = []
    paths, office, sender = bot.config.paths, bot.config.office, bot.config.smtp.sender
    trial = Renderer(paths.templates, office, sender, paths.data / COMPILED, noting(noted))
    found = list(trial.faults())
    cases = load_cases(bot.rules, bot.workbook_words, bot.zone)
    # A letter of templates that cannot be read would say no more than that, again and again.
    unread = {Path(line).relative_to(trial.root).parts[0] for line in found}
    for case in cases:
        if not unread & {BASE, case.draft.letter}:
            found += trial.tried(case.draft, case.at)
    if not unread & {BASE, BOARD}:
        found += _tried(lambda: _board(bot, trial, now))
    for case in cases:
        found += _tried(partial(with_files, case, bot.config, bot.rules, bot.workbook_words, bot.calendar_words))
    found += _tried(lambda: _documents(bot, now))
    by_name = [f"{file}:{line}: unknown name {name!r}" for file, line, name in noted]
    # What follows from an unknown name, in the same line, is no fault of its own.
    places = {line.rpartition(": ")[0] for line in by_name}
    others = (line for line in found if not any(line.startswith(f"{place}: ") for place in places))
    return sorted(dict.fromkeys((*by_name, *others)))


def tell(bot: Bot, config: Path | None, now: datetime) -> None:
    """At the start: each fault into the log, and before the office once a day. It stops nothing: reports are recorded,
    and the letters that can be made leave. What was tried without a fault is not tried again until something changes.
    """
    mark = _mark(bot)
    with bot.record.read() as conn:
        if runs.get(conn, TRIED) == mark:
            return
    found = in_a_child(config, now)
    if found is None:
        return
    for fault in found:
        log.error("a template is at fault: %s", fault)
    with bot.record.begin() as conn:
        for fault in found:
            tell_once_a_day(bot, conn, Attention("template_fault", fault), now)
        runs.put(conn, TRIED, "" if found else mark)


def in_a_child(config: Path | None, now: datetime) -> list[str] | None:
    """``faults`` in a process of its own: whatever makes Word files and workbooks would stay loaded for years.
    None if it failed, which is no fault of a template."""
    named = {"BOT_CONFIG": str(config)} if config else {}
    command = [sys.executable, "-m", __name__, now.isoformat()]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, env={**os.environ, **named}, capture_output=True, timeout=LONGEST, check=True
        )
        return [str(line) for line in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        log.warning("the templates could not be tried: %s", type(error).__name__)
        return None


def main() -> None:
    """Of the child: the faults as JSON."""
    with Bot.build(load_config()) as bot:
        sys.stdout.write(json.dumps(faults(bot, datetime.fromisoformat(sys.argv[1]))))


def _mark(bot: Bot) -> str:
    """What the samples depend on: this program, the rules, the templates, the office."""
    digest = hashlib.sha256(f"{__version__}{bot.config.office}{bot.config.campaign}".encode())
    for folder in (bot.config.paths.rules, bot.config.paths.templates):
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _tried(step: Callable[[], object]) -> Iterator[str]:
    try:
        step()
    except Exception as error:  # an office's own file may hold anything
        if isinstance(error, BotError) and not isinstance(error, ConfigError):
            raise
        yield fault_of(error)


def _board(bot: Bot, trial: Renderer, now: datetime) -> None:
    context = board.board_context(bot, now)
    trial.page(BOARD, {**context, "contents": "", "written": now.isoformat()}, now=now)


def _documents(bot: Bot, now: datetime) -> None:
    """The bulletin and the summary, as they would be now."""
    with bot.record.read() as conn:
        shown = bulletins.edition(bot, conn, bot.campaign.first, now)
    bulletins.document_of(bot, shown)
    bulletins.summary_of(bot, shown)


if __name__ == "__main__":
    main()
