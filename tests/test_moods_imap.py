"""The moods of an IMAP server: nothing lost, nothing recorded or answered twice, no hang, and a person told in time.

Each mood meets a whole run of intake, and then the bot lives on with a server that is well again, or stays as it is.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.errors import LoginRefused, MailboxError
from bot.jobs import polling, service, tick
from bot.jobs.attending import bundle
from bot.jobs.parts import Bot
from bot.jobs.polling import LAST_POLL
from bot.jobs.service import Service
from bot.jobs.watch.watching import watch
from bot.record import runs, schema
from tests.bots import appoint, at, attentions, build_hasty, config, events, flat, letters, never, raw_mails, rows
from tests.mails import mail
from tests.servers.netease import CAPABILITIES, CUT, SILENCE, NetEase, Stored

NOW = at("2017-07-03T10:00")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LI, WANG, ZHAO = "li@town.test", "wang@town.test", "zhao@town.test"
JUNK = "&V4NXPpCuTvY-"
MAILS = {1: mail(LI), 2: mail(WANG), 3: mail(ZHAO)}  # each without its workbook: each is asked for it, once
Interfere = Callable[[str], str | None]


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One bot for all tests: building one takes longer than most of them."""
    with build_hasty(config(tmp_path_factory.mktemp("bot"))) as bot:
        yield bot


@pytest.fixture
def bot(common: Bot, netease: NetEase, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """Three liaisons have written."""
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", netease.password)
    with common.record.begin() as conn:
        for table in reversed(schema.metadata.sorted_tables):
            conn.execute(table.delete())
    tick.begin(common, NOW - HOUR)
    appoint(common, ("五图街道", "李明", LI), ("乔官镇", "王芳", WANG), ("营丘镇", "赵强", ZHAO))
    netease.mails["INBOX"] = [Stored(uid, data) for uid, data in MAILS.items()]
    return with_mailbox(common, port=netease.port, username=netease.username, timeout_seconds=0.3)


def with_mailbox(bot: Bot, **changes: object) -> Bot:
    mailbox = bot.config.mailbox.model_copy(update=changes)
    return replace(bot, config=bot.config.model_copy(update={"mailbox": mailbox}))


def run(bot: Bot, now: datetime = NOW) -> list[Any]:
    """A run of intake as ``tick`` calls it; what was broken. A bug would be counted as a failure."""
    report = tick.Report()
    tick.receive(bot, now, never, report)
    watch(bot, now)
    assert report.failed == 0
    return report.broken


def archived(bot: Bot) -> list[bytes | None]:
    return sorted(raw_mails(bot).values(), key=repr)


def answered(bot: Bot) -> list[str]:
    return sorted(row.to for row in letters(bot) if row.mail_id)


def all_is_well(bot: Bot, uids: tuple[int, ...] = (1, 2, 3)) -> bool:
    """Each mail was archived once, byte for byte, and answered once; nobody is troubled."""
    assert archived(bot) == sorted((MAILS[uid] for uid in uids), key=repr)
    assert answered(bot) == sorted({1: LI, 2: WANG, 3: ZHAO}[uid] for uid in uids)
    assert events(bot, "mail.archived") == ["mail.archived"] * len(uids)
    return troubles(bot) == []


def troubles(bot: Bot) -> list[str]:
    """What the office must hear of, besides what the mails say, and that no letter leaves here."""
    return [kind for kind, _ in attentions(bot) if kind not in ("missing_attachment", "outbox_lasts")]


def last_poll(bot: Bot) -> datetime | None:
    with bot.record.read() as conn:
        return runs.moment(conn, LAST_POLL)


def when(step: str, answer: str, times: int = 1000) -> Interfere:
    """``answer`` to the first commands of a kind; ``BODY`` and ``SIZE`` are the two kinds of FETCH."""
    left = [times]

    def interfere(command: str) -> str | None:
        if left[0] and (command.startswith(step) or (command.startswith("UID FETCH") and step in command)):
            left[0] -= 1
            return answer
        return None

    return interfere


def body(number: int, items: str, data: bytes, size: int | None = None) -> str:
    """One row of a FETCH answer."""
    literal = f"BODY[] {{{len(data) if size is None else size}}}\r\n{data.decode('latin-1')}"
    return f"* {number} FETCH ({items} {literal})\r\n"


# Breaking off

STEPS = ["CAPABILITY", "LOGIN", "ID", "LIST", "EXAMINE", "UID SEARCH", "SIZE", "BODY", "LOGOUT"]
BREAKS = {"bye": "* BYE Autologout", "bye and ok": "* BYE Autologout\r\nTAG OK done", "cut": CUT, "nonsense": "what?"}


ENDS = [(step, how) for step in STEPS for how in BREAKS if how in ("bye", "cut") or step in ("LOGIN", "BODY")]


@pytest.mark.parametrize(("step", "how"), ENDS)
def test_a_connection_that_ends_at_any_command_costs_one_poll(bot: Bot, netease: NetEase, step: str, how: str) -> None:
    netease.interfere = when(step, BREAKS[how], times=1)
    broken = run(bot)
    assert {type(error) for error in broken} <= {MailboxError}
    assert bool(broken) == (step != "LOGOUT")
    assert (last_poll(bot) is None) == bool(broken)
    for minute in (2, 4):
        assert run(bot, NOW + minute * MINUTE) == []
    assert all_is_well(bot)


@pytest.mark.parametrize("step", ["ID", "LIST", "EXAMINE", "UID SEARCH", "SIZE", "BODY"])
def test_a_server_that_says_no_for_once_costs_one_poll_at_most(bot: Bot, netease: NetEase, step: str) -> None:
    netease.interfere = when(step, "TAG NO [SERVERBUG] Internal error", times=1)
    run(bot)
    for minute in (2, 4):
        assert run(bot, NOW + minute * MINUTE) == []
    assert all_is_well(bot)


CROWDED = [
    "TAG NO [LIMIT] too many",
    "TAG NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
    "TAG NO [ALERT] Too many simultaneous connections. (Failure)",
    "TAG NO LOGIN too many connections",
    "TAG NO Maximum number of sessions exceeded",
    "* BYE Too many connections from your IP",
    "* BYE [ALERT] Connection limit reached\r\nTAG NO bye",
]


@pytest.mark.parametrize("answer", CROWDED)
def test_too_many_connections_are_no_wrong_password(bot: Bot, netease: NetEase, answer: str) -> None:
    netease.interfere = when("LOGIN", answer, times=2)
    assert [type(error) for minute in (0, 2) for error in run(bot, NOW + minute * MINUTE)] == [MailboxError] * 2
    assert letters(bot) == []
    assert run(bot, NOW + 4 * MINUTE) == []
    assert all_is_well(bot)


@pytest.mark.parametrize("greeting", ["* BYE too many connections", "* NO too many connections", "", "* OK"])
def test_a_greeting_that_is_none(bot: Bot, netease: NetEase, greeting: str) -> None:
    usual, netease.greeting = netease.greeting, greeting
    run(bot)
    netease.greeting = usual
    run(bot, NOW + 2 * MINUTE)
    assert all_is_well(bot)


@pytest.mark.parametrize(
    ("answer", "logins"),
    [("TAG NO LOGIN Login error or password error", 1), ("TAG NO Too many login failures", 1),
     # one sentence for a wrong code, a limit and a busy server: it is tried once more
     ("TAG NO Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited, "
      "or system is busy", 2)],
)  # fmt: skip
def test_a_refused_login_is_not_repeated(bot: Bot, netease: NetEase, answer: str, logins: int) -> None:
    netease.interfere = when("LOGIN", answer)
    for minute in (0, 2, 60, 120):
        assert [type(error) for error in run(bot, NOW + minute * MINUTE)] == [LoginRefused]
    assert sum(command.startswith("LOGIN") for command in netease.commands()) == logins
    assert [row.letter for row in letters(bot)] == ["alarm"]
    netease.interfere = None
    run(bot, NOW + 13 * HOUR)
    assert answered(bot) == [LI, WANG, ZHAO]


def test_unsafe_login_in_spite_of_id_is_told_at_once_once_a_day_and_ends(bot: Bot, netease: NetEase) -> None:
    # given an account that the provider has locked against programs
    netease.interfere = when("EXAMINE", "TAG NO SELECT Unsafe Login. Please contact kefu@188.com for help")
    for minutes in (0, 2, 30, 70, 80, 100):
        (error,) = run(bot, NOW + minutes * MINUTE)
        assert "Unsafe Login" in str(error)
    assert attentions(bot) == [("unsafe_login", "127.0.0.1")]
    bundle(bot, NOW + 100 * MINUTE)
    (letter,) = letters(bot)
    assert flat(letter.mime).count("".join(bot.rules.reasons.attention["unsafe_login"].split())) == 1
    assert "kefu@188.com" in flat(letter.mime)
    assert last_poll(bot) is None  # so no reminder leaves meanwhile
    # when it opens again
    netease.interfere = None
    for minutes in (110, 115, 125):
        assert run(bot, NOW + minutes * MINUTE) == []
    assert answered(bot) == [LI, WANG, ZHAO]
    assert troubles(bot) == ["unsafe_login", "poll_over"]


# Numbers


@pytest.mark.parametrize(
    "then", [["2"], ["0"], [""], ["0", "1", "", "7"], ["4294967295"], ["-1"], ["99999999999999999999"]]
)
def test_whatever_a_folder_calls_itself_nothing_is_done_twice(bot: Bot, netease: NetEase, then: list[str]) -> None:
    run(bot)
    for number, uidvalidity in enumerate(then, 1):
        netease.uidvalidity = uidvalidity
        netease.mails["INBOX"] = [Stored(10 * number + uid, data) for uid, data in MAILS.items()]
        assert run(bot, NOW + number * MINUTE) == []
        assert run(bot, NOW + number * MINUTE + SECOND) == []
    assert all_is_well(bot)


def test_a_mail_that_goes_between_list_and_fetch_is_no_trouble(bot: Bot, netease: NetEase) -> None:
    # given a person who moves a mail away while it is being asked for, at either step
    def moved(command: str) -> str | None:
        gone = {"SIZE": 2, "BODY": 3}
        uids = [uid for step, uid in gone.items() if step in command]
        netease.mails["INBOX"] = [m for m in netease.mails["INBOX"] if m.uid not in uids]
        return None

    netease.interfere = moved
    assert run(bot) == []
    netease.interfere = None
    for hours in range(1, 30, 4):
        assert run(bot, NOW + hours * HOUR) == []
    assert all_is_well(bot, (1,))
    # and when they are put back, under new numbers, they are read
    netease.mails["INBOX"] += [Stored(uid + 10, MAILS[uid]) for uid in (2, 3)]
    run(bot, NOW + 40 * HOUR)
    assert all_is_well(bot)


def test_a_mail_that_a_person_moves_back_is_the_same_mail(bot: Bot, netease: NetEase) -> None:
    netease.capabilities += " MOVE"
    bot = with_mailbox(bot, file_into="done")
    for minute in range(2):
        assert run(bot, NOW + minute * MINUTE) == []
    assert (netease.mails["INBOX"], len(netease.mails["done"])) == ([], 3)
    # when
    netease.mails["INBOX"] = [Stored(m.uid + 50, m.data) for m in netease.mails.pop("done")]
    for minute in range(2, 5):
        assert run(bot, NOW + minute * MINUTE) == []
    # then
    assert all_is_well(bot)
    assert (netease.mails["INBOX"], len(netease.mails["done"])) == ([], 3)


@pytest.mark.parametrize("untold", ["* 3 EXPUNGE\r\n* 1 EXISTS\r\n", "* 0 EXISTS\r\n", "* -1 EXISTS\r\n"])
@pytest.mark.parametrize("step", ["EXAMINE", "UID SEARCH", "BODY"])
def test_a_number_of_mails_that_shrinks_or_lies_is_not_relied_on(
    bot: Bot, netease: NetEase, step: str, untold: str
) -> None:
    usual = {
        "EXAMINE": "* OK [UIDVALIDITY 1] x\r\n",
        "UID SEARCH": "* SEARCH 1 2 3\r\n",
        "BODY": "".join(body(uid, f"UID {uid}", data) for uid, data in MAILS.items()),
    }
    netease.interfere = when(step, f"{usual[step]}{untold}TAG OK done", times=1)
    run(bot)
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


# Folders


def test_a_folder_that_has_gone_is_told_once_and_read_when_it_is_back(bot: Bot, netease: NetEase) -> None:
    bot = with_mailbox(bot, folder="reports")
    netease.mails["reports"] = netease.mails.pop("INBOX")
    for minutes in (0, 30, 61, 72, 100):
        (error,) = run(bot, NOW + minutes * MINUTE)
        assert "'reports'" in str(error)
    assert [kind for kind, _ in attentions(bot)] == ["poll_lasts"]
    netease.folders += ('() "/" "reports"',)
    for minutes in (110, 115, 125):
        assert run(bot, NOW + minutes * MINUTE) == []
    assert answered(bot) == [LI, WANG, ZHAO]
    assert troubles(bot) == ["poll_lasts", "poll_over"]


@pytest.mark.parametrize("answer", ["TAG NO SELECT Not exist", "TAG OK [UIDVALIDITY x] done", "* BYE", CUT])
def test_a_junk_folder_that_cannot_be_opened_hides_nothing_else(bot: Bot, netease: NetEase, answer: str) -> None:
    netease.mails[JUNK] = [netease.mails["INBOX"].pop()]
    netease.interfere = when(f'EXAMINE "{JUNK}"', answer)
    run(bot)
    assert all_is_well(bot, (1, 2))
    netease.interfere = None
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("CREATE", "TAG NO [NOPERM] no"),
        ("SELECT", "TAG NO [NOPERM] read only"),
        ("UID MOVE", "TAG NO [TRYCREATE] no such folder"),
        ("UID MOVE", "TAG NO [OVERQUOTA] full"),
        ("UID MOVE", "TAG BAD what"),
        ("UID MOVE", "* BYE"),
        ("CREATE", CUT),
    ],
)
def test_mail_that_cannot_be_filed_does_not_keep_new_mail_from_us(
    bot: Bot, netease: NetEase, step: str, answer: str
) -> None:
    # given
    netease.capabilities += " MOVE"
    bot = with_mailbox(bot, file_into="done")
    last = netease.mails["INBOX"].pop()
    run(bot)
    netease.mails["INBOX"].append(last)
    # when
    netease.interfere = when(step, answer, times=1000 if answer.startswith("TAG") else 1)
    broken = [error for minute in (1, 2, 3) for error in run(bot, NOW + minute * MINUTE)]
    # then
    assert len(broken) == (0 if answer.startswith("TAG") else 1)
    assert all_is_well(bot)
    netease.interfere = None
    run(bot, NOW + 4 * MINUTE)
    assert (netease.mails["INBOX"], len(netease.mails["done"])) == ([], 3)


# Lies about a mail


def for_uid(uid: int, answer: str, step: str = "BODY") -> Interfere:
    """The answer to each FETCH that asks for a mail, alone or among others."""

    def interfere(command: str) -> str | None:
        asked = command.startswith("UID FETCH") and str(uid) in command.split(" ")[2].split(",")
        return answer if asked and step in command else None

    return interfere


LIES = {
    "too short": body(2, "UID 2", MAILS[2], 20) + "TAG OK done",
    "much too short": body(2, "UID 2", MAILS[2], 0) + "TAG OK done",
    "too long": body(2, "UID 2", MAILS[2], len(MAILS[2]) + 500) + "TAG OK done",
    "huge": body(2, "UID 2", MAILS[2], 99_999_999_999_999) + "TAG OK done",
    "no uid": body(2, "FLAGS ()", MAILS[2]) + "TAG OK done",
    "another's uid": body(2, "UID 77", MAILS[2]) + "TAG OK done",
    "no body": "* 2 FETCH (UID 2 BODY[] NIL)\r\nTAG OK done",
    "nothing": "TAG OK done",
    "no": "TAG NO Some of the requested messages no longer exist",
    "bye": "* BYE Internal error",
    "cut": CUT,
    "one uid for two": body(2, "UID 2", MAILS[2]) + body(3, "UID 2", b"another\r\n") + "TAG OK done",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_mail_that_is_not_given_hides_no_other_is_told_once_and_read_when_it_comes(
    bot: Bot, netease: NetEase, lie: str
) -> None:
    bot = with_mailbox(bot, timeout_seconds=0.15)
    netease.interfere = for_uid(2, LIES[lie])
    # when a server lies about the second mail all the time, within ten minutes the others are there
    for minute in range(0, 10, 2):
        run(bot, NOW + minute * MINUTE)
    assert all_is_well(bot, (1, 3))
    # then it is asked for ever more rarely, and within an hour a person is told, once
    for minute in (15, 20, 25, 40, 50, 55, 80):
        run(bot, NOW + minute * MINUTE)
    alone = sum("BODY" in command and command.split(" ")[2] == "2" for command in netease.commands())
    assert alone <= 7  # of twelve polls
    assert troubles(bot) == ["withheld"]
    assert ("withheld", "INBOX / 1 / 2017-07-03 16:00") in attentions(bot)
    # and when the server has come to reason, it is read
    netease.interfere = None
    run(bot, NOW + 32 * HOUR)
    assert archived(bot) == sorted(MAILS.values(), key=repr)
    assert answered(bot) == [LI, WANG, ZHAO]


def test_one_uid_for_two_mails_loses_neither(bot: Bot, netease: NetEase) -> None:
    # given an answer in which the second mail bears the number of the first, once
    rows_ = body(1, "UID 1", MAILS[1]) + body(2, "UID 1", MAILS[2]) + body(3, "UID 3", MAILS[3])
    netease.interfere = when("BODY", f"{rows_}TAG OK done", times=1)
    run(bot)
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


def test_the_same_mail_twice_in_an_answer_and_others_that_nobody_asked_for(bot: Bot, netease: NetEase) -> None:
    twice = "".join(body(uid, f"UID {uid}", data) for uid, data in MAILS.items() for _ in range(2))
    netease.interfere = when("BODY", f"{twice}{body(9, 'UID 99', b'foreign')}* 4 FETCH (FLAGS ())\r\nTAG OK done")
    run(bot)
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


@pytest.mark.parametrize("size", ["0", "1", "-5", "999", "NIL", '"big"'])
def test_a_size_that_lies_changes_nothing(bot: Bot, netease: NetEase, size: str) -> None:
    came = 'INTERNALDATE "03-Jul-2017 10:00:00 +0800"'
    lies = "".join(f"* {uid} FETCH (UID {uid} RFC822.SIZE {size} {came})\r\n" for uid in MAILS)
    netease.interfere = when("SIZE", f"{lies}TAG OK done", times=1)
    run(bot)
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


@pytest.mark.parametrize("size", ["71680001", "2147483648", "9223372036854775807", "99999999999999999999999"])
def test_a_size_beyond_all_measure_sets_that_mail_aside_and_tells_it_once(
    bot: Bot, netease: NetEase, size: str
) -> None:
    line = '* %d FETCH (UID %d RFC822.SIZE %s INTERNALDATE "03-Jul-2017 16:00:00 +0800")\r\n'
    netease.interfere = when("SIZE", "".join(line % (u, u, size if u == 2 else 50) for u in MAILS) + "TAG OK done")
    run(bot)
    netease.uidvalidity = "2"  # and all is looked at again
    run(bot, NOW + MINUTE)
    assert answered(bot) == [LI, ZHAO]
    assert troubles(bot) == ["too_large"]


@pytest.mark.parametrize(
    "answer", ["* SEARCH", "", "* SEARCH 1", "* SEARCH 1 2 3 4 5 99999999999 0 -1 x", "* SEARCH 3"]
)
def test_a_list_that_is_not_whole_loses_nothing(bot: Bot, netease: NetEase, answer: str) -> None:
    netease.interfere = when("UID SEARCH", f"{answer}\r\nTAG OK done" if answer else "TAG OK done", times=1)
    run(bot)
    for hours in (1, 25):
        run(bot, NOW + hours * HOUR)
    assert all_is_well(bot)


# Waiting for mail


def idling(bot: Bot, netease: NetEase, monkeypatch: pytest.MonkeyPatch, enough: Callable[[], bool]) -> int:
    """The service's own loop over one connection until ``enough``; how often it polled meanwhile."""
    schedule = bot.config.schedule.model_copy(update={"poll_seconds": 0.2})
    made = replace(bot, config=bot.config.model_copy(update={"schedule": schedule}))
    polls = [0]
    poll = polling.poll

    def counted(*arguments: Any) -> int:
        polls[0] += 1
        return poll(*arguments)

    monkeypatch.setattr(service, "poll", counted)
    stop = threading.Event()
    running = Service(made, lambda: NOW, stop)
    thread = threading.Thread(target=running._mail, daemon=True)
    thread.start()
    ended = threading.Event()
    for _ in range(100):
        if enough() or not thread.is_alive():
            break
        ended.wait(0.03)
    stop.set()
    thread.join(3)
    assert not thread.is_alive()
    return polls[0]


def test_an_idle_that_never_wakes_is_ended_by_the_clock(
    bot: Bot, netease: NetEase, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a server that takes IDLE and tells nothing, and mail that comes meanwhile
    monkeypatch.setattr(service, "LEAST_SECONDS", 0.0)
    netease.capabilities = f"{CAPABILITIES} IDLE"
    late = netease.mails["INBOX"].pop()

    def arrives(command: str) -> str | None:
        if command == "IDLE" and len(netease.mails["INBOX"]) == 2:
            netease.mails["INBOX"].append(late)
        return None

    netease.interfere = arrives
    idling(bot, netease, monkeypatch, lambda: len(rows(bot, schema.mail)) == 3)
    assert len(netease.log) == 1  # over the same connection
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


def test_an_idle_that_wakes_all_the_time_does_not_poll_all_the_time(
    bot: Bot, netease: NetEase, monkeypatch: pytest.MonkeyPatch
) -> None:
    netease.capabilities = f"{CAPABILITIES} IDLE"
    netease.interfere = when("IDLE", "+ idling\r\n* 3 EXISTS")
    monkeypatch.setattr(service, "LEAST_SECONDS", 0.4)
    begun = datetime.now(NOW.tzinfo)
    polls = idling(bot, netease, monkeypatch, lambda: datetime.now(NOW.tzinfo) - begun > timedelta(seconds=1))
    assert 2 <= polls <= 5
    assert all_is_well(bot)


@pytest.mark.parametrize("answer", [SILENCE, CUT, "* BYE", "what?"])
def test_an_idle_that_cannot_be_ended_costs_that_connection_only(
    bot: Bot, netease: NetEase, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(service, "LEAST_SECONDS", 0.0)
    netease.capabilities = f"{CAPABILITIES} IDLE"
    netease.interfere = when("DONE", answer)
    idling(bot, netease, monkeypatch, lambda: False)  # the loop ends by itself
    netease.interfere = None
    run(bot, NOW + MINUTE)
    assert all_is_well(bot)


def test_a_service_that_met_every_mood_is_still_alive(tmp_path: Path, bot: Bot, netease: NetEase) -> None:
    """All breaks in a row, one a poll, as a bad day has them."""
    for minute, (step, how) in enumerate((step, how) for step in STEPS for how in ("bye", "cut")):
        netease.interfere = when(step, BREAKS[how], times=1)
        clock = partial(datetime.__add__, NOW, minute * MINUTE)
        Service(bot, clock, threading.Event())._mail()
    netease.interfere = None
    run(bot, NOW + HOUR)
    assert all_is_well(bot)
