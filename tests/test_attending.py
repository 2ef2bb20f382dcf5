"""What needs a person is told to each of the staff, bundled, once, and not too often."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.deciding.bundling import portioned
from bot.jobs.attending import bundle, watch_calendar
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.model.deciding import Attention
from bot.reading.guard import Reader
from bot.record import attention, questions, schema
from tests.bots import archived, at, attentions, build, built, config, first_run, flat, letters, never, text_of
from tests.mails import report

NOW = at("2017-07-06T09:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    office = {"staff": ["one@demo.test", "Two@demo.test"]}
    with build(config(tmp_path, office=office)) as made:
        first_run(made, NOW)
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, NOW)
        yield made


def needed(bot: Bot, *items: Attention, mail_id: int | None = None) -> None:
    with bot.record.begin() as conn:
        attention.open_items(conn, items, NOW, mail_id)


def test_everything_stands_in_one_letter_to_each(bot: Bot) -> None:
    # given
    waiting = Attention("unknown_sender", "附件4.xlsx", "乔官镇", "annex4", "2017-06")
    needed(bot, Attention("bounced", "li@wutu.test", "五图街道"), waiting)
    # when
    assert bundle(bot, NOW) == 2
    # then
    assert [row.to for row in letters(bot)] == ["one@demo.test", "Two@demo.test"]
    text = text_of(letters(bot)[0].mime)
    assert "报表：附件4" in text
    for word in ("2件事项", "五图街道", "li@wutu.test", "退回", "乔官镇", "附件4.xlsx", "2017年6月", "未登记"):
        assert word in text


def test_a_mail_is_named_by_sender_subject_and_arrival(bot: Bot) -> None:
    mail_id = archived(bot, b"mail", at("2017-07-05T16:00"))
    with bot.record.begin() as conn:
        conn.execute(schema.mail.update().values(shown_from="张三 <z@x.test>", subject="=1+1\r\nBcc: all@x.test"))
    needed(bot, Attention("set_aside"), mail_id=mail_id)
    bundle(bot, NOW)
    text = text_of(letters(bot)[0].mime)
    assert "张三 <z@x.test>" in text
    assert "=1+1 Bcc: all@x.test" in text
    assert "7月5日" in text


def test_it_is_told_not_more_often_than_the_setting_says(bot: Bot) -> None:
    told = {}
    for minutes in range(0, 300, 15):
        needed(bot, Attention("capped", str(minutes)))
        told[minutes] = bundle(bot, NOW + timedelta(minutes=minutes))
    assert {minutes: n for minutes, n in told.items() if n} == {0: 1, 120: 8, 240: 8}


def test_a_quiet_time_writes_nothing(bot: Bot) -> None:
    assert [bundle(bot, NOW + n * HOUR) for n in range(5)] == [0] * 5
    assert letters(bot) == []


def test_what_was_told_is_not_told_again(any_bot: Bot) -> None:
    needed(any_bot, Attention("capped", "a@x.test"))
    assert [bundle(any_bot, NOW + n * 3 * HOUR) for n in range(4)] == [1, 0, 0, 0]
    assert len(letters(any_bot)) == 1


def test_without_staff_it_stays_untold_until_there_is_somebody(tmp_path: Path) -> None:
    with build(config(tmp_path, office={"staff": []})) as bot:
        needed(bot, Attention("capped", "a@x.test"))
        assert bundle(bot, NOW) == 0
    with build(config(tmp_path)) as bot:
        assert bundle(bot, NOW + HOUR) == 1


def test_every_kind_of_the_rules_can_be_told(bot: Bot) -> None:
    kinds = [*bot.rules.reasons.waiting, *bot.rules.reasons.attention]
    needed(bot, *(Attention(kind) for kind in kinds))
    assert bundle(bot, NOW) == len(kinds)
    text = flat(letters(bot)[0].mime)
    for sentence in (*bot.rules.reasons.waiting.values(), *bot.rules.reasons.attention.values()):
        assert "".join(sentence.split()) in text


def test_when_the_letter_cannot_be_made_nothing_counts_as_told(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    needed(bot, Attention("capped", "a@x.test"))
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr("bot.record.outbox.enqueue", lambda *_, **__: 1 // 0)
        bundle(bot, NOW)
    assert bundle(bot, NOW) == 1


def test_a_year_whose_working_days_are_a_guess_is_told_once_and_in_time(bot: Bot) -> None:
    # chinesecalendar knows the years up to 2026; of 2099 nobody knows
    campaign = bot.config.campaign.model_copy(update={"last_period": "2099-12"})
    bot = replace(bot, config=bot.config.model_copy(update={"campaign": campaign}))
    for day in ("2098-10-01", "2098-11-05", "2098-11-06", "2099-01-02", "2099-06-01"):
        watch_calendar(bot, at(f"{day}T09:00"))
    assert attentions(bot) == [("calendar_unknown", "2098"), ("calendar_unknown", "2099")]
    for day in ("2017-07-06", "2017-12-01"):
        watch_calendar(bot, at(f"{day}T09:00"))
    assert len(attentions(bot)) == 2


# A flood of them


def bounded(tmp_path: Path, items: int = 3) -> Iterator[Bot]:
    with build(config(tmp_path, limits={"attention_items": items})) as made:
        first_run(made, NOW)
        yield made


def numbers_in(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"(?m)^ *(\d+)\. ?\S", text)]


def test_a_letter_has_so_many_in_full_more_in_a_line_and_the_rest_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portioned, "__defaults__", (5,))
    for bot in bounded(tmp_path):
        needed(bot, *(Attention("unknown_sender", f"附件{n}.xlsx", "乔官镇", "annex4", "2017-06") for n in range(20)))
        # when the hours between two letters go by
        told = [bundle(bot, NOW + n * HOUR) for n in range(8)]
        # then each stood in one of them, the oldest first, and the subject says how many
        assert told == [8, 0, 8, 0, 4, 0, 0, 0]
        texts = [text_of(row.mime) for row in letters(bot)]
        assert [numbers_in(text) for text in texts] == [[*range(1, 9)], [*range(9, 17)], [*range(17, 21)]]
        assert [re.findall(r"另有(\d+)件", text) for text in texts] == [["12"], ["4"], []]
        assert ["8件" in row.subject for row in letters(bot)] == [True, True, False]
        assert texts[0].count("月份：") == 3


def test_a_flood_of_one_kind_keeps_nothing_else_back(tmp_path: Path) -> None:
    for bot in bounded(tmp_path):
        needed(bot, *(Attention("unknown_sender", f"附件{n}.xlsx") for n in range(500)))
        needed(bot, Attention("bounced", "li@wutu.test", "五图街道"), Attention("calendar_unknown", "2098"))
        assert bundle(bot, NOW) == 3 + 300
        text = text_of(letters(bot)[0].mime)
        assert text.count("单位：五图街道") == 1
        assert set(numbers_in(text)) == {*range(1, 302), 501, 502}
        assert bundle(bot, NOW + 2 * HOUR) == 199
        assert bundle(bot, NOW + 4 * HOUR) == 0


def test_hundreds_of_reports_from_strangers_make_letters_of_a_bearable_size(tmp_path: Path) -> None:
    # given reports that wait, each with its workbook, and with as long a subject as one can write
    with Reader() as reader, build(config(tmp_path, limits={"attention_items": 3})) as made:
        bot = replace(made, reader=reader)
        first_run(bot, at("2017-06-20T09:00"))
        for number in range(6):
            subject = f"报送{number}" + "很长的主题" * 150
            archived(bot, report(f"x{number}@mail.test", extra=number, subject=subject), NOW)
        work(bot, NOW, never)
        needed(bot, *(Attention("unknown_sender", "很长的文件名" * 100) for _ in range(400)))
        # when
        later = NOW + HOUR
        while bundle(bot, later):
            later += 2 * HOUR
        # then
        ours = [row for row in letters(bot) if row.letter == "attention"]
        assert [len(row.mime) < 500_000 for row in ours] == [True, True]
        # and every question was put before the office, and can be answered in the letter that put it
        with bot.record.read() as conn:
            questions_of = [questions.in_bundle(conn, row.key.split(":", 1)[1].rpartition(":")[0]) for row in ours]
            asked = [{q.number for q in found} for found in questions_of]
            assert set.union(*asked) == {q.number for q in questions.open_ones(conn)}
        for row, numbers in zip(ours, asked, strict=True):
            assert numbers <= set(numbers_in(text_of(row.mime)))


@pytest.mark.parametrize(
    ("kinds", "whole", "brief", "left"),
    [
        ("", "", "", 0),
        ("ab", "ab", "", 0),
        ("aaab", "ab", "aa", 0),
        ("aaaaaaab", "ab", "aaa", 3),
        ("aabbcc", "aa", "bbc", 1),
        ("aaaabbb", "bb", "aab", 2),
    ],
)
def test_what_is_rare_comes_first_and_the_order_stays(kinds: str, whole: str, brief: str, left: int) -> None:
    parts = portioned(kinds, str, 2, 3)
    assert ("".join(parts.whole), "".join(parts.brief), parts.left) == (whole, brief, left)


def test_two_workers_at_once_tell_it_once(postgres_url: str, tmp_path: Path) -> None:
    with build(config(tmp_path, database={"url": postgres_url})) as bot:
        first_run(bot, NOW)
        needed(bot, Attention("capped", "a@x.test"))
        gate = threading.Barrier(4)
        told: list[int] = []

        def work(second: int) -> None:
            gate.wait()
            told.append(bundle(bot, NOW + timedelta(seconds=second)))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [0, 0, 0, 1]
        assert len(letters(bot)) == 1
