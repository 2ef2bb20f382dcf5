"""``python -m tests.bench.peaks CONFIG NOW FILE``: one poll, then the work; the peak memory of this process, in MB, at
the start, after the poll and at the end, is written to a file."""

import sys
from pathlib import Path

from bot.clock import parse_now
from bot.config import load_config
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.tick import begin
from bot.mail.mailbox import Mailbox
from bot.secrets import password
from tests.bench import own_peak


def main(config_path: str, moment: str, file: str) -> None:
    config = load_config(Path(config_path))
    now = parse_now(moment, config.office.zone)
    assert now is not None
    with Bot.build(config) as bot:
        bot.renderer.check()
        begin(bot, now)
        peaks = [own_peak()]
        with Mailbox.open(config.mailbox, password("mailbox")) as box:
            poll(bot, box, now, lambda: False)
        peaks.append(own_peak())
        work(bot, now, lambda: False)
        Path(file).write_text(" ".join([*peaks, own_peak()]))


if __name__ == "__main__":
    main(*sys.argv[1:4])
