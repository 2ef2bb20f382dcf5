"""``--demo``: the story on servers in this process, told in the terminal, and laid down in a folder to read.

story.toml -> DemoServers, Bot on a temporary database -> player.play -> Teller -> pages.write
                                                       -> the released bulletin -^
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.jobs.parts import Bot

OUTPUT = "BOT_DEMO_OUTPUT"  # environment: where to write instead of ./demo-output
EXTRA = ("pymap", "aiosmtpd")
PASSWORD = "demo"  # of servers that live for a minute, on loopback


def show(stop: threading.Event) -> int:
    """Tells the story up to its end, or until ``stop`` is set; exit status 0. UsageError when packages are missing or
    the folder is somebody else's; another BotError when something broke, which is a bug."""
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        raise UsageError(f"the demo needs {' and '.join(missing)}: run make demo, or pip install '.[demo]'")
    from bot.demo import pages
    from bot.preview.folder import fresh

    folder = fresh(Path(os.environ.get(OUTPUT) or "demo-output").absolute(), pages.MARK)
    with _passwords():
        _tell(folder, stop)
    return 0


def _tell(folder: Path, stop: threading.Event) -> None:
    from bot.demo import pages
    from bot.demo.player import Step, appoint, play, settings
    from bot.demo.servers import DemoServers
    from bot.demo.story import load_story
    from bot.demo.telling import Teller
    from bot.jobs.parts import Bot
    from bot.jobs.reporting import board
    from bot.jobs.standing import lines

    story = load_story()
    own = story.address(story.office.address)
    steps: list[Step] = []
    with (
        TemporaryDirectory() as temporary,
        DemoServers(own, PASSWORD, {story.domain}) as office,
        Bot.build(settings(story, office, f"sqlite:///{Path(temporary).as_posix()}/demo.db", Path(temporary))) as bot,
    ):
        appoint(bot, story)
        names = {u.id: u.name for u in bot.rules.units.units}
        with Teller(names, len(list(story.moments(story.until)))) as teller:

            def on_step(step: Step) -> None:
                steps.append(step)
                teller(step)

            play(bot, office, story, until=story.until, on_step=on_step, stop=stop.is_set)
        form = bot.rules.targets.form
        with bot.record.read() as conn:
            now = steps[-1].now if steps else bot.deadline(form, story.period)
            standing = lines(bot, conn, form, story.period, now)
        documents = _bulletin(bot, story.period, now)
        index = pages.write(folder, bot.renderer, story, steps, standing, now, documents)
        screen = board.page(bot, board.board_context(bot, now), now)
    board.write(folder / board.FILE, screen)
    if stop.is_set():
        teller.console.print("\nstopped before the end", style="yellow")
    teller.summary(steps, standing)
    teller.console.print(f"Every letter, to read in a browser: {index}")
    teller.console.print(f"The screen in the office: {folder / board.FILE}")


def _bulletin(bot: "Bot", period: str, now: datetime) -> list[tuple[str, bytes]]:
    """The documents of a month's bulletin, (name, data), if it was released."""
    from bot.jobs.reporting import bulletins

    with bot.record.read() as conn:
        shown = bulletins.edition(bot, conn, period, now)
    if shown.released_at is None:
        return []
    year, month = map(int, period.split("-"))
    names = (bot.rules.bulletin.files.document, bot.rules.bulletin.files.summary)
    made = (bulletins.document_of(bot, shown), bulletins.summary_of(bot, shown))
    return [(name.format(year=year, month=month), data) for name, data in zip(names, made, strict=True)]


@contextmanager
def _passwords() -> Iterator[None]:
    """The servers' password where the bot looks for it; afterwards, what stood there before."""
    names = ("BOT_MAILBOX_PASSWORD", "BOT_SMTP_PASSWORD")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, PASSWORD))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
