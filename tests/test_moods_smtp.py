"""The moods of an SMTP server, each followed to its end: when a letter leaves again, or why not, and what is told.

Every reply text of NetEase's (docs/facts: the same number means several things) at every command where it may come.
"""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.jobs import tick
from bot.jobs.attending import bundle
from bot.jobs.enqueuing import enqueue, enqueue_for_staff
from bot.jobs.logins import login
from bot.jobs.outbox import send_due
from bot.jobs.parts import Bot
from bot.jobs.watch.watching import watch
from bot.letters.smtp import Sender
from bot.model.deciding import LetterDraft
from bot.record import people, schema
from tests.bots import at, attentions, build, build_hasty, config, flat, letters, never, read_mailbox, text_of
from tests.servers.scripted_smtp import CUT, ScriptedSmtp

NOW = at("2017-07-06T09:00")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LI, WANG, STAFF = "li@demo.test", "wang@demo.test", "staff@demo.test"
DOORS = ("GREETING", "AUTH")
STEPS = ("MAIL", "RCPT", "DATA", "DOT")
# The number says little: each place has another one.
NUMBERS = {"GREETING": 554, "AUTH": 550, "MAIL": 451, "RCPT": 450, "DATA": 554, "DOT": 550}


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One bot for all tests: building one takes longer than most of them."""
    with build_hasty(config(tmp_path_factory.mktemp("bot"), schedule={"attention_hours": 0})) as bot:
        yield bot


@pytest.fixture
def server() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp() as scripted:
        yield scripted


@pytest.fixture
def bot(common: Bot, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """Two letters wait, for Li and for Wang."""
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "code")
    with common.record.begin() as conn:
        for table in reversed(schema.metadata.sorted_tables):
            conn.execute(table.delete())
    smtp = common.config.smtp.model_copy(update={"port": server.port, "timeout_seconds": 0.3})
    made = replace(common, config=common.config.model_copy(update={"smtp": smtp}))
    tick.begin(made, NOW)
    for key, to in (("first", LI), ("second", WANG)):
        queue(made, key, to)
    return made


def queue(bot: Bot, key: str, to: str, now: datetime = NOW) -> None:
    context = {"sentence": "一句话", "since": now, "detail": ""}
    with bot.record.begin() as conn:
        enqueue(bot, conn, LetterDraft(key=key, letter="alarm", to=to, context=context), now)


def run(bot: Bot, now: datetime) -> None:
    """The parts of a tick that look after letters, as ``tick.watch_the_clock`` calls them; the mailbox is well."""
    read_mailbox(bot, now)
    watch(bot, now)
    bundle(bot, now)
    with suppress(BotError):
        send_due(bot, lambda: login(bot, "smtp", now, lambda s: Sender(bot.config.smtp, s).__enter__()), now, never)


def got(server: ScriptedSmtp, *addresses: str) -> list[str]:
    """To whom letters were taken, in order; of these addresses if any are named."""
    return [to for to, _ in server.taken if not addresses or to in addresses]


def state(bot: Bot, key: str) -> str:
    return str(next(row.state for row in letters(bot) if row.key == key))


def told(server: ScriptedSmtp, sentence: str) -> int:
    """How often the office was sent a sentence."""
    return sum(flat(data).count(sentence) for to, data in server.taken if to == STAFF)


def words(bot: Bot, kind: str) -> str:
    """A sentence as ``flat`` gives it."""
    return "".join(bot.rules.reasons.attention[kind].split())


def once(reply: str) -> list[str]:
    """Said to the first command of a kind; then all is as usual."""
    return [reply, ""]


# What concerns every letter: a pause, kept to the minute, and then each leaves once

QUARTER, AN_HOUR, SIX_HOURS = NOW + 15 * MINUTE, NOW + HOUR, NOW + 6 * HOUR
TOMORROW = at("2017-07-07T00:10")
TRAFFIC = [
    *((f"HL:{what} 163 smtp4,x", QUARTER, False) for what in ("REP", "ICC", "IFC", "MEP")),
    *((f"{what} 163 smtp12", QUARTER, False) for what in ("MI:SFQ", "RP:QRC", "RP:DRC", "RP:RCL")),
    ("Connection frequency limited", QUARTER, False),
    *((f"{what} 163 smtp1", TOMORROW, True) for what in ("MI:STC", "RP:TRC")),
    *((f"{what} 163 smtp9", SIX_HOURS, True) for what in ("HL:ITC", "MI:SPB", "HL:IHU")),
]
RIGHTS = [
    ("MI:IMF 163 smtp2", AN_HOUR, True),
    ("User has no permission", AN_HOUR, True),
    ("Mail from must equal authorized user", AN_HOUR, True),
    ("mail from address must be same as authorization user", AN_HOUR, True),
]
# Every text at one door and one step, by turns; the first of each kind everywhere.
WHOLE = ("HL:REP", "MI:SFQ", "MI:STC", "HL:ITC")
PAUSES = [
    (mood, place)
    for number, mood in enumerate(TRAFFIC)
    for place in (*DOORS, *STEPS)
    if mood[0].startswith(WHOLE) or place in (DOORS[number % 2], STEPS[number % 4])
] + list(itertools.product(RIGHTS, ("MAIL", "DOT")))


def numbered(text: str, place: str) -> str:
    number = 421 if text.startswith("HL:") and not text.startswith("HL:I") else NUMBERS[place]
    return f"{553 if text.startswith('Mail from') else number} {text}"


@pytest.mark.parametrize(("mood", "place"), PAUSES, ids=lambda value: value if isinstance(value, str) else value[0][:6])
def test_a_pause_is_kept_to_the_minute(
    bot: Bot, server: ScriptedSmtp, mood: tuple[str, datetime, bool], place: str
) -> None:
    text, until, account = mood
    server.replies[place] = once(numbered(text, place))
    # when it is said to the first letter, the second is not even offered
    run(bot, NOW)
    assert (server.taken, len(server.log)) == ([], 1)
    # then the server is left alone until the moment has come
    for moment in (NOW + timedelta(seconds=15), until - MINUTE):
        run(bot, moment)
    assert len(server.log) == 1
    assert [state(bot, key) for key in ("first", "second")] == ["queued", "queued"]
    # and each letter leaves, once, with what the office must know
    for later in (0, 60):
        run(bot, until + later * MINUTE)
    assert sorted(got(server, LI, WANG)) == [LI, WANG]
    assert told(server, words(bot, "account")) == account
    assert [kind for kind, _ in attentions(bot) if not kind.startswith("outbox")] == ["account"] * account
    if account:
        assert told(server, "".join(text.split())) == 1


@pytest.mark.parametrize("place", STEPS)
def test_too_many_on_this_connection_needs_another_one_and_no_pause(bot: Bot, server: ScriptedSmtp, place: str) -> None:
    server.replies[place] = once(f"{NUMBERS[place]} MI:DMC 163 smtp4")
    run(bot, NOW)
    assert (got(server), len(server.log)) == ([WANG], 2)
    run(bot, NOW + 2 * MINUTE)
    run(bot, NOW + HOUR)
    assert got(server) == [WANG, LI]
    assert attentions(bot) == []


@pytest.mark.parametrize("place", [*DOORS, *STEPS])
def test_a_quota_that_is_used_up_again_and_again_is_told_once_a_day(bot: Bot, server: ScriptedSmtp, place: str) -> None:
    server.replies[place] = f"{NUMBERS[place]} MI:STC"
    for day in range(3):
        for hour in range(0, 24, 8):
            run(bot, NOW + timedelta(days=day, hours=hour))
    assert [kind for kind, _ in attentions(bot)].count("account") == 4  # on the 6th and three days after
    assert len(server.log) == 4
    server.replies.clear()
    run(bot, NOW + timedelta(days=4))
    run(bot, NOW + timedelta(days=4, hours=1))
    assert sorted(got(server, LI, WANG)) == [LI, WANG]


@pytest.mark.parametrize("greeting", [CUT, "what?", "421 Service not available", "554 No SMTP service here"])
def test_a_server_that_is_away_is_not_called_with_each_tick(bot: Bot, server: ScriptedSmtp, greeting: str) -> None:
    server.replies["GREETING"] = greeting
    for tick_ in range(9):  # two minutes, four ticks each
        run(bot, NOW + tick_ * timedelta(seconds=15))
    assert 1 <= len(server.log) <= 3
    assert server.passwords == []
    server.replies.clear()
    run(bot, NOW + 2 * HOUR)
    run(bot, NOW + 3 * HOUR)
    assert sorted(got(server, LI, WANG)) == [LI, WANG]


@pytest.mark.parametrize("answer", ["454 4.7.0 Temporary authentication failure", "421 4.3.2 closing", CUT])
def test_a_login_that_fails_for_now_is_not_repeated_with_each_tick(bot: Bot, server: ScriptedSmtp, answer: str) -> None:
    server.replies["AUTH"] = answer
    for tick_ in range(9):
        run(bot, NOW + tick_ * timedelta(seconds=15))
    assert 1 <= len(server.passwords) <= 3
    assert [row.letter for row in letters(bot)] == ["alarm", "alarm"]  # the two that wait: no alarm was raised
    server.replies.clear()
    run(bot, NOW + HOUR)
    assert sorted(got(server)) == [LI, WANG]


# What is said of one letter

REFUSED = [
    # text, state, whether its address is dead
    ("User not found: li@demo.test", "failed", True),
    ("Invalid User: li@demo.test", "failed", True),
    ("User suspended: li@demo.test", "failed", True),
    ("DT:SPM 163 smtp5,x", "held", False),
    ("Illegal Attachment", "held", False),
    ("message size exceeds fixed maximum message size", "held", False),
    ("5.7.1 rejected by policy", "failed", False),
]


@pytest.mark.parametrize("place", ["RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(("text", "ends", "dead"), REFUSED, ids=lambda value: str(value)[:8])
def test_a_letter_that_is_refused_for_good_is_told_once_and_never_sent_again(
    bot: Bot, server: ScriptedSmtp, text: str, ends: str, dead: bool, place: str
) -> None:
    number = 552 if text.startswith(("Ill", "mess")) else 550 if place == "RCPT" else 554
    server.replies[place] = once(f"{number} {text}")
    for minutes in (0, 1, 9 * 24 * 60):
        run(bot, NOW + minutes * MINUTE)
    assert state(bot, "first") == ends
    assert got(server, LI, WANG) == [WANG]
    assert attentions(bot) == [("letter_failed", LI)]
    assert told(server, words(bot, "letter_failed")) == 1
    assert told(server, f"对方服务器答复：{number}{''.join(text.split())}") == 1
    with bot.record.read() as conn:
        assert people.dead(conn) == ({LI} if dead else set())


@pytest.mark.parametrize("text", ["User not found", "Invalid User", "User suspended"])
def test_before_a_recipient_was_named_the_user_is_our_own(bot: Bot, server: ScriptedSmtp, text: str) -> None:
    server.replies["MAIL"] = once(f"550 {text}")
    for minutes in (0, 59, 60, 120):
        run(bot, NOW + minutes * MINUTE)
    assert sorted(got(server, LI, WANG)) == [LI, WANG]
    assert told(server, words(bot, "account")) == 1
    with bot.record.read() as conn:
        assert people.dead(conn) == set()


@pytest.mark.parametrize("place", STEPS)
def test_a_passing_spam_verdict_is_tried_after_two_minutes_and_thrice_at_most(
    bot: Bot, server: ScriptedSmtp, place: str
) -> None:
    server.replies[place] = ["451 DT:SPM 163 smtp5", "", "451 DT:SPM 163 smtp5"]  # Li, Wang, Li ever after
    offers = {}
    for seconds in (0, 119, 120, 359, 360, 86400):
        run(bot, NOW + timedelta(seconds=seconds))
        offers[seconds] = sum(line.startswith("mail") for log in server.log for line in log)
        if state(bot, "first") == "held":
            server.replies.clear()
    assert offers[0] == offers[119]
    assert offers[0] < offers[120] == offers[359] < offers[360]
    assert state(bot, "first") == "held"
    assert got(server, LI, WANG) == [WANG]
    assert attentions(bot) == [("letter_failed", LI)]
    assert told(server, words(bot, "letter_failed")) == 1


def test_a_letter_that_waited_for_the_provider_still_has_its_three_tries(bot: Bot, server: ScriptedSmtp) -> None:
    # given letters that two pauses of the account have put off, and that are then taken for spam, twice
    server.replies["DOT"] = [*["451 MI:SFQ"] * 4, *["451 DT:SPM"] * 4, ""]
    for minutes in range(0, 120, 5):
        run(bot, NOW + minutes * MINUTE)
    assert [state(bot, key) for key in ("first", "second")] == ["sent", "sent"]
    assert attentions(bot) == []


NOT_NOW = ["450 Requested mail action not taken", "452 4.2.2 mailbox full", "what?", "299 hm"]


@pytest.mark.parametrize(("place", "reply"), [*itertools.product(("RCPT", "DATA"), NOT_NOW), ("DOT", NOT_NOW[0])])
def test_a_letter_that_is_not_wanted_now_lets_the_others_pass(
    bot: Bot, server: ScriptedSmtp, place: str, reply: str
) -> None:
    server.replies[place] = once(reply)
    run(bot, NOW)
    assert got(server) == [WANG]
    for minutes in (1, 2, 60):
        run(bot, NOW + minutes * MINUTE)
    assert got(server) == [WANG, LI]
    assert attentions(bot) == []


@pytest.mark.parametrize("reply", ["what?", "354 go on", CUT])
def test_an_answer_to_the_dot_that_says_nothing_is_an_open_question(bot: Bot, server: ScriptedSmtp, reply: str) -> None:
    server.replies["DOT"] = once(reply)
    for minutes in (0, 1, 15, 60):
        run(bot, NOW + minutes * MINUTE)
    assert state(bot, "first") == "sending"  # until somebody has looked for its copy
    assert len([data for data in server.letters if b"To: li@" in data or b"li@demo.test" in data]) == 1


def test_one_recipient_that_is_refused_does_not_keep_it_from_the_others(
    bot: Bot, server: ScriptedSmtp, common: Bot
) -> None:
    # given one notice for three people of the office, of whom one has left
    staff = ("gone@demo.test", STAFF, "boss@demo.test")
    office = bot.config.office.model_copy(update={"staff": staff})
    made = replace(bot, config=bot.config.model_copy(update={"office": office}))
    context = {"sentence": "一句话", "since": NOW, "detail": ""}
    with made.record.begin() as conn:
        enqueue_for_staff(made, conn, LetterDraft(key="notice", letter="alarm", to="", context=context), NOW)
    server.replies["RCPT"] = ["", "", "550 User not found: gone@demo.test", ""]
    # when
    for minutes in (0, 1, 60, 24 * 60):
        run(made, NOW + minutes * MINUTE)
    # then
    notices = {row.to: row.state for row in letters(made) if row.key.startswith("notice")}
    assert notices == {"gone@demo.test": "failed", STAFF: "sent", "boss@demo.test": "sent"}
    assert attentions(made) == [("letter_failed", "gone@demo.test")]
    for person in (STAFF, "boss@demo.test"):
        assert sum(words(made, "letter_failed") in flat(data) for to, data in server.taken if to == person) == 1
    assert len(server.taken) == len({(to, text_of(data)) for to, data in server.taken})


# The login

LOCKED = "451 Error: too much fail authentication"
AT_THE_DOOR = ["535 Error: authentication failed", LOCKED, "550 User has no permission", "550 User suspended"]
REFUSALS = [
    *(("AUTH", reply) for reply in AT_THE_DOOR),
    *itertools.product(STEPS, ("535 Error: authentication failed", "530 Authentication required", LOCKED)),
]


@pytest.mark.parametrize(("place", "reply"), REFUSALS)
def test_a_refused_login_is_alarmed_once_and_rests_for_half_a_day(
    bot: Bot, server: ScriptedSmtp, place: str, reply: str
) -> None:
    server.replies[place] = reply
    for seconds in (0, 15, 12 * 3600 - 1):
        run(bot, NOW + timedelta(seconds=seconds))
    assert len(server.passwords) == 1
    assert (server.taken, attentions(bot)) == ([], [])
    waiting = {row.key: (row.state, row.attempts) for row in letters(bot)}
    assert waiting.pop("first") == waiting.pop("second") == ("queued", 0)
    assert list(waiting.values()) == [("queued", 0)]  # the alarm for the staff: it leaves as soon as anything can
    # when the lock is over
    server.replies.clear()
    for hours in (12, 13, 14):
        run(bot, NOW + hours * HOUR)
    assert sorted(got(server, LI, WANG)) == [LI, WANG]
    assert told(server, words(bot, "login_refused")) == 1
    assert told(server, words(bot, "login_over")) == 1


def test_a_new_password_ends_the_rest_at_once(bot: Bot, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch) -> None:
    server.replies["MAIL"] = once("535 Error: authentication failed")
    run(bot, NOW)
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "new code")
    run(bot, NOW + MINUTE)
    assert sorted(got(server, LI, WANG)) == [LI, WANG]
    assert server.passwords == ["code", "new code"]


def test_a_second_connection_that_is_not_let_in_rests_too(
    bot: Bot, server: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more letters than one connection carries, and a password that ends meanwhile
    monkeypatch.setattr("bot.letters.smtp.letters_per_connection", lambda _: 10)
    for number in range(12):
        queue(bot, f"more {number}", LI)
    server.replies["AUTH"] = ["235 ok", "535 Error: authentication failed"]
    for seconds in (0, 15, 3600):
        run(bot, NOW + timedelta(seconds=seconds))
    assert (len(server.taken), len(server.passwords)) == (10, 2)
    server.replies.clear()
    run(bot, NOW + 13 * HOUR)
    run(bot, NOW + 14 * HOUR)
    assert len(got(server, LI, WANG)) == 14
    assert told(server, words(bot, "login_refused")) == 1


def test_with_every_part_of_a_tick_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One mood through ``tick.watch_the_clock`` itself, with the digest, the reminders and the board."""
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "code")
    with (
        ScriptedSmtp(replies={"GREETING": ["421 HL:ICC", ""]}) as server,
        build(config(tmp_path, smtp={"port": server.port})) as bot,
    ):
        tick.begin(bot, NOW)
        read_mailbox(bot, NOW)
        queue(bot, "first", LI)
        for minutes in (0, 1, 14, 15, 16):
            report = tick.Report()
            tick.watch_the_clock(bot, NOW + minutes * MINUTE, never, report)
            assert (report.failed, len(server.log)) == (0, 1 if minutes < 15 else 2)
        assert got(server, LI) == [LI]
