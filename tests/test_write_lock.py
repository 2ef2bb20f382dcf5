"""While a mail's letters are made nobody waits for the record; and what is written was decided on what holds then."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.jobs import intake
from bot.jobs.intake import work
from bot.jobs.orders.errands import STOPPED
from bot.jobs.parts import Bot
from bot.model.letters import Letter
from bot.record import database, runs, schema
from tests.books import xlsx
from tests.bots import appoint, archived, at, built, first_run, letters, never, rows, text_of
from tests.mails import mail, report
from tests.registers import annex3

NOW = at("2017-07-03T10:00")
LI = "li@wutu.test"


@pytest.fixture(params=["sqlite", "postgresql"])
def bot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bot]:
    for made in built(request, tmp_path):
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, ("五图街道", "李明", LI))
        yield made


@pytest.fixture
def while_made(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], None]], list[str]]:
    """Does something each time a letter is rendered; the list shows which were."""

    def watched(meanwhile: Callable[[int], None]) -> list[str]:
        seen: list[str] = []
        render = type(bot.renderer).render

        def rendering(renderer: Any, draft: Any, **named: Any) -> Letter:
            seen.append(draft.letter)
            meanwhile(len(seen))
            return render(renderer, draft, **named)

        monkeypatch.setattr(type(bot.renderer), "render", rendering)
        return seen

    return watched


def write(bot: Bot, key: str) -> None:
    """As another process does that waits for nobody."""
    if bot.record.is_sqlite:
        with sqlite3.connect(str(bot.record.engine.url.database), timeout=0) as other:
            other.execute("INSERT INTO meta (key, value) VALUES (?, '1')", (key,))
        return
    with bot.record.begin() as conn:
        runs.put(conn, key, "1")


def test_others_write_while_letters_are_made_and_none_is_made_twice(bot: Bot, while_made: Any) -> None:
    made = while_made(lambda n: write(bot, f"other {n}"))
    archived(bot, report(LI), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    # then
    assert made == ["receipt"]
    assert [(row.letter, row.to, row.state) for row in letters(bot)] == [("receipt", LI, "queued")]
    assert [row.outcome for row in rows(bot, schema.report)] == ["accepted"]
    with bot.record.read() as conn:
        assert runs.get(conn, "other 1") == "1"


def test_hold_is_ordered_beside_heavy_registers(
    bot: Bot, while_made: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not bot.record.is_sqlite:
        pytest.skip("there no writer waits for another")
    monkeypatch.setattr(database, "BUSY_MS", 0)  # it would end with "database is locked" at once
    monkeypatch.setenv("BOT_CONFIG", str(tmp_path / "config.toml"))
    codes: list[object] = []

    def hold(n: int) -> None:
        if n == 1:
            monkeypatch.setattr("sys.argv", ["bot", "hold"])
            with pytest.raises(SystemExit) as ended:
                main()
            codes.append(ended.value.code)

    made = while_made(hold)
    wrong = [annex3([(f"第{n}镇{m}号超市", "", "若干", "商贸", "") for m in range(400)]) for n in range(4)]
    files = [(f"附件3-{n}.xlsx", xlsx((sheet, ()))) for n, sheet in enumerate(wrong)]
    archived(bot, mail(LI, "报送附件3", *files), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    # then both are done
    assert codes == [0]
    assert "returned" in made and [row.letter for row in letters(bot)] == ["returned"]
    with bot.record.read() as conn:
        assert runs.get(conn, STOPPED)


def test_what_changes_the_decision_meanwhile_is_seen(bot: Bot, while_made: Any) -> None:
    if not bot.record.is_sqlite:
        pytest.skip("there the unit's lock keeps the other waiting: tests/test_turns.py")

    # given an address that is no liaison's any more by the time his letter is made
    def dismiss(n: int) -> None:
        with sqlite3.connect(str(bot.record.engine.url.database), timeout=0) as other:
            other.execute("UPDATE liaison SET until = '2017-06-02'")

    made = while_made(dismiss)
    archived(bot, report(LI), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    # then the first letter is not sent, nor a report accepted
    assert made == ["receipt", "waiting"]
    assert [row.letter for row in letters(bot)] == ["waiting"]
    assert [row.outcome for row in rows(bot, schema.report)] == ["waiting"]
    assert [row.attempts for row in rows(bot, schema.mail)] == [1]


def test_who_always_changes_the_decision_waits_in_the_end(bot: Bot, while_made: Any) -> None:
    if not bot.record.is_sqlite:
        pytest.skip("there the unit's lock keeps the other waiting: tests/test_turns.py")
    waited: list[int] = []

    def change(n: int) -> None:
        try:
            with sqlite3.connect(str(bot.record.engine.url.database), timeout=0) as other:
                other.execute(f"UPDATE liaison SET name = '李{n}'")
        except sqlite3.OperationalError:
            waited.append(n)

    made = while_made(change)
    archived(bot, report(LI), NOW)
    # when
    assert work(bot, NOW, never).worked == 1
    # then
    assert made == ["receipt"] * (intake.TRIES + 1)
    assert waited == [intake.TRIES + 1]
    assert "李3" in text_of(letters(bot)[0].mime)
