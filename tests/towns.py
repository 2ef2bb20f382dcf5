"""A town by mail: a mailbox and an SMTP server in this process, a bot between them, and people who write."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.demo.servers import DemoServers
from bot.jobs.parts import Bot
from bot.jobs.tick import run_once
from tests.bots import appoint, at, build, config, first_run, with_provider
from tests.mails import mail

GUO, CHEN = "guo@demo.test", "chen@demo.test"
LI, WANG, ZHOU = "li@demo.test", "wang@demo.test", "zhou@demo.test"
WUTU, QIAOGUAN, HONGHE = "五图街道", "乔官镇", "红河镇"
# What the calendar asks for, whatever anybody writes.
ASIDE = ("year_plan", "probe", "reminder", "digest", "overdue_notice", "bulletin", "attention")
SIGNED = "\n\n郭忠亮\n6228071"


class Came(NamedTuple):
    """A letter as it arrived: to whom, its kind, subject, plain text without blanks, and the names of its files."""

    to: str
    kind: str
    subject: str
    text: str
    files: tuple[str, ...]


class Town:
    """Time passes by the bot's runs; what arrives in the mailbox is answered into the same office."""

    def __init__(self, bot: Bot, office: DemoServers) -> None:
        self.bot, self.office = bot, office

    def passes(self, when: str) -> list[Came]:
        """One run of the bot; the letters that left in it, but for those that the calendar asks for."""
        before = len(self.office.sent)
        done = run_once(self.bot, at(when), lambda: False)
        assert (done.broken, done.failed) == ([], 0)
        return [came for came in self.letters()[before:] if came.kind not in ASIDE]

    def arrives(self, data: bytes, when: str) -> list[Came]:
        """A mail is delivered, and the bot looks a minute later."""
        moment = at(when)
        self.office.deliver(self.office.username, data, moment)
        return self.passes((moment + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"))

    def says(
        self, sender: str, text: str, when: str, subject: str = "指令", headers: dict[str, str] | None = None
    ) -> list[Came]:
        """Somebody writes words."""
        return self.arrives(mail(sender, subject, text=text, headers=headers, message_id=f"<{when}.{sender}>"), when)

    def orders(self, text: str, when: str, sender: str = GUO) -> list[Came]:
        """An order by a new mail, and the 确认 that it is asked for; the letters after that."""
        asked = self.says(sender, text + SIGNED, when)
        assert [came.kind for came in asked if came.to == sender] == ["confirm_order"], asked
        later = (at(when) + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M")
        return self.says(sender, "确认", later, self.reply_to(sender, "confirm_order"))

    def letters(self) -> list[Came]:
        """Everything that was sent so far."""
        return [_came(posted.to, posted.data) for posted in self.office.sent]

    def last(self, to: str, kind: str = "") -> Came:
        """The last letter to an address, or the last of a kind."""
        return [came for came in self.letters() if came.to == to and kind in ("", came.kind)][-1]

    def reply_to(self, to: str, kind: str) -> str:
        """The subject of a reply to it."""
        return f"Re: {self.last(to, kind).subject}"


def _came(to: str, data: bytes) -> Came:
    message = message_from_bytes(data, policy=policy.default)
    body = message.get_body(("plain",))
    text = "".join(body.get_content().split()) if body else ""
    files = tuple(part.get_filename() or "" for part in message.iter_attachments())
    return Came(to, str(message["X-Bot-Key"]).split(":")[0], str(message["Subject"]), text, files)


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Town]:
    """Three towns with a liaison each, two of the staff, June 2017."""
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "secret")
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "secret")
    with DemoServers("bot@demo.test", "secret", {"demo.test"}) as office:
        server = {"host": office.host, "security": "none", "username": office.username}
        made = config(
            tmp_path,
            office={"staff": [GUO, CHEN]},
            mailbox={**server, "port": office.imap_port},
            smtp={**server, "port": office.smtp_port, "deliver": "send"},
        )
        with build(made) as built:
            bot = with_provider(built, built.provider)  # mails are opened in this process, which is faster
            first_run(bot, at("2017-06-20T09:00"))
            appoint(bot, (WUTU, "李明", LI), (QIAOGUAN, "王芳", WANG), (HONGHE, "周晓燕", ZHOU))
            yield Town(bot, office)
