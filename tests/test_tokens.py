"""Our own marks: nobody can make one without the secret, and a text full of them costs no more than a few."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.letters.tokens import TOKEN, TOKENS, message_id, token, tokens_in
from bot.reading.guard import Reader
from bot.record import correspondence, schema
from tests.bots import appoint, archived, at, build, config, first_run, letters, never, rows
from tests.mails import report

NOW = at("2017-07-03T10:00")
LI = "li@demo.test"
SECRET = b"secret"


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[Bot]:
    with Reader() as reader, build(config(tmp_path)) as made:
        first_run(made, at("2017-06-20T09:00"))
        appoint(made, ("五图街道", "李明", LI))
        yield replace(made, reader=reader)


def many(count: int) -> list[str]:
    return [token(SECRET, str(n)) for n in range(count)]


def test_a_mark_follows_from_the_key_and_the_secret() -> None:
    assert token(SECRET, "receipt:1") == token(SECRET, "receipt:1")
    marks = {token(SECRET, "receipt:1"), token(b"other", "receipt:1"), token(SECRET, "receipt:2")}
    assert len(marks) == 3
    ids = {message_id(secret, key, "a.test") for secret in (SECRET, b"other") for key in ("receipt:1", "receipt:2")}
    assert len(ids) == 4


def test_marks_are_forty_bits_of_chance() -> None:
    # of a thousand keys no two meet, and every letter and digit occurs in every place
    made = many(1000)
    assert len(set(made)) == 1000
    assert all(TOKEN.fullmatch(mark) for mark in made)
    assert all(len(Counter(mark[place] for mark in made)) == 32 for place in range(8))


def test_what_only_looks_like_a_token_is_found_and_nothing_else() -> None:
    mark = token(SECRET, "x")
    assert tokens_in(f"Re: 回执〔编号 {mark}〕") == [mark]
    assert tokens_in(f"答复：{mark}{mark} {mark.lower()} {mark[:7]} A{mark}") == []
    assert tokens_in("") == []


def test_of_many_tokens_the_last_are_kept_each_once() -> None:
    marks = many(5000)
    assert tokens_in(" ".join(marks)) == marks[-TOKENS:]
    assert tokens_in(" ".join([*marks[:30], *marks[:30]])) == marks[:30]
    assert tokens_in(f"{marks[7]} " * 5000) == [marks[7]]


def test_our_mark_is_found_behind_whatever_was_written_before_it() -> None:
    mark = token(b"ours", "x")
    assert mark in tokens_in("Re: " + " ".join(many(5000)) + f"〔编号 {mark}〕")


def test_a_subject_full_of_tokens_looks_up_a_few(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a receipt, and an answer to it whose subject holds thousands of tokens before ours
    archived(bot, report(LI), NOW)
    work(bot, NOW, never)
    (receipt,) = letters(bot)
    asked: list[int] = []
    look_up = correspondence.by_token_or_id

    def counted(conn: Any, tokens: Any, ids: Any) -> Any:
        asked.append(len(tokens))
        return look_up(conn, tokens, ids)

    monkeypatch.setattr("bot.record.correspondence.by_token_or_id", counted)
    archived(bot, report(LI, extra=1, subject=f"{' '.join(many(3000))} {receipt.token}"), NOW)
    # when
    assert work(bot, NOW, never).failed == 0
    # then
    assert asked and max(asked) == TOKENS
    assert [row.version for row in rows(bot, schema.report)] == [1, 2]
