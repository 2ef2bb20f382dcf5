"""Log lines: one line an event, key=value behind the words, libraries quiet."""

import io
import json
import logging
import re

import pytest

from bot import logs
from bot.errors import MailboxError


def test_a_line_has_time_level_room_words_and_values(operator_log: io.StringIO) -> None:
    logging.getLogger("bot.jobs.intake").warning("mail failed", extra={"mail": 12, "attempt": 1})
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING bot\.jobs\.intake mail failed mail=12 attempt=1\n",
        operator_log.getvalue(),
    )


def test_an_exception_follows_its_line(operator_log: io.StringIO) -> None:
    try:
        raise KeyError("x")
    except KeyError:
        logging.getLogger("bot.jobs").exception("mail failed", extra={"mail": 3})
    first, *rest = operator_log.getvalue().splitlines()
    assert first.endswith("ERROR bot.jobs mail failed mail=3")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "KeyError"  # what it says of itself may quote a mail


def test_our_own_news_is_shown_and_chatter_of_libraries_is_not(operator_log: io.StringIO) -> None:
    logging.getLogger("bot.jobs.service").info("running")
    logging.getLogger("bot.jobs.service").debug("details")
    logging.getLogger("sqlalchemy").info("chatter")
    logging.getLogger("apscheduler.scheduler").warning(
        '"mail" skipped: maximum number of running instances reached (1)'
    )
    logging.getLogger("apscheduler.executors.default").error("a job raised")
    words = [line.split(" ", 3)[3] for line in operator_log.getvalue().splitlines()]
    assert words == ["bot.jobs.service running", "apscheduler.executors.default a job raised"]


def test_setting_up_twice_says_things_once(operator_log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", operator_log)
    logs.set_up()
    logging.getLogger("bot").error("once")
    assert operator_log.getvalue().count("once") == 1


def said(operator_log: io.StringIO, **values: object) -> str:
    """What stands behind the words of a line with these values."""
    logging.getLogger("bot.jobs").info("words", extra=values)
    (line,) = operator_log.getvalue().splitlines()
    return line.split(" words ")[1]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("one", "one"),
        (12, "12"),
        (None, "None"),
        (True, "True"),
        ("附件4", "附件4"),
        ("back\\slash", "back\\slash"),
        ("", '""'),
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('say "x"', '"say \\"x\\""'),
        ("back\\slash and blank", '"back\\\\slash and blank"'),
        (["a", "b"], "\"['a', 'b']\""),
        # whatever would begin a line or a field of its own
        ("a\nERROR bot forged x=1", '"a ERROR bot forged x=1"'),
        ("a\r\nb", '"a b"'),
        ("a\x01b", '"a b"'),
        ("\x1b[31mred", '" [31mred"'),
        ("a\u2028b\x85c", '"a b c"'),
        ("a\u202e\u2066b", '"a b"'),
        ("\0", '" "'),
        # and what says who somebody is
        ("li@wutu.test", "<address>"),
        ("call 13812345678", '"call <number>"'),
    ],
)
def test_no_value_makes_a_line_or_a_field_of_its_own(operator_log: io.StringIO, value: object, shown: str) -> None:
    assert said(operator_log, value=value, next=1) == f"value={shown} next=1"


def test_what_is_quoted_can_be_read_back(operator_log: io.StringIO) -> None:
    text = 'a "b" \\ c=\\n d'
    assert json.loads(said(operator_log, value=text).removeprefix("value=")) == text


def test_a_value_and_a_line_are_never_too_long(operator_log: io.StringIO) -> None:
    shown = said(operator_log, value="x" * 100_000, next=1)
    assert shown.startswith("value=xxx") and shown.endswith("x… next=1") and len(shown) < 600
    operator_log.truncate(0)
    operator_log.seek(0)
    logging.getLogger("bot").error("a server says: %s", "y" * 1_000_000, extra={"mail": 1})
    assert len(operator_log.getvalue()) <= logs.LONGEST_LINE + 1


@pytest.mark.parametrize("before", range(480, 501))
def test_no_half_of_a_number_is_left_where_a_value_is_cut(operator_log: io.StringIO, before: int) -> None:
    shown = said(operator_log, value=f"{'x' * before} 13812345678 li@wutu.test")
    assert not re.search(r"\d{3}|wutu", shown)


def test_the_words_of_an_event_are_one_line_too(operator_log: io.StringIO) -> None:
    logging.getLogger("bot").warning("the server says: %s", "no\r\nERROR bot forged\u2029x")
    try:
        raise MailboxError("no\nERROR bot forged" + "z" * 10_000)
    except MailboxError:
        logging.getLogger("bot").exception("a part failed")
    lines = operator_log.getvalue().splitlines()
    assert lines[0].endswith("WARNING bot the server says: no ERROR bot forged x")
    assert lines[-1].startswith("MailboxError: no ERROR bot forgedzzz") and len(lines[-1]) < 5_000
    assert [line for line in lines if line.startswith("ERROR")] == []
