"""The mailbox into the archive: every UID is accounted for, none twice, whatever the server does meanwhile."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import MailboxError
from bot.jobs import polling
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL, poll
from bot.jobs.withholding import Tries, Withheld
from bot.mail.mailbox import Mailbox
from bot.record import archive, claims, runs, schema
from tests.bots import (
    FakeMailbox,
    at,
    attentions,
    build,
    built,
    config,
    events,
    first_run,
    letters,
    never,
    raw_mails,
    rows,
)
from tests.mails import mail
from tests.servers.dovecot import DovecotOffice
from tests.servers.netease import CUT, SILENCE, NetEase, Stored

NOW = at("2017-07-03T10:00")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    yield from built(request, tmp_path)


def mails(bot: Bot) -> dict[bytes | None, list[tuple[str, int, int]]]:
    """What is in the archive: bytes, and the places where they lay."""
    places = rows(bot, schema.place)
    return {
        data: [(p.folder, p.uidvalidity, p.uid) for p in places if p.mail_id == id_]
        for id_, data in raw_mails(bot).items()
    }


def upto(bot: Bot, folder: str = "INBOX") -> int:
    with bot.record.read() as conn:
        state = archive.folder_state(conn, folder)
    assert state is not None
    return state.seen_upto


def last_poll(bot: Bot) -> object:
    with bot.record.read() as conn:
        return runs.moment(conn, LAST_POLL)


def test_every_mail_of_every_folder_is_archived_with_its_place(any_bot: Bot) -> None:
    box = FakeMailbox(INBOX={3: b"three", 8: b"eight"}, 垃圾邮件={3: b"junk"})
    assert poll(any_bot, box, NOW, never) == 3
    assert mails(any_bot) == {
        b"three": [("INBOX", 7, 3)],
        b"eight": [("INBOX", 7, 8)],
        b"junk": [("垃圾邮件", 7, 3)],
    }
    assert [m.received_at for m in rows(any_bot, schema.mail)] == [box.received_at] * 3
    assert last_poll(any_bot) == NOW


def test_an_empty_box_is_a_quiet_poll(bot: Bot) -> None:
    box = FakeMailbox()
    assert [poll(bot, box, NOW + n * MINUTE, never) for n in range(3)] == [0, 0, 0]
    assert (box.fetched, events(bot)) == ([], [])
    assert last_poll(bot) == NOW + 2 * MINUTE


def test_a_hundred_polls_fetch_once(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"one", 2: b"two"})
    assert sum(poll(bot, box, NOW + n * MINUTE, never) for n in range(100)) == 2
    assert box.fetched == [1, 2]
    assert events(bot) == ["mail.archived"] * 2


def test_later_polls_ask_only_behind_what_is_known(bot: Bot) -> None:
    box = FakeMailbox(INBOX={5: b"five"})
    poll(bot, box, NOW, never)
    box.boxes["INBOX"][9] = b"nine"
    poll(bot, box, NOW + MINUTE, never)
    assert [call for call in box.calls if call.startswith("unknown")] == ["unknown None", "unknown 5"]
    assert upto(bot) == 9


def test_once_a_day_all_is_compared_and_an_old_number_found(bot: Bot) -> None:
    # given a server that gives a new mail a number below the last one
    box = FakeMailbox(INBOX={5: b"five"})
    poll(bot, box, NOW, never)
    box.boxes["INBOX"][2] = b"two"
    # when, then
    assert poll(bot, box, NOW + DAY - MINUTE, never) == 0
    assert poll(bot, box, NOW + DAY, never) == 1
    assert poll(bot, box, NOW + DAY + MINUTE, never) == 0
    assert box.fetched == [5, 2]
    assert upto(bot) == 5


def test_a_mail_that_the_server_does_not_give_comes_later(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"one", 2: b"two", 3: b"three"})
    box.mute = {2}
    assert poll(bot, box, NOW, never) == 2
    assert upto(bot) == 1
    box.mute = set()
    assert poll(bot, box, NOW + MINUTE, never) == 1
    assert box.fetched == [1, 3, 2]
    assert upto(bot) == 2  # 3 is known, so it is not asked for again
    assert poll(bot, box, NOW + 2 * MINUTE, never) == 0
    assert len(mails(bot)) == 3


def test_a_mail_whose_size_is_not_told_comes_later(bot: Bot) -> None:
    class NoSizes(FakeMailbox):
        def sizes(self, uids: object) -> dict[int, object]:  # type: ignore[override]
            return {}

    box = NoSizes(INBOX={1: b"one"})
    assert poll(bot, box, NOW, never) == 0
    assert upto(bot) == 0
    assert poll(bot, FakeMailbox(INBOX={1: b"one"}), NOW + MINUTE, never) == 1


def test_a_renumbered_folder_is_looked_at_again_and_nothing_recorded_twice(any_bot: Bot) -> None:
    box = FakeMailbox(INBOX={4: b"four", 5: b"five"})
    poll(any_bot, box, NOW, never)
    box.uidvalidity = 8
    box.boxes["INBOX"] = {1: b"four", 2: b"five", 3: b"new"}
    assert poll(any_bot, box, NOW + MINUTE, never) == 1
    assert mails(any_bot)[b"four"] == [("INBOX", 7, 4), ("INBOX", 8, 1)]
    assert upto(any_bot) == 3
    assert poll(any_bot, box, NOW + 2 * MINUTE, never) == 0


def test_a_mail_that_was_moved_out_of_the_junk_is_the_same_mail(bot: Bot) -> None:
    box = FakeMailbox(INBOX={}, 垃圾邮件={1: b"mail"})
    poll(bot, box, NOW, never)
    box.boxes = {"INBOX": {1: b"mail"}, "垃圾邮件": {}}
    assert poll(bot, box, NOW + MINUTE, never) == 0
    assert mails(bot) == {b"mail": [("INBOX", 7, 1), ("垃圾邮件", 7, 1)]}


def test_a_mail_without_a_date_of_arrival_arrives_now(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"one"})
    box.received_at = None
    poll(bot, box, NOW, never)
    assert rows(bot, schema.mail)[0].received_at == NOW


def test_a_mail_that_is_too_large_is_put_before_a_person_once(bot: Bot) -> None:
    # given
    box = FakeMailbox(INBOX={1: b"small", 2: b"huge"})
    box.sizes_claimed = {2: bot.config.limits.mail_bytes + 1}
    # when
    assert poll(bot, box, NOW, never) == 1
    work(bot, NOW, never)
    box.uidvalidity = 8  # and all is looked at again
    poll(bot, box, NOW + MINUTE, never)
    work(bot, NOW + MINUTE, never)
    # then
    assert 2 not in box.fetched
    assert attentions(bot) == [("too_large", "")]
    assert {(m.state, m.size) for m in rows(bot, schema.mail)} == {("done", 5), ("aside", 71_680_001)}
    assert letters(bot) == []


def test_a_mail_of_just_the_largest_size_is_fetched(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"large"})
    box.sizes_claimed = {1: bot.config.limits.mail_bytes}
    assert poll(bot, box, NOW, never) == 1
    assert box.fetched == [1]


def test_what_was_archived_stays_when_the_connection_breaks(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given one mail in a batch
    monkeypatch.setattr(polling, "batches", lambda headlines: [[uid] for uid in sorted(headlines)])
    box = FakeMailbox(INBOX={n: b"mail %d" % n for n in range(1, 6)})
    box.breaks = {"fetch [3]": MailboxError("connection lost")}
    # when
    with pytest.raises(MailboxError):
        poll(bot, box, NOW, never)
    # then
    assert box.fetched == [1, 2]
    assert len(mails(bot)) == 2
    assert last_poll(bot) is None
    box.breaks = {}
    assert poll(bot, box, NOW + MINUTE, never) == 3
    assert box.fetched == [1, 2, 3, 4, 5]


def test_a_poll_that_is_stopped_goes_on_the_next_time(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "batches", lambda headlines: [[uid] for uid in sorted(headlines)])
    box = FakeMailbox(INBOX={1: b"one", 2: b"two"})
    assert poll(bot, box, NOW, lambda: bool(box.fetched)) == 1
    assert last_poll(bot) is None  # it was no whole one: no reminder may trust it
    assert poll(bot, box, NOW + MINUTE, never) == 1
    assert box.fetched == [1, 2]


def test_a_junk_folder_that_breaks_does_not_hide_the_inbox(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"one"}, 垃圾邮件={1: b"junk"})
    box.breaks = {"select 垃圾邮件": MailboxError("cannot open")}
    assert poll(bot, box, NOW, never) == 1
    assert last_poll(bot) == NOW


def test_an_inbox_that_breaks_is_no_good_poll(bot: Bot) -> None:
    box = FakeMailbox(INBOX={1: b"one"}, 垃圾邮件={1: b"junk"})
    box.breaks = {"select INBOX": MailboxError("cannot open")}
    with pytest.raises(MailboxError):
        poll(bot, box, NOW, never)
    assert last_poll(bot) is None


def filing(folder: Path) -> Bot:
    return build(config(folder, mailbox={"file_into": "已处理"}))


def test_what_is_done_is_filed_after_it_was_recorded(tmp_path: Path) -> None:
    with filing(tmp_path) as bot:
        box = FakeMailbox(INBOX={1: mail("a@town.test", "开会通知"), 2: mail("b@town.test", "开会")})
        poll(bot, box, NOW, never)
        assert box.filed == []
        work(bot, NOW, never)
        poll(bot, box, NOW + MINUTE, never)
        assert box.filed == [("INBOX", (1, 2), "已处理")]
        assert box.boxes["INBOX"] == {}
        poll(bot, box, NOW + 2 * MINUTE, never)
        assert len(box.filed) == 1


def test_filing_that_was_not_noted_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with filing(tmp_path) as bot:
        box = FakeMailbox(INBOX={1: mail("a@town.test", "开会通知")})
        poll(bot, box, NOW, never)
        work(bot, NOW, never)
        with monkeypatch.context() as broken:

            def die(*_: object) -> None:
                raise KeyboardInterrupt  # the process ends between MOVE and COMMIT

            broken.setattr(archive, "mark_filed", die)
            with pytest.raises(KeyboardInterrupt):
                poll(bot, box, NOW + MINUTE, never)
        poll(bot, box, NOW + 2 * MINUTE, never)
        assert [uids for _, uids, _ in box.filed] == [(1,), (1,)]
        assert poll(bot, box, NOW + 3 * MINUTE, never) == 0


def test_without_move_the_record_alone_knows(tmp_path: Path) -> None:
    with filing(tmp_path) as bot:
        box = FakeMailbox(INBOX={1: mail("a@town.test", "开会通知")})
        box.can_move = False
        poll(bot, box, NOW, never)
        work(bot, NOW, never)
        assert poll(bot, box, NOW + MINUTE, never) == 0
        assert list(box.boxes["INBOX"]) == [1]
        assert box.fetched == [1]


# Against real servers


def dovecot_bot(folder: Path, office: DovecotOffice, **mailbox: object) -> Bot:
    server = {"port": office.imap_port, "username": office.username, **mailbox}
    return build(config(folder, mailbox=server))


def opened(bot: Bot, password: str = "secret") -> Mailbox:
    return Mailbox.open(bot.config.mailbox, password)


def test_dovecot_seen_mail_and_junk_are_read_and_seen_is_left_alone(dovecot: DovecotOffice, tmp_path: Path) -> None:
    # given a mail that a person has read in the web mail, one nobody has, one in the junk
    for text, folder in (("read", "INBOX"), ("unread", "INBOX"), ("junk", "垃圾邮件")):
        dovecot.deliver(dovecot.username, mail("a@town.test", text), NOW, folder)
    with dovecot.client() as person:
        person.select_folder("INBOX")
        person.add_flags([1], [b"\\Seen"])
    # when
    with dovecot_bot(tmp_path, dovecot) as bot, opened(bot) as box:
        assert poll(bot, box, NOW, never) == 3
        assert {m.received_at for m in rows(bot, schema.mail)} == {NOW}
    # then
    with dovecot.client() as person:
        person.select_folder("INBOX")
        flags = {uid: set(row[b"FLAGS"]) & {b"\\Seen"} for uid, row in person.fetch([1, 2], ["FLAGS"]).items()}
    assert flags == {1: {b"\\Seen"}, 2: set()}


def test_dovecot_renumbered_nothing_is_recorded_or_answered_twice(dovecot: DovecotOffice, tmp_path: Path) -> None:
    for number in range(3):
        dovecot.deliver(dovecot.username, mail(f"{number}@town.test", f"报送附件4 {number}"), NOW)
    with dovecot_bot(tmp_path, dovecot) as bot:
        first_run(bot, NOW)
        with opened(bot) as box:
            assert poll(bot, box, NOW, never) == 3
        work(bot, NOW, never)
        before = (events(bot), len(letters(bot)))
        dovecot.renumber()
        with opened(bot) as box:
            assert poll(bot, box, NOW + MINUTE, never) == 0
        work(bot, NOW + MINUTE, never)
        assert (events(bot), len(letters(bot))) == before
        assert len({p.uidvalidity for p in rows(bot, schema.place)}) == 2
        assert len(rows(bot, schema.place)) == 6


def test_dovecot_done_mail_is_moved_and_what_needs_a_person_stays(dovecot: DovecotOffice, tmp_path: Path) -> None:
    for number in range(3):
        dovecot.deliver(dovecot.username, mail(f"{number}@town.test", f"开会 {number}"), NOW)
    with dovecot_bot(tmp_path, dovecot, file_into="已处理") as bot:
        with opened(bot) as box:
            poll(bot, box, NOW, never)
        with bot.record.begin() as conn:
            claims.set_aside(conn, 2, NOW, "set_aside")
        work(bot, NOW, never)
        for _ in range(2):  # once more does no harm
            with opened(bot) as box:
                assert poll(bot, box, NOW, never) == 0
    with dovecot.client() as person:
        assert person.select_folder("已处理", readonly=True)[b"EXISTS"] == 2
        person.select_folder("INBOX", readonly=True)
        assert person.search("ALL") == [2]


def netease_bot(folder: Path, server: NetEase) -> Bot:
    settings = {"port": server.port, "username": server.username, "file_into": "已处理", "timeout_seconds": 0.3}
    return build(config(folder, mailbox=settings))


def test_netease_two_polls_ask_for_each_body_once_and_never_write(netease: NetEase, tmp_path: Path) -> None:
    netease.mails["INBOX"] = [Stored(n, mail(f"{n}@town.test", f"开会 {n}")) for n in (5, 6)]
    with netease_bot(tmp_path, netease) as bot:
        for minute in range(3):
            with opened(bot, netease.password) as box:
                poll(bot, box, NOW + minute * MINUTE, never)
            work(bot, NOW + minute * MINUTE, never)
        assert len(mails(bot)) == 2
    bodies = [command for command in netease.commands() if "BODY" in command]
    assert bodies == ["UID FETCH 5,6 (UID BODY.PEEK[])"]
    words = {command.split(" ")[0] for command in netease.commands()}
    assert words <= {"CAPABILITY", "LOGIN", "ID", "LIST", "EXAMINE", "UID", "LOGOUT"}
    assert netease.seen == set()


@pytest.mark.parametrize("how", [SILENCE, CUT])
@pytest.mark.parametrize("where", ["LIST", "EXAMINE", "UID SEARCH", "UID FETCH"])
def test_netease_breaking_anywhere_loses_nothing(netease: NetEase, tmp_path: Path, where: str, how: str) -> None:
    netease.mails["INBOX"] = [Stored(n, mail(f"{n}@town.test", f"开会 {n}")) for n in (1, 2)]
    with netease_bot(tmp_path, netease) as bot:
        netease.interfere = lambda command: how if command.startswith(where) else None
        with pytest.raises(MailboxError), opened(bot, netease.password) as box:
            poll(bot, box, NOW, never)
        assert last_poll(bot) is None
        netease.interfere = None
        with opened(bot, netease.password) as box:
            assert poll(bot, box, NOW + MINUTE, never) == 2
        assert events(bot) == ["mail.archived"] * 2


def test_years_of_mail_are_asked_for_in_portions_and_what_made_trouble_alone_after_them() -> None:
    now = at("2017-06-20T09:00")
    withheld = Withheld("INBOX", 1, {7: Tries(2, now), 1500: Tries(1, now)})
    portions = withheld.portions(range(1, 2502), now)
    assert [len(portion) for portion in portions] == [1000, 1000, 500, 1]
    assert portions[-1] == [7]
    assert sorted(uid for portion in portions for uid in portion) == list(range(1, 2502))
