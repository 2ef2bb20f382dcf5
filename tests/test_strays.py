"""Mail that a rule of the web mail has moved to another folder is found once a day, worked off, and told."""

from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from bot.jobs.parts import Bot
from bot.jobs.strays import AGAIN, EVERY, MOST, look_elsewhere
from bot.jobs.tick import run_once
from bot.mail.folders import other_folders
from bot.mail.mailbox import Mailbox
from bot.record import schema
from tests.bots import appoint, at, attentions, build, config, first_run, flat, letters, never, rows
from tests.mails import book, mail
from tests.servers.dovecot import DovecotOffice
from tests.servers.netease import FOLDERS, NetEase, Stored

NOW = at("2017-07-04T09:00")
WUTU, LI = "五图街道", "li@demo.test"


def listed(*folders: str) -> list[tuple[tuple[bytes, ...], str, str]]:
    """``name`` or ``name \\Flag``."""
    return [(tuple(f.encode() for f in name.split()[1:]), "/", name.split()[0]) for name in folders]


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (("INBOX", "安监报表", "归档/2017"), ["安监报表", "归档/2017"]),
        (("已发送 \\Sent", "x \\Drafts", "y \\Trash", "z \\Noselect", "所有 \\All"), []),
        (
            ("已发送", "草稿箱", "已删除", "Sent", "Deleted", "a/Trash", "b/Drafts"),
            [],
        ),  # by name, where no flag is told
        (("Inbox", "垃圾邮件 \\Junk", "做完的"), []),  # read by each poll; the bot's own
        (("留档 \\Trash", "z \\Noselect"), ["留档"]),  # named, and can be opened
        (("私人",), []),
    ],
)
def test_which_folders_are_looked_into(folders: tuple[str, ...], expected: list[str]) -> None:
    found = other_folders(listed(*folders), ["INBOX", "垃圾邮件"], ["做完的", "", ""], ["留档", "z"], ["私人"])
    assert found == expected


def from_li(message_id: str) -> bytes:
    return mail(LI, "报送附件4", ("附件4.xlsx", book()), message_id=message_id)


def office(folder: Path, server: NetEase, **mailbox: object) -> Bot:
    settings = {"port": server.port, "username": server.username, "timeout_seconds": 2.0, **mailbox}
    return build(config(folder, mailbox=settings))


@pytest.fixture
def moved(netease: NetEase, monkeypatch: pytest.MonkeyPatch) -> NetEase:
    """A server with a folder of the office's own making, and one of drafts."""
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", netease.password)
    netease.folders = (*FOLDERS, '() "/" "reports"')
    return netease


def stored(uid: int, data: bytes, day: int = 3) -> Stored:
    return Stored(uid, data, f"{day:02}-Jul-2017 16:00:00 +0800")


def bodies(server: NetEase) -> list[str]:
    return [command for command in server.commands() if "BODY.PEEK[]" in command]


def test_what_a_known_person_sent_is_worked_off_and_told(moved: NetEase, tmp_path: Path) -> None:
    moved.mails["reports"] = [
        stored(5, from_li(message_id="<r1@demo.test>")),
        stored(6, mail("friend@else.test", "周末聚餐", message_id="<p1@else.test>")),
    ]
    with office(tmp_path, moved) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        for minute in range(4):
            run_once(bot, NOW + timedelta(minutes=minute), never)
        assert [row.outcome for row in rows(bot, schema.report)] == ["accepted"]
        assert ("found_elsewhere", "reports") in attentions(bot)
        assert [kind for kind, _ in attentions(bot)].count("found_elsewhere") == 1
        assert "receipt" in [row.letter for row in letters(bot) if row.to == LI]
        said = [flat(row.mime) for row in letters(bot) if row.letter == "attention"]
        assert any("其他文件夹" in text and "reports" in text for text in said)
        # the private mail was not read: its header alone
        assert bodies(moved) == ["UID FETCH 5 (UID BODY.PEEK[])"]
        # and another day nothing is fetched or told again
        run_once(bot, NOW + EVERY + timedelta(minutes=1), never)
        assert len(bodies(moved)) == 1
        assert len(rows(bot, schema.mail)) == 1


def test_once_a_day_and_a_known_message_id_is_no_news(moved: NetEase, tmp_path: Path) -> None:
    sent = from_li(message_id="<r1@demo.test>")
    moved.mails["INBOX"] = [stored(1, sent)]
    with office(tmp_path, moved) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        run_once(bot, NOW, never)
        # moved by hand, and changed on the way by the provider: another hash, the same mail
        moved.mails["INBOX"] = []
        moved.mails["reports"] = [stored(9, b"X-Moved: yes\r\n" + sent)]
        run_once(bot, NOW + timedelta(hours=5), never)
        assert sum("reports" in command for command in moved.commands()) == 1
        run_once(bot, NOW + EVERY, never)
        assert sum("reports" in command for command in moved.commands()) == 2
        assert len(bodies(moved)) == 1
        assert len(rows(bot, schema.mail)) == 1
        assert not any(kind == "found_elsewhere" for kind, _ in attentions(bot))


def test_the_work_is_bounded_and_no_text_stands_in_a_command(moved: NetEase, tmp_path: Path) -> None:
    many = [stored(n, mail("news@else.test", f"简报{n}", message_id=f"<{n}@else.test>")) for n in range(1, MOST + 40)]
    old = stored(MOST + 50, from_li(message_id="<old@demo.test>"))
    old.date = "03-Jan-2017 16:00:00 +0800"
    moved.mails["reports"] = [*many, old]
    with office(tmp_path, moved) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        run_once(bot, NOW, never)
    asked = [command for command in moved.commands() if "HEADER" in command]
    assert sum(command.count(",") + 1 for command in asked) == MOST
    assert bodies(moved) == []
    assert any(command == "UID SEARCH SINCE 03-Jun-2017" for command in moved.commands())
    assert not any("demo.test" in command and "LOGIN" not in command and "ID (" not in command
                   for command in moved.commands())  # fmt: skip


def test_a_folder_that_cannot_be_read_is_tried_another_day_and_stops_nothing(moved: NetEase, tmp_path: Path) -> None:
    moved.mails["reports"] = [stored(5, from_li(message_id="<r1@demo.test>"))]
    moved.interfere = lambda command: "TAG NO no such folder" if "reports" in command else None
    with office(tmp_path, moved) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        report_ = run_once(bot, NOW, never)
        assert not any("mailbox" in str(error) for error in report_.broken)
        assert rows(bot, schema.mail) == []
        moved.interfere = lambda _: None
        run_once(bot, NOW + EVERY, never)
        assert len(rows(bot, schema.mail)) == 1  # though it came before the first look


def test_a_clock_that_was_ahead_does_not_put_the_look_off(moved: NetEase, tmp_path: Path) -> None:
    with office(tmp_path, moved) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        for now in (NOW + timedelta(days=400), NOW):
            with Mailbox.open(bot.config.mailbox, moved.password) as box:
                look_elsewhere(bot, box, now, never)
        assert sum("reports" in command for command in moved.commands()) == 2


def test_dovecot_finds_it_too(dovecot: DovecotOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", dovecot.password)
    with dovecot.client() as person:
        for folder in ("安监报表", "Drafts", "私人"):
            person.create_folder(folder)
        for number, folder in enumerate(("安监报表", "Drafts", "私人")):
            data = from_li(message_id=f"<{number}@demo.test>")
            person.append(folder, data, msg_time=datetime(2017, 7, 3, 10, tzinfo=NOW.tzinfo))
    mailbox = {"port": dovecot.imap_port, "username": dovecot.username, "leave_out": ["私人"]}
    with build(config(tmp_path, mailbox=mailbox)) as bot:
        first_run(bot, at("2017-06-20T09:00"))
        appoint(bot, (WUTU, "李明", LI))
        run_once(bot, NOW, never)
        assert [row.message_id for row in rows(bot, schema.mail)] == ["<0@demo.test>"]
        assert ("found_elsewhere", "安监报表") in attentions(bot)
        assert AGAIN < EVERY
        receipt = next(row for row in letters(bot) if row.letter == "receipt")
        assert message_from_bytes(receipt.mime)["In-Reply-To"] == "<0@demo.test>"
