"""The bot's own troubles: a blip is not told, what lasts is told once, its end once; and a probe proves the way."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config import load_config
from bot.deciding.watching import FADED, SETTLED, UNWATCHED, Seen, Trouble, follow, lasts
from bot.jobs import enqueuing, tick
from bot.jobs.intake import work
from bot.jobs.outbox import PAUSED, send_due
from bot.jobs.parts import Bot
from bot.jobs.polling import poll
from bot.jobs.watch import heartbeat
from bot.jobs.watch.heartbeat import beat
from bot.jobs.watch.probing import last_back, probe
from bot.jobs.watch.watching import free_bytes, watch
from bot.model.deciding import LetterDraft
from bot.record import runs, schema, troubles
from tests.bots import (
    FakeMailbox,
    FakeSender,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    events,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    rows,
)
from tests.mails import mail
from tests.servers.dovecot import DovecotOffice
from tests.servers.netease import NetEase

NOW = at("2017-07-06T09:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PATIENCE = 10 * MINUTE
WATCH = {"probe_hours": 24, "probe_back_hours": 3, "outbox_minutes": 60, "disk_free_megabytes": 200}


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path, watch=WATCH):
        first_run(made, NOW)
        read_mailbox(made, NOW)
        yield made


def plenty(folder: Path) -> int:
    return 10**12


def over_time(bot: Bot, minutes: range, free: Callable[[Path], int] = plenty, *, polls: bool = True) -> list[str]:
    """Looks at every minute; what was new to the office, by its kinds."""
    before = len(attentions(bot))
    for minute in minutes:
        if polls:
            read_mailbox(bot, NOW + minute * MINUTE)
        watch(bot, NOW + minute * MINUTE, free)
    return [kind for kind, _ in attentions(bot)[before:]]


def enqueue(bot: Bot, key: str, when: datetime = NOW) -> None:
    context = {"sentence": "一句话", "since": when, "detail": ""}
    with bot.record.begin() as conn:
        enqueuing.enqueue(bot, conn, LetterDraft(key, "alarm", "li@wutu.test", context), when)


# The rule


def followed(*looks: tuple[float, bool]) -> list[str]:
    """The steps of a condition that is looked at after so many minutes, and holds or not."""
    trouble: Trouble | None = None
    steps: list[str] = []
    for minute, holds in looks:
        trouble, step = follow(trouble, Seen() if holds else None, NOW + minute * MINUTE, PATIENCE)
        steps.append(step)
    return steps


@pytest.mark.parametrize(
    ("looks", "steps"),
    [
        ([(0, True), (5, True), (9, False)], ["", "", ""]),  # a blip
        ([(0, True), (9, True), (9.5, False), (10, True)], ["", "", "", ""]),  # two blips are no lasting
        ([(0, True), (10, True), (11, True), (500, True)], ["", "lasts", "", ""]),
        ([(0, True), (10, True), (20, False), (29, False), (30, False), (40, False)],
         ["", "lasts", "", "", "over", ""]),
        ([(0, True), (10, True), (20, False), (29, True), (31, False), (40, False)], ["", "lasts", "", "", "", ""]),
        ([(0, True), (121, True), (130, True), (131, True)], ["", "", "", "lasts"]),  # nobody looked in between
        ([(0, True), (60, True)], ["", "lasts"]),  # cron, once an hour
        ([(100, True), (0, True), (9, True), (10, True)], ["", "", "", "lasts"]),  # the clock was put back
        ([(0, True), (10, True), (600, False), (20, False), (29, False), (30, False)],
         ["", "lasts", "", "", "", "over"]),
        ([(0, False), (10, False)], ["", ""]),
    ],
)  # fmt: skip
def test_what_lasts_is_told_once_and_its_end(looks: list[tuple[float, bool]], steps: list[str]) -> None:
    assert (SETTLED, UNWATCHED) == (10 * MINUTE, 2 * HOUR)
    assert followed(*looks) == steps


def test_without_patience_it_is_told_at_once() -> None:
    assert follow(None, Seen("x"), NOW, timedelta(0)) == (Trouble(NOW, NOW, "x", NOW), "lasts")


def test_what_nobody_has_seen_for_days_is_not_known_to_last() -> None:
    trouble = Trouble(NOW, NOW, "", NOW)
    assert lasts(trouble, NOW + FADED)
    assert not lasts(trouble, NOW + FADED + MINUTE)
    assert not lasts(Trouble(NOW, NOW), NOW)


# The conditions


def test_a_mailbox_that_cannot_be_read_for_an_hour(bot: Bot) -> None:
    # nothing for an hour, and a while longer for a poll that is under way
    assert over_time(bot, range(1, 71), polls=False) == []
    assert over_time(bot, range(71, 300), polls=False) == ["poll_lasts"]
    assert attentions(bot) == [("poll_lasts", "2017-07-06 09:00")]  # the last time it could be read
    # its end, once it has held
    assert over_time(bot, range(300, 310)) == []
    assert over_time(bot, range(310, 400)) == ["poll_over"]
    assert attentions(bot)[1] == ("poll_over", "2017-07-06 10:01")
    assert events(bot, "trouble") == ["trouble.lasts", "trouble.over"]


def test_a_machine_that_was_off_is_no_trouble(bot: Bot) -> None:
    # the first tick comes before the first poll
    assert watch(bot, NOW + 3 * DAY, plenty) == 0
    assert over_time(bot, range(4321, 4400)) == []
    assert attentions(bot) == []


def test_a_mailbox_that_was_never_read_is_measured_from_the_first_run(tmp_path: Path) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, NOW)
        assert over_time(bot, range(120), polls=False) == ["poll_lasts"]


def test_it_goes_on_where_a_process_that_died_has_left_off(tmp_path: Path) -> None:
    told = []
    for start in range(0, 200, 20):  # started anew every twenty minutes
        with build(config(tmp_path)) as bot:
            if start == 0:
                first_run(bot, NOW)
                read_mailbox(bot, NOW)
            told += over_time(bot, range(start, start + 20), polls=False)
    assert told == ["poll_lasts"]


def test_a_clock_that_jumps_makes_no_trouble(bot: Bot) -> None:
    for hours in (0, 48, -24, 0, 24 * 365, 0):
        moment = NOW + hours * HOUR
        assert watch(bot, moment, plenty) == 0  # before the poll, as after a jump
        read_mailbox(bot, moment)
        assert watch(bot, moment + MINUTE, plenty) == 0
    assert attentions(bot) == []


def test_a_refused_login_is_alarmed_elsewhere_and_only_its_end_is_told(
    netease: NetEase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = {"port": netease.port, "username": netease.username}
    monkeypatch.setenv("BOT_MAILBOX_PASSWORD", "old")
    monkeypatch.setenv("BOT_SMTP_PASSWORD", "x")
    with build(config(tmp_path, mailbox=mailbox, smtp={"deliver": "hold"})) as bot:
        first_run(bot, NOW)
        read_mailbox(bot, NOW)
        for minute in range(0, 200, 10):
            tick.run_once(bot, NOW + minute * MINUTE, never)
        assert [row.letter for row in letters(bot) if row.letter in ("alarm", "attention")] == ["alarm"]
        assert attentions(bot) == []  # not as a mailbox that cannot be read, either
        with bot.record.read() as conn:
            assert lasts(troubles.known(conn)["login_mailbox"], NOW + 200 * MINUTE)
        # when the new password is there
        monkeypatch.setenv("BOT_MAILBOX_PASSWORD", netease.password)
        for minute in range(200, 240, 10):
            tick.run_once(bot, NOW + minute * MINUTE, never)
        assert attentions(bot) == [("login_over", "2017-07-06 09:00")]


def test_letters_that_cannot_leave(bot: Bot) -> None:
    enqueue(bot, "one")
    enqueue(bot, "two")
    assert over_time(bot, range(70)) == []
    assert over_time(bot, range(70, 200)) == ["outbox_lasts"]
    assert attentions(bot) == [("outbox_lasts", "2")]
    # when the server takes them again
    assert send_due(bot, FakeSender().open, NOW + 200 * MINUTE, never) == 2
    assert over_time(bot, range(200, 250)) == ["outbox_over"]


def test_a_queue_that_moves_is_no_trouble(bot: Bot) -> None:
    for minute in range(0, 200, 5):
        enqueue(bot, f"letter {minute}", NOW + minute * MINUTE)
        over_time(bot, range(minute, minute + 5))
        send_due(bot, FakeSender().open, NOW + (minute + 5) * MINUTE, never)
    assert attentions(bot) == []


def test_a_pause_that_the_provider_has_explained_is_not_told_twice(bot: Bot) -> None:
    enqueue(bot, "one")
    with bot.record.begin() as conn:
        runs.put(conn, PAUSED, (NOW + 14 * HOUR).isoformat())
        runs.claim_run(conn, "account", "2017-07-06", NOW)
    assert over_time(bot, range(200)) == []
    with bot.record.read() as conn:
        assert lasts(troubles.known(conn)["outbox"], NOW + 200 * MINUTE)
    with bot.record.begin() as conn:
        runs.put(conn, PAUSED, NOW.isoformat())
    send_due(bot, FakeSender().open, NOW + 200 * MINUTE, never)
    assert over_time(bot, range(200, 230)) == ["outbox_over"]


def test_letters_that_are_held_wait_for_a_person_and_are_no_trouble(tmp_path: Path) -> None:
    with build(config(tmp_path, smtp={"deliver": "hold"}, watch=WATCH)) as bot:
        first_run(bot, NOW)
        enqueue(bot, "one")
        assert over_time(bot, range(200)) == []


def test_a_disk_that_is_nearly_full(bot: Bot) -> None:
    room = {"left": 199_000_000}
    asked: set[Path] = set()

    def free(folder: Path) -> int:
        asked.add(folder)
        return room["left"]

    assert over_time(bot, range(5), free) == []
    assert over_time(bot, range(5, 30), plenty) == []  # a blip
    assert over_time(bot, range(30, 100), free) == ["disk_lasts"]
    ((_, detail),) = attentions(bot)
    assert "199 MB" in detail
    assert bot.config.paths.data in asked
    room["left"] = 200_000_000
    assert over_time(bot, range(100, 120), free) == ["disk_over"]


def test_a_disk_that_cannot_be_measured_is_no_trouble(bot: Bot) -> None:
    def broken(folder: Path) -> int:
        raise PermissionError(folder)

    assert over_time(bot, range(0, 60, 5), broken) == []


def test_room_is_measured_where_the_folder_will_lie(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0


def test_the_office_reads_of_the_trouble_and_of_its_end(bot: Bot) -> None:
    for minute in range(0, 500, 5):
        tick.watch_the_clock(bot, NOW + minute * MINUTE, never, tick.Report())
        if minute > 250:
            read_mailbox(bot, NOW + minute * MINUTE)
    texts = [flat(row.mime) for row in letters(bot) if row.letter == "attention"]
    began = [n for n, text in enumerate(texts) if "信箱长时间未能读取" in text]
    ended = [n for n, text in enumerate(texts) if "信箱已恢复读取" in text]
    assert (len(began), len(ended), began < ended) == (1, 1, True)


def test_several_workers_tell_it_once(postgres_url: str, tmp_path: Path) -> None:
    with build(config(tmp_path, database={"url": postgres_url})) as bot:
        first_run(bot, NOW)
        watch(bot, NOW + 2 * HOUR, plenty)
        gate = threading.Barrier(4)
        told: list[int] = []

        def work_one() -> None:
            gate.wait()
            told.append(watch(bot, NOW + 3 * HOUR, plenty))

        threads = [threading.Thread(target=work_one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [0, 0, 0, 1]
        assert attentions(bot) == [("poll_lasts", "2017-07-06 09:00")]


def test_when_all_is_well_nothing_is_written(bot: Bot) -> None:
    before = {table.name: rows(bot, table) for table in schema.metadata.sorted_tables}
    for minute in range(50):
        watch(bot, NOW + minute * MINUTE, plenty)
    assert {table.name: rows(bot, table) for table in schema.metadata.sorted_tables} == before


# The probe


def came_home(bot: Bot, mime: bytes, when: datetime) -> None:
    """The letter lies in the mailbox, and is worked off."""
    box = FakeMailbox(INBOX={1: mime})
    box.received_at, box.uidvalidity = when, int(when.timestamp())
    poll(bot, box, when, never)
    work(bot, when, never)


def test_a_probe_goes_out_comes_back_and_is_not_answered(bot: Bot) -> None:
    # given
    assert probe(bot, NOW)
    sender = FakeSender()
    assert send_due(bot, sender.open, NOW, never) == 1
    ((to, mime, _),) = sender.sent
    assert to == bot.config.own_address
    assert (header(mime, "X-Bot-Token"), header(mime, "Auto-Submitted")) == (letters(bot)[0].token, "auto-generated")
    # when it is there again
    came_home(bot, mime, NOW + MINUTE)
    # then
    assert [(row.outcome, row.why) for row in rows(bot, schema.mail)] == [("ignored", "own")]
    assert events(bot, "probe") == ["probe.returned"]
    assert len(letters(bot)) == 1
    assert over_time(bot, range(0, 600, 5)) == []
    with bot.record.read() as conn:
        assert last_back(conn) == {"letter_id": letters(bot)[0].id, "at": (NOW + MINUTE).isoformat()}


def test_one_probe_a_day_and_none_while_one_waits(bot: Bot) -> None:
    sent = []
    for hour in range(24 * 5):
        if probe(bot, NOW + hour * HOUR):
            sent.append(hour)
        if hour < 30 or hour > 80:
            send_due(bot, FakeSender().open, NOW + hour * HOUR, never)
    # a day begins at 08:00 in the office; the probe of hour 47 waits until hour 81, and that of 71 joins it after that
    assert sent == [0, 23, 47, 82, 95, 119]


def test_a_clock_that_is_put_back_sends_no_second_probe(bot: Bot) -> None:
    assert [probe(bot, NOW + h * HOUR) for h in (0, 2, -0.5, 5)] == [True, False, False, False]


def test_a_probe_that_does_not_come_back(bot: Bot) -> None:
    probe(bot, NOW)
    sender = FakeSender()
    send_due(bot, sender.open, NOW, never)
    assert over_time(bot, range(0, 180, 5)) == []
    assert over_time(bot, range(180, 600, 5)) == ["probe_lasts"]
    assert attentions(bot) == [("probe_lasts", "2017-07-06 09:00")]
    # the next one does
    later = NOW + DAY
    assert probe(bot, later)
    send_due(bot, sender.open, later, never)
    came_home(bot, sender.sent[-1][1], later + MINUTE)
    assert over_time(bot, range(1445, 1500, 5)) == ["probe_over"]


def test_a_probe_is_not_missed_while_the_mailbox_cannot_be_read(bot: Bot) -> None:
    probe(bot, NOW)
    send_due(bot, FakeSender().open, NOW, never)
    assert over_time(bot, range(0, 600, 5), polls=False) == ["poll_lasts"]


def test_what_looks_like_a_probe_is_none(bot: Bot) -> None:
    enqueue(bot, "alarm")
    probe(bot, NOW)
    alarm, own = (row.token for row in letters(bot))
    for sender, token in (
        ("bot@demo.test", "AAAAAAAA"),  # no letter of ours
        ("bot@demo.test", alarm),  # another letter of ours
        ("li@wutu.test", own),  # somebody answers it
    ):
        archived(bot, mail(sender, f"〔编号 {token}〕"), NOW)
    work(bot, NOW, never)
    assert events(bot, "probe") == []


@pytest.mark.parametrize("change", [{"smtp": {"deliver": "hold"}, "watch": WATCH}, {"watch": {"probe_hours": 0}}, {}])
def test_no_probe_where_letters_are_held_or_none_is_wanted(tmp_path: Path, change: dict[str, Any]) -> None:
    with build(config(tmp_path, **change)) as bot:
        first_run(bot, NOW)
        assert not probe(bot, NOW)
        assert letters(bot) == []


def test_several_workers_send_one_probe(postgres_url: str, tmp_path: Path) -> None:
    with build(config(tmp_path, database={"url": postgres_url}, watch=WATCH)) as bot:
        first_run(bot, NOW)
        gate = threading.Barrier(4)
        sent: list[bool] = []

        def work_one() -> None:
            gate.wait()
            sent.append(probe(bot, NOW))

        threads = [threading.Thread(target=work_one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(sent) == [False, False, False, True]
        assert len(letters(bot)) == 1


def test_a_probe_over_real_servers(tmp_path: Path, dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("MAILBOX", "SMTP"):
        monkeypatch.setenv(f"BOT_{part}_PASSWORD", dovecot.password)
    mailbox = {"port": dovecot.imap_port, "username": dovecot.username}
    smtp = {"port": dovecot.smtp_port, "username": dovecot.username, "from": f"办公室 <{dovecot.username}>"}
    with build(config(tmp_path, mailbox=mailbox, smtp=smtp, watch=WATCH)) as bot:
        for minute in (0, 1):
            report = tick.run_once(bot, NOW + minute * MINUTE, never)
            assert report.broken == []
        assert events(bot, "probe") == ["probe.returned"]
    state = json.loads((tmp_path / "data" / "heartbeat.json").read_text(encoding="utf-8"))
    assert (state["ok"], state["last_probe_back"]) == (True, "2017-07-06T09:01:00+08:00")


# The heartbeat


def test_a_heartbeat_says_how_the_bot_is(bot: Bot) -> None:
    read_mailbox(bot, NOW)
    enqueue(bot, "one")
    send_due(bot, FakeSender().open, NOW + MINUTE, never)
    enqueue(bot, "two")
    archived(bot, mail("li@wutu.test"), NOW)
    beat(bot, NOW + 2 * MINUTE)
    path = bot.config.paths.data / "heartbeat.json"
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "at": "2017-07-06T09:02:00+08:00",
        "ok": True,
        "last_poll": "2017-07-06T09:00:00+08:00",
        "last_sent": "2017-07-06T09:01:00+08:00",
        "last_probe_back": None,
        "mails": {"new": 1},
        "letters": {"queued": 1, "sent": 1},
        "untold": 0,
        "troubles": [],
    }
    # and of a trouble
    over_time(bot, range(3, 90), polls=False)
    beat(bot, NOW + 90 * MINUTE)
    state = json.loads(path.read_text(encoding="utf-8"))
    assert state["ok"] is False
    assert [(t["what"], t["since"]) for t in state["troubles"]] == [
        ("poll", "2017-07-06T10:01:00+08:00"),
        ("outbox", "2017-07-06T09:10:00+08:00"),
    ]
    assert [p.name for p in path.parent.iterdir() if "heartbeat" in p.name] == ["heartbeat.json"]


def test_a_heartbeat_of_a_record_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, NOW)
        with bot.record.begin() as conn:
            conn.exec_driver_sql("DROP TABLE meta")
        beat(bot, NOW)
    state = json.loads((tmp_path / "data" / "heartbeat.json").read_text(encoding="utf-8"))
    assert state["ok"] is False
    assert "meta" in state["broken"]


def test_a_heartbeat_that_cannot_be_written_is_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = config(tmp_path, paths={"data": "/proc/nowhere"})
    with build(made) as bot, caplog.at_level(logging.WARNING):
        first_run(bot, NOW)
        for minute in range(3):
            report = tick.Report()
            tick.watch_the_clock(bot, NOW + minute * MINUTE, never, report)
            assert report.failed == 0
    assert [r.levelname for r in caplog.records if "no heartbeat" in r.getMessage()] == ["WARNING"]


def test_a_heartbeat_is_whole_or_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with build(config(tmp_path)) as bot:
        first_run(bot, NOW)
        beat(bot, NOW)
        path = bot.config.paths.data / heartbeat.NAME
        before = path.read_bytes()

        def torn(self: Path, text: str, encoding: str) -> int:
            self.write_bytes(text.encode(encoding)[:10])
            raise OSError("no room")

        with monkeypatch.context() as broken:
            broken.setattr(Path, "write_text", torn)
            beat(bot, NOW + HOUR)
        assert path.read_bytes() == before
        beat(bot, NOW + HOUR)
        assert path.read_bytes() != before
    assert load_config(tmp_path / "config.toml").paths.data == path.parent
