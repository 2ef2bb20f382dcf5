"""Letters out: each once, as fast as the provider allows, every refusal understood, every doubt told."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import ConfigError, LoginRefused, SmtpError
from bot.jobs.enqueuing import enqueue
from bot.jobs.outbox import PAUSED, send_due
from bot.jobs.parts import Bot
from bot.jobs.proving import prove
from bot.jobs.tick import Report as TickReport
from bot.jobs.tick import begin, watch_the_clock
from bot.letters.smtp import AnswerLost, Sender
from bot.model.deciding import LetterDraft
from bot.model.letters import GivenUp, RetryAt
from bot.record import outbox, people, runs
from tests.bots import FakeMailbox, FakeSender, at, attentions, build, built, config, events, letters, never
from tests.servers.scripted_smtp import CUT, ScriptedSmtp
from tests.servers.smtp_sink import SmtpSink

NOW = at("2017-07-06T09:00")
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TO = "li@demo.test"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with build(config(tmp_path)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    yield from built(request, tmp_path)


def queue(bot: Bot, *keys: str, now: datetime = NOW, to: str = TO) -> None:
    """Plain letters that are no reminders."""
    context = {"sentence": "一句话", "since": now, "detail": ""}
    with bot.record.begin() as conn:
        for key in keys:
            enqueue(bot, conn, LetterDraft(key=key, letter="alarm", to=to, context=context), now)


def send(bot: Bot, sender: FakeSender, now: datetime = NOW) -> int:
    return send_due(bot, sender.open, now, never)


def states(bot: Bot) -> dict[str, str]:
    return {row.key: row.state for row in letters(bot)}


def paused_until(bot: Bot) -> datetime | None:
    with bot.record.read() as conn:
        return runs.moment(conn, PAUSED)


def test_letters_leave_once_over_one_connection(any_bot: Bot) -> None:
    queue(any_bot, "a", "b", "c")
    sender = FakeSender()
    assert send(any_bot, sender) == 3
    assert (sender.opened, sender.closed) == (1, 1)
    assert [mime for _, mime, _ in sender.sent] == [row.mime for row in letters(any_bot)]
    assert states(any_bot) == {"a": "sent", "b": "sent", "c": "sent"}
    assert [row.sent_at for row in letters(any_bot)] == [NOW] * 3
    assert send(any_bot, sender, NOW + HOUR) == 0
    assert (len(sender.sent), sender.opened) == (3, 1)  # nobody is called when nothing is due


def test_each_mark_is_committed_before_the_next_letter_and_before_quit(bot: Bot) -> None:
    # given a second pair of eyes on the database
    queue(bot, "a", "b")
    seen: list[dict[str, str]] = []

    class Watching(FakeSender):
        def send(self, mime: bytes, to: str, attempts: int = 1) -> Any:
            seen.append(states(bot))
            return super().send(mime, to, attempts)

    sender = Watching()
    sender.before_closing = lambda: seen.append(states(bot))
    # when
    send(bot, sender)
    # then
    assert seen == [
        {"a": "sending", "b": "queued"},
        {"a": "sent", "b": "sending"},
        {"a": "sent", "b": "sent"},
    ]


# Rates


def test_no_more_than_so_many_a_minute(tmp_path: Path) -> None:
    with build(config(tmp_path, smtp={"per_minute": 3})) as bot:
        queue(bot, *"abcdefgh")
        moments = (0, 15, 30, 59, 60, 61, 120, 180)
        sent = {seconds: send(bot, FakeSender(), NOW + seconds * SECOND) for seconds in moments}
    assert sent == {0: 3, 15: 0, 30: 0, 59: 0, 60: 3, 61: 0, 120: 2, 180: 0}


def test_no_more_than_so_many_a_day_of_the_office(tmp_path: Path) -> None:
    # 16:00 UTC is midnight in the office
    with build(config(tmp_path, smtp={"per_day": 2})) as bot:
        queue(bot, *"abcde")
        moments = ("06T23:58", "06T23:59:59", "07T00:00:01", "07T12:00", "08T12:00")
        assert [send(bot, FakeSender(), at(f"2017-07-{moment}")) for moment in moments] == [2, 0, 2, 0, 1]


def test_a_letter_whose_fate_is_unknown_counts_as_sent(tmp_path: Path) -> None:
    with build(config(tmp_path, smtp={"per_minute": 2})) as bot:
        queue(bot, *"abc")
        sender = FakeSender(AnswerLost("no answer"))
        send(bot, sender)
        assert len(sender.sent) == 2


def test_stopping_lets_the_letter_in_hand_be_finished(bot: Bot) -> None:
    queue(bot, "a", "b")
    sender = FakeSender()
    send_due(bot, sender.open, NOW, lambda: bool(sender.sent))
    assert states(bot) == {"a": "sent", "b": "queued"}


# Refusals


def test_pauses_grow_from_a_minute_to_hours(bot: Bot) -> None:
    queue(bot, "a")
    pauses, now = [], NOW
    for _ in range(9):
        send(bot, FakeSender(RetryAt(1, "450 later")), now)
        due = letters(bot)[0].due_at
        pauses.append(int((due - now) / MINUTE))
        now = due
    assert pauses == [2, 4, 8, 16, 32, 64, 120, 120, 120]
    assert letters(bot)[0].attempts == 9


def test_the_servers_own_pause_counts_when_it_is_longer(bot: Bot) -> None:
    queue(bot, "a")
    send(bot, FakeSender(RetryAt(900, "450 in a quarter")))
    assert letters(bot)[0].due_at == NOW + 15 * MINUTE


def test_a_pause_of_one_letter_does_not_stop_the_others(bot: Bot) -> None:
    queue(bot, "a", "b")
    assert send(bot, FakeSender(RetryAt(60, "450 this mailbox is busy"))) == 1
    assert states(bot) == {"a": "queued", "b": "sent"}


def test_a_pause_of_the_account_stops_all(bot: Bot) -> None:
    queue(bot, "a", "b")
    sender = FakeSender(RetryAt(900, "451 MI:SFQ", whole_outbox=True))
    assert send(bot, sender) == 0
    assert len(sender.sent) == 1
    assert paused_until(bot) == NOW + 15 * MINUTE
    assert send(bot, sender, NOW + 14 * MINUTE) == 0
    assert len(sender.sent) == 1
    assert send(bot, sender, NOW + 15 * MINUTE) == 2


def test_a_used_up_day_waits_for_the_offices_tomorrow(bot: Bot) -> None:
    queue(bot, "a", "b")
    send(bot, FakeSender(RetryAt(43200, "451 MI:STC", whole_outbox=True, tomorrow=True)), at("2017-07-06T23:30"))
    assert paused_until(bot) == at("2017-07-07T00:10")
    assert send(bot, FakeSender(), at("2017-07-07T00:09")) == 0
    assert send(bot, FakeSender(), at("2017-07-07T00:10")) == 2


def test_a_pause_of_years_was_set_by_a_wrong_clock(bot: Bot) -> None:
    queue(bot, "a")
    send(bot, FakeSender(RetryAt(900, "451 MI:SFQ", whole_outbox=True)), NOW + timedelta(days=4000))
    queue(bot, "b")
    assert send(bot, FakeSender()) == 2


def test_after_three_days_of_trying_it_is_given_up_and_the_office_told(bot: Bot) -> None:
    queue(bot, "a")
    now, tries = NOW, 0
    while states(bot)["a"] == "queued":
        send(bot, FakeSender(RetryAt(60, "450 later")), now)
        now = max(letters(bot)[0].due_at, now + MINUTE)
        tries += 1
    assert states(bot) == {"a": "failed"}
    assert timedelta(days=3) < now - NOW < timedelta(days=3, hours=4)
    assert 35 < tries < 50
    assert attentions(bot) == [("letter_failed", TO)]


def test_days_without_a_server_are_no_tries(bot: Bot) -> None:
    queue(bot, "a")
    for day in range(5):
        with pytest.raises(SmtpError):
            send_due(bot, _no_server, NOW + timedelta(days=day), never)
    send(bot, FakeSender(RetryAt(60, "450 greylisted")), NOW + timedelta(days=5))
    assert states(bot) == {"a": "queued"}
    assert attentions(bot) == []
    assert letters(bot)[0].attempts == 1


def _no_server() -> Sender:
    raise SmtpError("cannot open a session")


def test_an_address_that_does_not_exist_is_marked_and_told(bot: Bot) -> None:
    queue(bot, "a")
    send(bot, FakeSender(GivenUp("550 User not found", dead_address=True)))
    assert states(bot) == {"a": "failed"}
    assert attentions(bot) == [("letter_failed", TO)]
    with bot.record.read() as conn:
        assert people.dead(conn) == {TO}


@pytest.mark.parametrize("said", ["550 recipient rejected: policy", "550 5.2.2 mailbox unavailable, over quota"])
def test_a_refusal_that_is_not_about_the_address_marks_nobody(bot: Bot, said: str) -> None:
    queue(bot, "a")
    send(bot, FakeSender(GivenUp(said, dead_address=True)))
    assert (states(bot), attentions(bot)) == ({"a": "failed"}, [("letter_failed", TO)])
    with bot.record.read() as conn:
        assert people.dead(conn) == set()


def test_a_spam_verdict_is_held_for_the_office_and_can_be_released(bot: Bot) -> None:
    queue(bot, "a")
    send(bot, FakeSender(GivenUp("554 DT:SPM", needs_office=True)))
    assert states(bot) == {"a": "held"}
    assert attentions(bot) == [("letter_failed", TO)]
    assert send(bot, FakeSender(), NOW + HOUR) == 0
    with bot.record.begin() as conn:
        outbox.release(conn, ["a"], NOW + HOUR)
    assert send(bot, FakeSender(), NOW + HOUR) == 1


def test_what_the_provider_says_of_the_account_is_told_once_a_day(bot: Bot) -> None:
    queue(bot, "a", "b", "c")
    sender = FakeSender()
    for moment in (NOW, NOW + HOUR, NOW + timedelta(days=1)):
        sender.alarms = ["554 HL:IHU the account's standing"]
        sender.answers = [RetryAt(60, "x")]
        send(bot, sender, moment)
    assert [kind for kind, _ in attentions(bot)] == ["account", "account"]


@pytest.mark.parametrize("error", [SmtpError("gone"), LoginRefused("535"), ConfigError("no password for smtp")])
def test_a_server_that_does_not_open_costs_nothing(bot: Bot, error: Exception) -> None:
    def no_connection() -> Sender:
        raise error

    queue(bot, "a")
    with pytest.raises(type(error)):
        send_due(bot, no_connection, NOW, never)
    assert states(bot) == {"a": "queued"}
    assert letters(bot)[0].attempts == 0
    begin(bot, NOW)
    assert attentions(bot) == []  # nothing is unproven


def test_a_login_refused_in_the_middle_puts_the_letter_back(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "code")
    queue(bot, "a", "b")
    sender = FakeSender()
    sender.answers = [RetryAt(60, "x"), LoginRefused("535 locked")]
    with pytest.raises(LoginRefused):
        send(bot, sender)
    assert {key: state for key, state in states(bot).items() if key in "ab"} == {"a": "queued", "b": "queued"}
    assert sender.closed == 1


# What nobody knows


def test_a_lost_answer_leaves_the_letter_open_then_sends_it_again_and_says_so(bot: Bot) -> None:
    # given
    queue(bot, "a", "b")
    sender = FakeSender(AnswerLost("no answer"))
    # when
    send(bot, sender)
    # then for ten minutes nothing
    assert states(bot) == {"a": "sending", "b": "sent"}
    prove(bot, FakeMailbox(), NOW + 9 * MINUTE)
    send(bot, sender, NOW + 9 * MINUTE)
    assert len(sender.sent) == 2
    # and then once more, said in an event and to the office
    prove(bot, FakeMailbox(), NOW + 11 * MINUTE)
    send(bot, sender, NOW + 11 * MINUTE)
    send(bot, sender, NOW + 30 * MINUTE)
    assert len(sender.sent) == 3
    assert sender.sent[0][1] == sender.sent[2][1]  # the same bytes: a receiver can tell that it is a copy
    assert states(bot) == {"a": "sent", "b": "sent"}
    assert events(bot, "letter.unproven") == ["letter.unproven"]
    assert attentions(bot) == [("letter_unproven", TO)]


def test_dying_between_250_and_the_mark_repeats_that_letter_alone_and_says_so(any_bot: Bot) -> None:
    # given
    queue(any_bot, "a", "b", "c")
    sender = FakeSender()
    sent = FakeSender.send

    def die_after(self: FakeSender, mime: bytes, to: str, attempts: int = 1) -> Any:
        answer = sent(self, mime, to, attempts)
        if len(self.sent) == 2:
            raise KeyboardInterrupt  # 250 was said; the process ends
        return answer

    class Dying(FakeSender):
        send = die_after

    dying = Dying()
    # when
    with pytest.raises(KeyboardInterrupt):
        send(any_bot, dying)
    assert states(any_bot) == {"a": "sent", "b": "sending", "c": "queued"}
    begin(any_bot, NOW + MINUTE)  # a new start
    later = NOW + 15 * MINUTE
    prove(any_bot, FakeMailbox(), later)
    send(any_bot, sender, later)
    # then
    keys = {row.mime: row.key for row in letters(any_bot)}
    assert [keys[mime] for _, mime, _ in dying.sent + sender.sent] in (["a", "b", "b", "c"], ["a", "b", "c", "b"])
    assert set(states(any_bot).values()) == {"sent"}
    assert events(any_bot, "letter.unproven") == ["letter.unproven"]
    assert attentions(any_bot) == [("letter_unproven", TO)]


# Held letters


def test_where_letters_are_held_nothing_leaves_but_what_a_person_released(tmp_path: Path) -> None:
    # given letters from before the office said "hold", and after
    with build(config(tmp_path)) as bot:
        queue(bot, "before")
    with build(config(tmp_path, smtp={"deliver": "hold"})) as bot:
        queue(bot, "one", "two", "three")
        assert states(bot) == {"before": "queued", "one": "held", "two": "held", "three": "held"}
        sender = FakeSender()
        assert send(bot, sender) == 0
        assert sender.opened == 0
        # when
        with bot.record.begin() as conn:
            outbox.release(conn, ["one"], NOW)
            outbox.drop(conn, ["two"], NOW)
        send(bot, sender)
        # then
        assert states(bot) == {"before": "queued", "one": "sent", "two": "cancelled", "three": "held"}
        assert len(sender.sent) == 1


# On the wire


def wired(folder: Path, port: int, **smtp: Any) -> Bot:
    return build(config(folder, smtp={"port": port, "timeout_seconds": 2, **smtp}))


def opener(bot: Bot) -> Callable[[], Sender]:
    def connect() -> Sender:
        return Sender(bot.config.smtp, "secret").__enter__()

    return connect


def test_a_real_server_gets_each_letter_as_it_stands_in_the_record(smtp_sink: SmtpSink, tmp_path: Path) -> None:
    with wired(tmp_path, smtp_sink.port) as bot:
        queue(bot, *(f"letter-{n}" for n in range(15)))  # more than one connection carries
        queue(bot, "dead", to="nobody@elsewhere.test")
        assert send_due(bot, opener(bot), NOW, never) == 15
        assert send_due(bot, opener(bot), NOW + HOUR, never) == 0
        assert [posted.data for posted in smtp_sink.sent] == [row.mime for row in letters(bot, "sent")]
        assert {posted.to for posted in smtp_sink.sent} == {TO}
        assert states(bot)["dead"] == "failed"
        assert attentions(bot) == [("letter_failed", "nobody@elsewhere.test")]


TOMORROW = -1
REFUSALS = [
    # verb, reply, state, pause of the whole outbox in minutes, what the office is told
    ("RCPT", "550 User not found: li@demo.test", "failed", None, ["letter_failed"]),
    ("RCPT", "550 RP:RCL", "queued", 15, []),
    ("RCPT", "450 Requested action not taken: mailbox unavailable", "queued", None, []),
    ("MAIL", "421 HL:REP", "queued", 15, []),
    ("MAIL", "451 MI:SFQ 163 smtp12", "queued", 15, []),
    ("MAIL", "550 MI:STC", "queued", TOMORROW, ["account"]),
    ("DOT", "554 DT:SPM 163 smtp5", "held", None, ["letter_failed"]),
    ("DOT", "552 Illegal Attachment", "held", None, ["letter_failed"]),
    ("DOT", "552 message size exceeds fixed maximum message size", "held", None, ["letter_failed"]),
    ("DOT", "554 rejected by policy", "failed", None, ["letter_failed"]),
    ("DOT", "451 temporary failure", "queued", None, []),
]


@pytest.mark.parametrize(("verb", "reply", "state", "pause", "told"), REFUSALS)
def test_what_the_provider_says_is_understood(
    tmp_path: Path, verb: str, reply: str, state: str, pause: int | None, told: list[str]
) -> None:
    with ScriptedSmtp(replies={verb: reply}) as server, wired(tmp_path, server.port) as bot:
        queue(bot, "a")
        send_due(bot, opener(bot), NOW, never)
        assert states(bot) == {"a": state}
        wanted = at("2017-07-07T00:10") if pause == TOMORROW else NOW + pause * MINUTE if pause else None
        assert paused_until(bot) == wanted
        assert [kind for kind, _ in attentions(bot)] == told
        assert reply.split(" ", 1)[1] in letters(bot)[0].answer


def test_a_temporary_spam_verdict_is_tried_thrice_then_held(tmp_path: Path) -> None:
    with (
        ScriptedSmtp(replies={"DOT": "451 DT:SPM please resend in two minutes"}) as server,
        wired(tmp_path, server.port) as bot,
    ):
        queue(bot, "a")
        for minutes in (0, 10, 20, 60):
            send_due(bot, opener(bot), NOW + minutes * MINUTE, never)
        assert states(bot) == {"a": "held"}
        assert len(server.letters) == 3


def test_a_connection_cut_before_the_answer_is_an_open_question(tmp_path: Path) -> None:
    with ScriptedSmtp(replies={"DOT": [CUT, "250 ok"]}) as server, wired(tmp_path, server.port) as bot:
        queue(bot, "a")
        send_due(bot, opener(bot), NOW, never)
        assert states(bot) == {"a": "sending"}
        prove(bot, FakeMailbox(), NOW + 11 * MINUTE)
        send_due(bot, opener(bot), NOW + 11 * MINUTE, never)
        assert states(bot) == {"a": "sent"}
        assert len(server.letters) == 2
        assert attentions(bot) == [("letter_unproven", TO)]


def test_a_connection_cut_before_the_letter_went_is_no_question(tmp_path: Path) -> None:
    with ScriptedSmtp(replies={"DATA": [CUT, CUT, "354 go on"]}) as server, wired(tmp_path, server.port) as bot:
        queue(bot, "a")
        send_due(bot, opener(bot), NOW, never)
        assert states(bot) == {"a": "queued"}
        send_due(bot, opener(bot), NOW + HOUR, never)
        assert states(bot) == {"a": "sent"}
        assert len(server.letters) == 1
        assert attentions(bot) == []


def test_an_empty_outbox_calls_nobody(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, wired(tmp_path, server.port) as bot:
        begin(bot, NOW)
        watch_the_clock(bot, NOW, never, TickReport())
        assert server.log == []


def test_a_pause_that_a_clock_ahead_has_set_holds_nothing_once_it_is_right(any_bot: Bot) -> None:
    """A server that is away leaves a pause of a minute; thirty hours ahead that would be thirty hours."""
    queue(any_bot, "a")
    with pytest.raises(SmtpError):
        send(any_bot, FakeSender(SmtpError("no route")), NOW + timedelta(hours=30))
    assert send(any_bot, FakeSender(), NOW) == 1
