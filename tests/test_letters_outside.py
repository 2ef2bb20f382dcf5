"""What people wrote is data in a letter: never markup, never a template, never a line or a header of its own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from markupsafe import Markup

from bot.errors import ConfigError
from bot.letters.render import Renderer
from bot.model.deciding import LetterDraft
from bot.model.letters import Letter
from tests.letters.cases import CASES, written_at
from tests.letters.values import OFFICE, SENDER, TOKEN, at
from tests.letters_golden import TEMPLATES, words_of

RENDERER = Renderer(TEMPLATES, OFFICE, SENDER)
PAYLOAD = "<img src=x onerror=alert(1)>{{7*7}}{% raise %}</table>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;{{7*7}}{% raise %}&lt;/table&gt;"
# Values that the program itself chooses: a stranger cannot write them.
CHOSEN = {"period", "outcome", "state", "last_period", "numbers_of", "compared_with", "words"}
CHOSEN |= {"first", "last", "periods", "offered"}  # months of the letters about an outage and about the end
# Letters in which nobody's words stand.
SAY_NOTHING = {"digest_quiet", "digest_clear", "overdue_notice_none", "probe_own", "outage_short"}
Path_ = tuple[str | int, ...]


def poisoned(value: Any, payload: str, key: str = "") -> Any:
    """The same context with the payload in every text that can come from outside."""
    if key in CHOSEN:
        return value
    if isinstance(value, dict):
        return {k: poisoned(v, payload, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, payload, key) for v in value]
    return payload if isinstance(value, str) else value


def paths(value: Any, here: Path_ = ()) -> Iterator[Path_]:
    """Where every key of a context stands."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(key, str):
            yield (*here, key)
        yield from paths(item, (*here, key))


def without(value: Any, path: Path_) -> Any:
    first, *rest = path
    if isinstance(value, list):
        return [without(v, tuple(rest)) if i == first else v for i, v in enumerate(value)]
    if not rest:
        return {k: v for k, v in value.items() if k != first}
    return {k: without(v, tuple(rest)) if k == first else v for k, v in value.items()}


def lines_of(letter: Letter) -> list[str]:
    text = message_from_bytes(letter.mime, policy=policy.default).get_body(("plain",))
    assert text is not None
    return str(text.get_content()).splitlines()


def render(draft: LetterDraft, renderer: Renderer = RENDERER) -> Letter:
    return renderer.render(draft, token=TOKEN, message_id="<a@b.example>", now=written_at(draft))


@pytest.mark.parametrize("case", CASES)
def test_no_text_from_outside_becomes_markup_or_a_template(case: str) -> None:
    # given a context in which every text is an attack
    draft = replace(CASES[case], context=poisoned(CASES[case].context, PAYLOAD))
    # when it is rendered
    words = words_of(RENDERER, draft)
    # then HTML shows it as text, plain text as it is, and nothing was computed
    assert "<img" not in words["body.html"] and "49" not in "".join(words.values())
    if case not in SAY_NOTHING:
        assert ESCAPED in words["body.html"]
        assert PAYLOAD.replace(" ", "") in "".join(words["body.txt"].split())
    assert words["body.html"].count("</table>") == words["body.html"].count("<table")


def test_what_claims_to_be_safe_is_escaped_too() -> None:
    draft = CASES["alarm_login"]
    words = words_of(RENDERER, replace(draft, context={**draft.context, "detail": Markup("<img src=x>")}))
    assert "&lt;img src=x&gt;" in words["body.html"]


@pytest.mark.parametrize("breaking", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\0", "\udcd0"])
@pytest.mark.parametrize(
    "case", ["receipt_single", "reminder_overdue_two_units", "no_attachment_single", "digest_busy"]
)
def test_no_text_from_outside_begins_a_line(case: str, breaking: str) -> None:
    # given a context in which every text has a line of its own in it, and one with what is to be seen of the breaks
    shown = "??" if breaking == "\udcd0" else " "
    forged, plain = (f"甲{gap}Bcc: boss@company.example{gap}乙" for gap in (breaking * 2, shown))
    letter = render(replace(CASES[case], context=poisoned(CASES[case].context, forged)))
    harmless = render(replace(CASES[case], context=poisoned(CASES[case].context, plain)))
    # then neither the headers nor the plain text have that line: lines end where they would without it
    message = message_from_bytes(letter.mime, policy=policy.default)
    assert "Bcc" not in message and len(letter.subject.splitlines()) == 1
    assert lines_of(letter) == lines_of(harmless)


@pytest.mark.parametrize(
    "case", [*sorted({d.letter: c for c, d in CASES.items()}.values()), "receipt_second_version_late", "digest_busy"]
)
def test_a_missing_value_is_never_a_blank(case: str) -> None:
    # given a letter, and its context without one of its keys
    whole = words_of(RENDERER, CASES[case])
    refused = 0
    for path in paths(CASES[case].context):
        draft = replace(CASES[case], context=without(CASES[case].context, path))
        # then it is refused, with the place, or it is a value that this letter does not tell
        try:
            assert words_of(RENDERER, draft) == whole, path
        except ConfigError as error:
            refused += 1
            assert re.match(rf"{re.escape(str(TEMPLATES))}/[\w/.]+:\d+: ", str(error))
    assert refused >= min(3, len(CASES[case].context))  # the bot's letter to itself says nothing of anybody


def test_a_long_subject_keeps_its_token() -> None:
    draft = CASES["no_attachment_single"]
    letter = render(replace(draft, context={**draft.context, "original_subject": "长" * 5000, "received_at": at(7, 3)}))
    assert letter.subject.endswith(f"〔编号 {TOKEN}〕") and len(letter.subject) < 150
    many = CASES["reminder_before_single"]
    units = [{**many.context["items"][0], "unit": f"单位{n}"} for n in range(60)]
    assert render(replace(many, context={"person": "", "items": units})).subject.endswith(f"…〔编号 {TOKEN}〕")


def test_a_text_without_end_is_cut() -> None:
    draft = CASES["alarm_login"]
    words = words_of(RENDERER, replace(draft, context={**draft.context, "detail": "长" * 32767}))
    assert 900 < words["body.txt"].count("长") <= 1000
    assert words["body.txt"].count("长") == words["body.html"].count("长")


def test_a_digest_of_a_flood_names_sixty_and_says_how_many_more() -> None:
    draft = CASES["digest_busy"]
    (waits,), (unread,) = draft.context["waiting"], draft.context["unread"]
    flood = {"waiting": [{**waits, "number": n} for n in range(300)], "unread": [unread] * 300, "questions": []}
    words = words_of(RENDERER, replace(draft, context={**draft.context, **flood}))
    for part in ("body.txt", "body.html"):
        assert words[part].count("liu-1983@mail.example") == words[part].count(unread["subject"]) == 60
        assert words[part].count("其余240件从略") == 2
        assert len(words[part]) < 200_000
