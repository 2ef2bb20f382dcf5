"""What the record knows stays when rules/ change in the middle of a year: new names, mergers, new and retired forms,
other deadlines. Each change is an edit of the folder and a restart, on both databases."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import String, column, insert, select, table, text

from bot.__main__ import main
from bot.config import load_config
from bot.errors import ConfigError
from bot.jobs.intake import work
from bot.jobs.judging import fix_deadlines
from bot.jobs.orders import settling
from bot.jobs.parts import Bot
from bot.jobs.reminders.reminding import remind
from bot.jobs.reporting.assessing import assessed
from bot.jobs.reporting.bulletins import edition, release
from bot.jobs.reporting.digesting import digest
from bot.jobs.standing import lines, owing, people_by_unit
from bot.record import acts, known, people, questions, schema
from bot.record.acts import Dispensation
from bot.record.database import Record
from bot.record.migrate import upgrade
from tests.bots import (
    ROOT,
    appoint,
    archived,
    at,
    build,
    config_file,
    database_url,
    first_run,
    flat,
    header,
    letters,
    never,
    read_mailbox,
    reported,
    rows,
)
from tests.mails import mail, report

WUTU, NEW, QIAOGUAN = "五图街道", "五图镇", "乔官镇"
MARKET, QUALITY, TRADE = "市场监管局", "质监局", "工商局"
LI, QU = "li@wutu.test", "qu@quality.test"
ANNEX = "annex4"


class Office:
    """An installation whose rules are edited, and whose program is started again after that."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.rules = folder / "rules"
        shutil.copytree(ROOT / "rules", self.rules)
        self.config = config_file(folder / "office", paths={"rules": str(self.rules)}, database={"url": url})

    def start(self, when: str) -> Bot:
        bot = build(load_config(self.config), at(when))
        first_run(bot, at(when))
        return bot

    def edit(self, file: str, change: Callable[[str], str]) -> None:
        path = self.rules / file
        before = path.read_text(encoding="utf-8")
        after = change(before)
        assert after != before
        path.write_text(after, encoding="utf-8")

    def rename(self, old: str = WUTU, new: str = NEW) -> None:
        """As docs/rules.md says: the old name stays among the aliases."""

        def change(units: str) -> str:
            head, tail = units.split(f'name = "{old}"\n', 1)
            return f'{head}name = "{new}"\n' + tail.replace("aliases = [", f'aliases = ["{old}", ', 1)

        self.edit("units.toml", change)

    def merge(self, *gone: str) -> None:
        """As units.toml itself advises: their names become aliases, their tables go."""

        def change(units: str) -> str:
            for name in gone:
                units = re.sub(rf'\[\[units\]\]\nid = "\w+"\nname = "{name}"\n(?:.+\n)+\n', "", units)
            head, tail = units.split(f'name = "{MARKET}"\n', 1)
            aliases = "".join(f'"{name}", ' for name in gone)
            return f'{head}name = "{MARKET}"\n' + tail.replace("aliases = [", f"aliases = [{aliases}", 1)

        self.edit("units.toml", change)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Office:
    return Office(tmp_path, database_url(request, tmp_path))


def states(bot: Bot, period: str, now: str) -> dict[str, str]:
    with bot.record.read() as conn:
        return {line.unit.name: line.state for line in lines(bot, conn, ANNEX, period, at(now))}


def owed(bot: Bot, unit: str, now: str, form: str = ANNEX) -> list[str]:
    with bot.record.read() as conn:
        every = [item.obligation for item in owing(bot, conn, at(now))]
    return [o.period for o in every if (o.unit, o.form) == (unit, form)]


def raw(bot: Bot, name: str, key: str) -> list[str]:
    """What the database itself holds."""
    with bot.record.read() as conn:
        found = conn.execute(select(column(key, String)).select_from(table(name))).scalars()
        return [value for value in found if value is not None]


# Names.


def test_units_stand_in_every_table_by_their_ids(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        appoint(bot, (WUTU, "李明", LI))
        archived(bot, report(LI, WUTU, "2017年6", subject="附件4"), at("2017-07-03T10:00"))
        work(bot, at("2017-07-03T10:01"), never)
        reported(bot, QIAOGUAN, outcome="waiting", why="older", sender_unit=QIAOGUAN)
        with bot.record.begin() as conn:
            acts.dispense(conn, Dispensation(WUTU, ANNEX, "2017-07", None, "机构改革"), at("2017-07-01T10:00"))
            people.register_base(conn, WUTU, ANNEX, {"other": 9}, at("2017-07-01T10:00"))
        assert set(raw(bot, "report", "unit")) == {"wutu", "qiaoguan"}
        assert set(raw(bot, "report", "sender_unit")) == {"wutu", "qiaoguan"}
        for name in ("liaison", "base", "dispensation"):
            assert raw(bot, name, "unit") == ["wutu"]
        with bot.record.read() as conn:
            about = conn.execute(text("SELECT obligations FROM letter")).scalars().all()
        assert "wutu" in str(about) and WUTU not in str(about)
        # and the program goes on to speak of names
        assert {row.unit for row in rows(bot, schema.report)} == {WUTU, QIAOGUAN}


def test_a_renamed_unit_keeps_its_reports_its_liaison_and_its_reminders(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        appoint(bot, (WUTU, "李明", LI))
        reported(bot, WUTU)
        with bot.record.begin() as conn:
            release(bot, conn, "2017-06", at("2017-07-10T09:00"))
        read_mailbox(bot, at("2017-08-02T09:00"))
        remind(bot, at("2017-08-02T09:00"))
        before = [row.key for row in letters(bot) if row.to == LI]
    assert before
    # when
    office.rename()
    with office.start("2017-08-02T15:00") as bot:
        # then: its reports, and what was announced by the name of its day
        assert states(bot, "2017-06", "2017-08-02T15:00")[NEW] == "accepted"
        with bot.record.read() as conn:
            announced = edition(bot, conn, "2017-06", at("2017-08-02T15:00"))
            assert WUTU in [line.unit for line in announced.bulletin.lines]
            assert [p.email for p in people_by_unit(conn, bot, at("2017-08-02T15:00"))[NEW]] == [LI]
        # no stage is said twice, and the next one goes to the same liaison by the new name
        read_mailbox(bot, at("2017-08-02T15:00"))
        remind(bot, at("2017-08-02T15:00"))
        assert [row.key for row in letters(bot) if row.to == LI] == before
        read_mailbox(bot, at("2017-08-04T15:00"))
        remind(bot, at("2017-08-04T15:00"))
        (newer,) = [row for row in letters(bot) if row.to == LI][len(before) :]
        assert newer.obligations[0][0] == NEW
        # a form by the old name is the unit's own, and a correction of June a change of what was announced
        archived(bot, report(LI, WUTU, "2017年7", subject="附件4 7月"), at("2017-08-04T16:00"))
        work(bot, at("2017-08-04T16:01"), never)
        assert states(bot, "2017-07", "2017-08-04T17:00")[NEW] == "accepted"


def test_a_merger_as_the_file_advises_keeps_what_each_has_reported(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        appoint(bot, (QUALITY, "曲波", QU), (MARKET, "马强", "ma@market.test"))
        for unit in (MARKET, QUALITY):
            reported(bot, unit)
        waiting = reported(bot, TRADE, outcome="waiting", why="older")
    # when
    office.merge(QUALITY, TRADE)
    with office.start("2017-08-10T09:00") as bot:
        # then: June is what it was; the month that runs is the heir's alone
        june, august = (states(bot, f"2017-{m}", "2017-09-20T09:00") for m in ("06", "08"))
        assert (june[MARKET], june[QUALITY]) == ("accepted", "accepted")
        assert august[MARKET] == "missing" and not {QUALITY, TRADE} & august.keys()
        # whoever wrote for it writes for the heir, and is reminded in its name
        with bot.record.read() as conn:
            served = people_by_unit(conn, bot, at("2017-08-10T09:00"))
        assert {p.email for p in served[MARKET]} == {QU, "ma@market.test"} and QUALITY not in served
        archived(bot, report(QU, QUALITY, "2017年8", subject="附件4 8月"), at("2017-09-04T09:00"))
        work(bot, at("2017-09-04T09:01"), never)
        assert states(bot, "2017-08", "2017-09-04T10:00")[MARKET] == "accepted"
        # a question from before can still be closed
        with bot.record.begin() as conn:
            assert settling.dismiss(conn, waiting, at("2017-09-04T10:00"), by="x@y.z")
    with office.start("2017-10-10T09:00") as bot:  # and again: nothing more happens
        assert states(bot, "2017-06", "2017-10-10T09:00")[QUALITY] == "accepted"
        assert sum(row.what == "unit.became" for row in rows(bot, schema.event)) == 2


def test_what_a_merged_unit_still_owes_is_its_own_and_no_correction_of_its_heir(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        appoint(bot, (QUALITY, "曲波", QU), (MARKET, "马强", "ma@market.test"))
        for unit in (MARKET, QUALITY):
            reported(bot, unit)
        reported(bot, MARKET, "2017-07", "2017-08-03T10:00")
    office.merge(QUALITY, TRADE)
    with office.start("2017-08-10T09:00") as bot:
        # when its July comes late, and its August, which is the heir's
        for month, day in ((7, "2017-08-11"), (8, "2017-09-04")):
            archived(
                bot, report(QU, QUALITY, f"2017年{month}", subject=f"附件4 {month}月", extra=1), at(f"{day}T09:00")
            )
            work(bot, at(f"{day}T09:01"), never)
        booked = [(row.unit, row.period, row.version, row.outcome) for row in rows(bot, schema.report)][2:]
        # then nobody's July is replaced
        assert booked == [
            (MARKET, "2017-07", 1, "accepted"),
            (QUALITY, "2017-07", 1, "accepted"),
            (MARKET, "2017-08", 1, "accepted"),
        ]
        (late, _) = [flat(row.mime) for row in letters(bot) if row.letter == "receipt"]
        assert f"报送单位：{QUALITY}" in late and "逾期" in late
        assert states(bot, "2017-07", "2017-09-20T09:00")[QUALITY] == "late"


def test_a_unit_with_another_id_and_nothing_under_it_takes_everything_over(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        appoint(bot, (WUTU, "李明", LI))
        reported(bot, WUTU)
    office.edit("units.toml", lambda units: units.replace('id = "wutu"', 'id = "wutuzhen"'))
    office.rename()
    with office.start("2017-08-10T09:00") as bot:
        assert states(bot, "2017-06", "2017-08-10T09:00")[NEW] == "accepted"
        assert (raw(bot, "report", "unit"), raw(bot, "liaison", "unit")) == (["wutuzhen"], ["wutuzhen"])
        assert owed(bot, NEW, "2017-08-10T09:00") == ["2017-07"]


def test_a_unit_that_the_rules_do_not_know_is_one_clear_line(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with office.start("2017-06-20T09:00") as bot:
        reported(bot, QUALITY)
    office.edit(
        "units.toml", lambda units: re.sub(rf'\[\[units\]\]\nid = "\w+"\nname = "{QUALITY}"\n(?:.+\n)+\n', "", units)
    )
    with pytest.raises(ConfigError, match=rf"units\.toml: the record knows the unit 'zhijian' \({QUALITY}\)"):
        build(load_config(office.config))
    monkeypatch.setenv("BOT_CONFIG", str(office.config))
    monkeypatch.setattr(sys, "argv", ["bot", "doctor"])
    with pytest.raises(SystemExit) as ended:
        sys.exit(main())
    assert ended.value.code == 2
    said = capfd.readouterr().err.strip()
    assert len(said.splitlines()) == 1 and "put it back with `until`, or name 'zhijian' in `former`" in said
    # when the file says what it has become, all is well
    office.edit(
        "units.toml", lambda units: units.replace(f'name = "{MARKET}"\n', f'name = "{MARKET}"\nformer = ["zhijian"]\n')
    )
    with office.start("2017-08-10T09:00") as bot:
        assert raw(bot, "report", "unit") == ["shichangjianguan"]
        assert states(bot, "2017-06", "2017-08-10T09:00")[MARKET] == "accepted"


# The migration.


def test_a_record_of_names_becomes_one_of_ids(office: Office) -> None:
    """From the last schema with data in it: nothing that was owed stops being owed, nothing that was is lost."""
    received = datetime.fromisoformat("2017-07-06T02:00:00")  # Beijing, 10 in the morning: a day late
    with Record.bare(office.url) as record, record.begin() as conn:
        if not record.is_sqlite:  # emptied, but of the newest schema
            schema.metadata.drop_all(conn)
            conn.execute(text("DROP TABLE alembic_version"))
        upgrade(conn, "0006")

        def put(into: str, **values: object) -> None:
            raw_table = table(into, *map(column, values))
            conn.execute(
                insert(raw_table).values(
                    {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in values.items()}
                )
            )

        put("meta", key="first_run", value=at("2017-06-20T09:00").isoformat())
        put("mail", id=1, sha256="a" * 64, size=1, received_at=received, archived_at=received, state="done", attempts=1)
        common = {
            "form": ANNEX,
            "about": "2017-06",
            "period": "2017-06",
            "received_at": received,
            "recorded_at": received,
        }
        common |= {"first_received_at": received, "reporter": "", "phone": "", "document": "", "sheet": "", "why": ""}
        common |= {"numbers": {"other": {"level_1": 3}}, "mail_id": 1, "version": 1, "outcome": "accepted"}
        put("report", id=1, unit=WUTU, sender_unit=WUTU, on_time=False, **common)
        put("report", id=2, unit=QIAOGUAN, on_time=True, **common)  # the deadline was another then
        put("liaison", id=1, unit=WUTU, name="李明", mobile="1", email=LI, since=date(2017, 6, 1))
        put("base", unit=WUTU, form=ANNEX, group_id="other", registered=9, changed_at=received)
        put("dispensation", id=1, unit=QIAOGUAN, form=ANNEX, period="2017-07", reason="", given_at=received)
        put("attention", id=1, kind="older", detail="", unit=WUTU, form=ANNEX, opened_at=received)
        about = [[WUTU, ANNEX, "2017-06", at("2017-07-04T23:59:59").isoformat()]]  # the answer named the 4th
        put(
            "letter", id=1, key="receipt:1", letter="receipt", to=LI, subject="", token="T", message_id="<1>",
            state="sent", attempts=1, queued_at=received, due_at=received, answer="", mail_id=1, obligations=about,
            only_while_owed=False,
        )  # fmt: skip
        put("act", id=1, at=received, actor="staff@demo.test", command="exempt", arguments={"said": "免报"},
            undo={"withdraw": [QIAOGUAN, ANNEX, "2017-07"]})  # fmt: skip
    # when
    with office.start("2017-09-20T09:00") as bot:
        # then
        assert sorted(raw(bot, "report", "unit")) == ["qiaoguan", "wutu"]
        for name in ("liaison", "base", "attention"):
            assert raw(bot, name, "unit") == ["wutu"]
        assert owed(bot, WUTU, "2017-09-20T09:00") == ["2017-07", "2017-08"]
        assert owed(bot, QIAOGUAN, "2017-09-20T09:00") == ["2017-08"]
        assert owed(bot, "营丘镇", "2017-09-20T09:00") == ["2017-06", "2017-07", "2017-08"]
        assert all(item.since is None for item in bot_knows(bot))
        # each report keeps its fate: by the day that its answer named, or by the nearest that agrees
        kept = {row.unit: row.deadline.astimezone(bot.zone) for row in rows(bot, schema.report)}
        assert kept == {WUTU: at("2017-07-04T23:59:59"), QIAOGUAN: at("2017-07-06T23:59:59")}
        found = states(bot, "2017-06", "2017-09-20T09:00")
        assert (found[WUTU], found[QIAOGUAN]) == ("late", "accepted")
        with bot.record.read() as conn:
            assert people.bases(conn, ANNEX) == {WUTU: {"other": 9}}
            last = acts.last_act(conn, "staff@demo.test")
            assert last and last.undo["withdraw"][0] == QIAOGUAN


def bot_knows(bot: Bot) -> list[known.Known]:
    with bot.record.read() as conn:
        return known.every(conn)


# Forms.


def test_a_form_and_a_unit_that_are_put_in_later_are_not_dunned_for_their_past(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        assert all(item.since is None for item in bot_knows(bot))
    shutil.copy(ROOT / "tests" / "forms" / "hazards.toml", office.rules)
    office.edit(
        "units.toml",
        lambda units: units.replace(
            "[[groups]]", '[[units]]\nid = "xinqu"\nname = "新区"\nkind = "town"\n\n[[groups]]', 1
        ),
    )
    for _ in range(2):  # a later start does not move the day
        with office.start("2017-09-20T09:00") as bot:
            now = "2017-11-02T09:00"
            assert owed(bot, "教育局", now, "hazards") == ["2017-09", "2017-10"]
            assert owed(bot, "新区", now) == ["2017-09", "2017-10"]
            assert owed(bot, WUTU, now) == ["2017-06", "2017-07", "2017-08", "2017-09", "2017-10"]
            assert [form for form in ("annex2", "annex3") if owed(bot, "新区", now, form)] == []
            assert "新区" not in states(bot, "2017-08", now)
            with bot.record.read() as conn:
                year = {
                    a.unit: {(e.form, e.period) for e in a.evidence}
                    for a in assessed(bot, conn, 2017, at("2017-06-20T09:00"), at(now))
                }
            assert {period for _, period in year["新区"]} == {"2017-09"}


def test_a_form_that_is_taken_away_leaves_its_past_readable(office: Office) -> None:
    shutil.copy(ROOT / "tests" / "forms" / "hazards.toml", office.rules)
    with office.start("2017-06-12T09:00") as bot:
        appoint(bot, ("教育局", "李明", "li@edu.test"), ("财政局", "王芳", "wang@fin.test"))
        asked = reported(bot, "教育局", outcome="waiting", why="unknown_sender")
        with bot.record.begin() as conn:
            conn.execute(schema.report.update().where(schema.report.c.id == asked).values(form="hazards"))
            values: dict[str, object] = {
                "kind": "unknown_sender",
                "detail": "",
                "unit": "教育局",
                "form": "hazards",
                "period": "2017-06",
            }
            values |= {"report_id": asked, "opened_at": at("2017-07-03T10:00")}
            conn.execute(insert(schema.attention).values(values))
        read_mailbox(bot, at("2017-06-23T09:00"))
        remind(bot, at("2017-06-23T09:00"))
        assert any(row.obligations and row.obligations[0][1] == "hazards" for row in letters(bot))
    # when
    (office.rules / "hazards.toml").unlink()
    name = "隐患排查"
    with office.start("2017-07-10T09:00") as bot:
        read_mailbox(bot, at("2017-07-10T09:00"))
        digest(bot, at("2017-07-10T09:00"))
        (weekly, *_) = [flat(row.mime) for row in letters(bot) if row.letter == "digest"]
        assert "已停用的报表" in weekly and name in weekly
        # a reminder of it is not sent, a reply to one speaks of nothing, and the question can be closed
        with bot.record.read() as conn:
            (question,) = [row for row in questions.open_ones(conn) if row.form == "hazards"]
        with bot.record.begin() as conn:
            assert settling.reject(bot, conn, question.report_id, at("2017-07-10T10:00"), by="x@y.z", reason="停用")


# Deadlines.


def test_a_new_deadline_changes_nothing_that_was(office: Office) -> None:
    with office.start("2017-06-20T09:00") as bot:
        reported(bot, WUTU, "2017-06", "2017-07-05T10:00")
        reported(bot, QIAOGUAN, "2017-06", "2017-07-08T10:00")
        fix_deadlines(bot, at("2017-07-10T09:00"))
        reported(bot, WUTU, "2017-07", "2017-07-31T10:00")
    for day in (3, 10):
        office.edit("annex4.toml", lambda form, day=day: re.sub(r"(?m)^day = \d+", f"day = {day}", form))  # type: ignore[misc]
        with office.start("2017-08-01T09:00") as bot:
            june = states(bot, "2017-06", "2017-08-20T09:00")
            assert (june[WUTU], june[QIAOGUAN], june["营丘镇"]) == ("accepted", "late", "missing")
            assert bot.deadline(ANNEX, "2017-06") == at("2017-07-05T23:59:59")
            assert bot.deadline(ANNEX, "2017-07") == at(f"2017-08-{day:02}T23:59:59")
            with bot.record.read() as conn:
                year = {
                    a.unit: a.evidence
                    for a in assessed(bot, conn, 2017, at("2017-06-20T09:00"), at("2017-08-20T09:00"))
                }
            first = {
                unit: next(e for e in year[unit] if (e.form, e.period) == (ANNEX, "2017-06"))
                for unit in (WUTU, QIAOGUAN)
            }
            assert (first[WUTU].late_days, first[QIAOGUAN].late_days) == (0, 3)
            assert first[WUTU].deadline == at("2017-07-05T23:59:59")
            # a correction is judged by what held for the first version
            assert states(bot, "2017-07", "2017-08-20T09:00")[WUTU] == "accepted"


# Orders.


def test_a_unit_is_retired_by_an_order_and_its_past_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BOT_CONFIG", str(office.config))
    with office.start("2017-06-20T09:00") as bot:
        reported(bot, QUALITY)

    def order(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["bot", "order", *words, "--now", "2017-08-10T09:00"])
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())
        return f"{ended.value.code or 0} {capfd.readouterr().out.strip()}"

    def there(period: str) -> bool:
        with build(load_config(office.config), at("2017-11-20T09:00")) as bot:
            return QUALITY in states(bot, period, "2017-11-20T09:00")

    said = order("停用", QUALITY, "自", "9月起", "机构合并")
    assert said == f"0 已停用{QUALITY}：自2017年9月起不再应报，以前的报送记录保留。"
    assert [there(f"2017-{m:02}") for m in (6, 8, 9, 10)] == [True, True, False, False]
    assert order("停用", QUALITY, "自", "10月") == f"1 {QUALITY}已经停用。"
    # it comes back a month later, and that is taken back, and then the whole
    assert order("启用", QUALITY, "自", "10月") == f"0 已启用{QUALITY}：自2017年10月起恢复报送。"
    assert [there(f"2017-{m:02}") for m in (8, 9, 10)] == [True, False, True]
    assert "已撤销：启用" in order("撤销")
    assert [there(f"2017-{m:02}") for m in (8, 9, 10)] == [True, False, False]
    assert "已撤销：停用" in order("撤销")
    assert [there(f"2017-{m:02}") for m in (8, 9, 10)] == [True, True, True]
    assert order("启用", QUALITY, "自", "10月") == f"1 {QUALITY}没有停用。"
    assert raw_of_absences(office) == ["zhijian"]


def raw_of_absences(office: Office) -> list[str]:
    with build(load_config(office.config), at("2017-11-20T09:00")) as bot:
        return raw(bot, "absence", "unit")


# All of it in one year.

YINGQIU, GRAIN, MONEY, COOP, ZONE = "营丘镇", "粮食局", "财政局", "供销社", "新区"
GUO = "staff@demo.test"
ROUNDS = "rounds"
HAZARDS = (ROOT / "tests" / "forms" / "hazards.toml").read_text(encoding="utf-8")


def test_a_year_in_which_everything_changes_in_august_is_counted_by_hand(office: Office) -> None:
    """45 units: 10 towns, 35 departments. June: 营丘镇 sends nothing. July: 营丘镇 and 质监局 send nothing.

    On August 10th 五图街道 becomes 五图镇; 质监局 and 工商局 become part of 市场监管局; 新区 is put in; 供销社 is
    retired; 财政局 is, too, which is taken back; 粮食局 is, and comes back for September; the form hazards is taken
    away, the form rounds put in."""
    (office.rules / "hazards.toml").write_text(HAZARDS, encoding="utf-8")
    with office.start("2017-06-12T09:00") as bot:
        names = {unit.name for unit in bot.rules.units.units}
        address = june_and_july(bot, names)
    everything_changes(office, address)
    # 45 - 质监局 - 工商局 + 新区 - 供销社 - 粮食局, and with 粮食局 again
    august = (names | {NEW, ZONE}) - {WUTU, QUALITY, TRADE, COOP, GRAIN}
    assert len(august) == 42
    with office.start("2017-08-11T09:00") as bot:
        what_is_owed(bot, august)
        who_is_reminded_and_what_the_digest_says(bot, address)
        what_the_year_comes_to(bot)


def june_and_july(bot: Bot, names: set[str]) -> dict[str, str]:
    """What comes of the months before; whom the units' letters go to."""
    served = (WUTU, QIAOGUAN, YINGQIU, MARKET, QUALITY, TRADE, GRAIN, MONEY, COOP)
    address = {unit: f"l{n}@units.test" for n, unit in enumerate(served)}
    appoint(bot, *((unit, "联络员", email) for unit, email in address.items()))
    for unit in names:
        if unit != YINGQIU:
            reported(bot, unit, "2017-06", "2017-07-03T10:00")
        if unit not in (YINGQIU, QUALITY):
            reported(bot, unit, "2017-07", "2017-08-03T10:00")
    assert counts(bot, "2017-06", "2017-08-09T09:00") == (45, 44, {YINGQIU})
    assert counts(bot, "2017-07", "2017-08-09T09:00") == (45, 43, {YINGQIU, QUALITY})
    assert len(states_of(bot, "hazards", "2017-07", "2017-08-09T09:00")) == 35
    # the digest speaks of both forms, and July is chased with who has not sent it
    before = digests(bot, "2017-08-07T09:00")
    assert len(before) == 2
    assert "应报45个单位，已报43个，其中按时43个" in before[0] and "逾期未报2个" in before[0]
    assert "应报35个单位，已报0个" in before[1] and "隐患排查月报" in before[1]
    assert chased(bot, "2017-08-09T10:00") == {(address[unit], unit, "2017-07") for unit in (YINGQIU, QUALITY)} | {
        (address[YINGQIU], YINGQIU, "2017-06")
    }
    return address


def everything_changes(office: Office, address: dict[str, str]) -> None:
    """The changes of August 10th, in the rules and by mail."""
    office.rename()
    office.merge(QUALITY, TRADE)
    (office.rules / "hazards.toml").unlink()
    rounds = HAZARDS.replace('id = "hazards"', f'id = "{ROUNDS}"', 1).replace("隐患", "巡查")
    (office.rules / f"{ROUNDS}.toml").write_text(rounds, encoding="utf-8")
    zone = f'[[units]]\nid = "xinqu"\nname = "{ZONE}"\nkind = "town"\n\n[[groups]]'
    office.edit("units.toml", lambda units: units.replace("[[groups]]", zone, 1))
    with office.start("2017-08-10T09:00") as bot:
        appoint(bot, (ZONE, "新联络员", "l@zone.test"), on="2017-08-10")
        address.update({NEW: address[WUTU], ZONE: "l@zone.test"})
        for minute, text in enumerate(
            (
                f"停用 {COOP} 自 8月 机构改革",
                f"停用 {MONEY} 自 8月",
                "撤销",
                f"停用 {GRAIN} 自 8月",
                f"启用 {GRAIN} 自 9月",
            )
        ):
            commanded(bot, text, f"2017-08-10T10:{minute:02}")


def what_is_owed(bot: Bot, august: set[str]) -> None:
    # what was before is what it was, by the names of today
    assert counts(bot, "2017-06", "2017-08-20T09:00") == (45, 44, {YINGQIU})
    assert counts(bot, "2017-07", "2017-08-20T09:00") == (45, 43, {YINGQIU, QUALITY})
    assert counts(bot, "2017-08", "2017-09-20T09:00") == (42, 0, august)
    assert counts(bot, "2017-09", "2017-10-20T09:00") == (43, 0, august | {GRAIN})
    # the form that was put in is owed from August on, by 35 departments but those four; what went is owed no more
    assert len(states_of(bot, ROUNDS, "2017-08", "2017-09-20T09:00")) == 31
    assert len(states_of(bot, ROUNDS, "2017-09", "2017-09-20T09:00")) == 32
    assert states_of(bot, ROUNDS, "2017-07", "2017-09-20T09:00") == {}
    assert {form for form, _ in all_owed(bot, "2017-09-03T09:00")} & {"hazards", ROUNDS} == {ROUNDS}
    assert owed(bot, NEW, "2017-09-03T09:00") == owed(bot, MONEY, "2017-09-03T09:00") == ["2017-08"]
    assert owed(bot, COOP, "2017-09-03T09:00") == owed(bot, GRAIN, "2017-09-03T09:00") == []


def who_is_reminded_and_what_the_digest_says(bot: Bot, address: dict[str, str]) -> None:
    # who is reminded of August, three working days before: everybody who owes it and has an address, nobody else
    own = {(address[unit], unit, "2017-08") for unit in (NEW, QIAOGUAN, YINGQIU, MARKET, MONEY, ZONE)}
    heirs = {(address[unit], MARKET, "2017-08") for unit in (QUALITY, TRADE)}
    late = {(address[YINGQIU], YINGQIU, "2017-07")}  # July of 质监局 stays on record, and is asked of nobody
    assert chased(bot, "2017-08-31T10:00") == own | heirs | late
    # the digest: the month in view is August, one form less and one more
    for unit in (NEW, MARKET, MONEY):
        reported(bot, unit, "2017-08", "2017-09-01T10:00")
    weekly = digests(bot, "2017-09-04T09:00")
    assert len(weekly) == 2
    assert "应报42个单位，已报3个，其中按时3个" in weekly[0] and "未到期限39个" in weekly[0]
    assert not [name for name in (QUALITY, TRADE, COOP, GRAIN) if f".{name}：" in weekly[0]]
    assert "逾期未报31个单位" in weekly[1] and "巡查排查月报" in weekly[1]
    assert "隐患" not in "".join(weekly)


def what_the_year_comes_to(bot: Bot) -> None:
    now = at("2017-10-20T09:00")
    with bot.record.read() as conn:
        year = {
            a.unit: {e.period[5:]: e.outcome for e in a.evidence if e.form == ANNEX}
            for a in assessed(bot, conn, 2017, at("2017-06-12T09:00"), now)
        }
    done, not_done = "on_time", "missing"
    assert year[NEW] == year[MARKET] == year[MONEY] == {"06": done, "07": done, "08": done, "09": not_done}
    assert year[QUALITY] == {"06": done, "07": not_done}
    assert year[TRADE] == year[COOP] == {"06": done, "07": done}
    assert year[GRAIN] == {"06": done, "07": done, "09": not_done}
    assert year[ZONE] == {"08": not_done, "09": not_done}
    assert WUTU not in year


def chased(bot: Bot, when: str) -> set[tuple[str, str, str]]:
    """Who is reminded of Annex 4 now: address, unit and month."""
    read_mailbox(bot, at(when))
    remind(bot, at(when))
    new = [row for row in letters(bot) if row.letter.startswith("reminder") and row.queued_at == at(when)]
    return {(row.to, unit, period) for row in new for unit, form, period, *_ in row.obligations if form == ANNEX}


def digests(bot: Bot, when: str) -> list[str]:
    """The letters of a week to the staff."""
    assert digest(bot, at(when))
    return [flat(r.mime) for r in letters(bot) if (r.letter, r.to, r.queued_at) == ("digest", GUO, at(when))]


def counts(bot: Bot, period: str, now: str) -> tuple[int, int, set[str]]:
    """How many owe Annex 4, how many have sent it, and who has not."""
    found = states(bot, period, now)
    missing = {unit for unit, state in found.items() if state in ("missing", "open")}
    return len(found), len(found) - len(missing), missing


def states_of(bot: Bot, form: str, period: str, now: str) -> dict[str, str]:
    with bot.record.read() as conn:
        return {line.unit.name: line.state for line in lines(bot, conn, form, period, at(now))}


def all_owed(bot: Bot, now: str) -> set[tuple[str, str]]:
    """Form and month of everything that anybody owes."""
    with bot.record.read() as conn:
        return {(item.obligation.form, item.obligation.period) for item in owing(bot, conn, at(now))}


def commanded(bot: Bot, text: str, when: str) -> None:
    """An order by mail, with its 确认 where one is asked for; it was carried out."""

    def answer() -> tuple[str, str, str]:
        row = [row for row in letters(bot) if row.to == GUO][-1]
        return row.letter, header(row.mime, "Subject"), flat(row.mime)

    def says(words: str, subject: str) -> None:
        archived(bot, mail(GUO, subject, text=words), at(when))
        assert work(bot, at(when), never).failed == 0

    says(text, f"指令 {when}")
    if answer()[0] == "confirm_order":
        says("确认", f"Re: {answer()[1]}")
    assert answer()[0] == "orders" and re.search("已(停用|启用|撤销)", answer()[2]), answer()
