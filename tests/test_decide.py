"""What one mail leads to: one letter at most, to its sender alone, and what is put before the office."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.deciding.decide import NOTHING_SAID, Policy, decide, ignore
from bot.deciding.judging import Past, judge, rule_on, why_waiting, without_repeats
from bot.deciding.placing import place
from bot.deciding.whose import KnownSender
from bot.model.deciding import Attention, Intent
from bot.model.forms import Cell, Document
from bot.model.mail import Mail, Refused
from bot.model.replies import Said
from tests.books import COUNTS, RULES, WORDS
from tests.rosters import (
    BEIJING,
    CAMPAIGN,
    POLICY,
    STRANGER,
    TWO_POSTS,
    WUTU,
    accepted,
    beijing,
    document,
    form,
    mail,
    numbers,
)

DUE = beijing("2017-07-05T23:59:59")
GOOD = document(form())
WRONG = document(form(total=33), name="错.xlsx")
OTHERS = document(form(unit="乔官镇"))
BROKEN = document(name="附件4.xlsx", unreadable="damaged")
NO_FORM = document(name="花名册.xlsx", unreadable="no_form")
WORD = document(name="方案.doc", kind="doc", unreadable="doc")
ANNOUNCED = Said(text="附件4已发，请查收", note="announces")
LINK = Refused("附件4.xlsx", "link", "link")
LOGO = document(name="1.png", kind="image", unreadable="image")


def decided(
    *documents: Document,
    by: KnownSender = WUTU,
    policy: Policy = POLICY,
    past: Past | None = None,
    said: Said = NOTHING_SAID,
    **about: Any,
) -> Intent:
    given_mail: Mail = mail(**about)
    past = past or Past()
    placed = place(
        documents,
        by,
        RULES,
        subject=given_mail.subject,
        received_at=given_mail.received_at,
        campaign=CAMPAIGN,
        zone=BEIJING,
    )
    rulings = []
    for item in placed:
        result = judge(item, past, WORDS)
        due = DUE if result.period else None
        rulings.append(rule_on(item, result, past, why_waiting(given_mail, item), due, given_mail.received_at))
    return decide(given_mail, documents, tuple(without_repeats(rulings)), by, RULES, policy, said)


def letters(intent: Intent) -> list[tuple[str, str]]:
    return [(letter.letter, letter.to) for letter in intent.letters]


def kinds(intent: Intent) -> list[str]:
    return [item.kind for item in intent.attention]


TO = "wutu@town.example"


# What came | by whom | outcome, letter, what the office is told.
TABLE: dict[str, tuple[tuple[Document, ...], KnownSender, dict[str, Any], tuple[str, str | None, list[str]]]] = {
    "a good report": ((GOOD,), WUTU, {}, ("accepted", "receipt", [])),
    "a wrong sum": ((WRONG,), WUTU, {}, ("returned", "returned", [])),
    "a good and a wrong one": ((document(form(unit="乔官镇")), WRONG), TWO_POSTS, {}, ("returned", "returned", [])),
    "another unit's": ((OTHERS,), WUTU, {}, ("waiting", "waiting", ["unit_mismatch"])),
    "one's own and another unit's": ((GOOD, OTHERS), WUTU, {}, ("waiting", "waiting", ["unit_mismatch"])),
    "a stranger's": ((GOOD,), STRANGER, {}, ("waiting", "waiting", ["unknown_sender"])),
    "a stranger's two": ((GOOD, OTHERS), STRANGER, {}, ("waiting", "waiting", ["unknown_sender"] * 2)),
    "a stranger's wrong one": ((WRONG,), STRANGER, {}, ("waiting", "waiting", ["unknown_sender"])),
    "two that differ": (
        (GOOD, document(form([1, *COUNTS[1:]], (9, 4, 20), 33))),
        WUTU,
        {},
        ("waiting", "waiting", ["conflict"] * 2),
    ),
    "damaged": ((BROKEN,), WUTU, {}, ("unreadable", "unreadable", ["unreadable"])),
    "damaged, a stranger's, announced": ((BROKEN,), STRANGER, {}, ("unreadable", "unreadable", ["unreadable"])),
    "damaged, a stranger's, not announced": (
        (document(name="1.xlsx", unreadable="damaged"),),
        STRANGER,
        {"subject": "材料", "text": "见附件"},
        ("ignored", None, []),
    ),
    "damaged, a liaison's, not announced": (
        (document(name="1.xlsx", unreadable="damaged"),),
        WUTU,
        {"subject": "材料", "text": "见附件"},
        ("unreadable", "unreadable", ["unreadable"]),
    ),
    "a good one beside a damaged one": ((GOOD, BROKEN), WUTU, {}, ("accepted", "receipt", [])),
    "a workbook without the form, announced": ((NO_FORM,), WUTU, {}, ("unreadable", "unreadable", ["unreadable"])),
    "a workbook without the form, not announced": (
        (NO_FORM,),
        WUTU,
        {"subject": "花名册", "text": "见附件"},
        ("ignored", None, ["no_form"]),
    ),
    "a stranger's workbook": ((NO_FORM,), STRANGER, {"subject": "花名册", "text": "见附件"}, ("ignored", None, [])),
    "a stranger's Word file": ((WORD,), STRANGER, {"subject": "请示", "text": "请审阅"}, ("ignored", None, [])),
    "a liaison's form in Word": ((WORD,), WUTU, {}, ("unreadable", "unreadable", ["unreadable"])),
    "a link instead of a file": ((), WUTU, {"refused": (LINK,)}, ("unreadable", "unreadable", ["unreadable"])),
    "a link beside the file": ((GOOD,), WUTU, {"refused": (LINK,)}, ("accepted", "receipt", [])),
    "announced without a file": (
        (),
        WUTU,
        {"subject": "五图街道", "text": "附件4已发，请查收", "said": ANNOUNCED},
        ("unreadable", "no_attachment", ["missing_attachment"]),
    ),
    "spoken of by a stranger": ((), STRANGER, {}, ("ignored", None, [])),
    "thanks": ((), WUTU, {"subject": "谢谢", "text": "收到，谢谢！"}, ("ignored", None, [])),
    "spoken of in quoted mail only": (
        (),
        WUTU,
        {"subject": "谢谢", "text": "收到\n\n------ 原始邮件 ------\n发件人: 办公室\n主题: 附件4"},
        ("ignored", None, []),
    ),
    "empty": ((), WUTU, {"subject": "", "text": ""}, ("ignored", None, [])),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_what_a_mail_leads_to(case: str) -> None:
    documents, sender, about, (outcome, letter, told) = TABLE[case]
    intent = decided(*documents, by=sender, **about)
    assert intent.outcome == outcome
    assert letters(intent) == ([(letter, TO)] if letter else [])
    assert kinds(intent) == told


def test_the_same_again() -> None:
    intent = decided(GOOD, past=Past(accepted()))
    assert (intent.outcome, letters(intent), kinds(intent)) == ("duplicate", [("duplicate", TO)], [])


def test_an_automatic_mail_leads_to_nothing() -> None:
    assert ignore("auto_reply") == Intent("ignored", "auto_reply")


# Answers to our own letters: their subject is ours.

ANSWER: dict[str, Any] = {"subject": "回复：【已登记】五图街道附件4（截至2017年6月）", "answers": ("<1@bot.example>",)}
ANSWERING = replace(WUTU, reply_units=("五图街道",), reply_period="2017-06", answers_ours=True)


@pytest.mark.parametrize("text", ["收到，谢谢！", "好的", "", "您的邮件已收到，我会尽快处理。"])
def test_thanks_for_a_receipt_are_not_asked_for_an_attachment(text: str) -> None:
    # given an answer to a receipt, by a person or by a machine that does not say it is one
    intent = decided(by=ANSWERING, text=text, **ANSWER)
    # then it ends there: two machines would write to each other for ever
    assert (intent.outcome, letters(intent), kinds(intent)) == ("ignored", [], [])


def test_an_answer_that_announces_a_file_in_its_own_words_is_asked_for_it() -> None:
    intent = decided(by=ANSWERING, text="附件4已改正，请查收", said=ANNOUNCED, **ANSWER)
    assert letters(intent) == [("no_attachment", TO)]


def test_an_answer_with_a_workbook_that_has_no_form_is_told_so() -> None:
    # given a reminder answered with a file, and no word: our subject says what it is about
    intent = decided(document(name="1.xlsx", unreadable="no_form"), by=ANSWERING, text="", **ANSWER)
    assert letters(intent) == [("unreadable", TO)]


# No answer.


@pytest.mark.parametrize("documents", [(GOOD,), (WRONG,), (BROKEN,), (OTHERS,), ()])
@pytest.mark.parametrize(
    ("why", "about", "policy", "sender"),
    [
        ("ambiguous_sender", {"sender": None}, POLICY, STRANGER),
        ("authentication", {"authentication": "fail"}, POLICY, WUTU),
        ("before answer_from", {"received_at": POLICY.answer_from - timedelta(seconds=1)}, POLICY, WUTU),
        ("capped", {}, POLICY, replace(WUTU, answers_today=10)),
    ],
)
def test_what_gets_no_letter(
    documents: tuple[Document, ...], why: str, about: dict[str, Any], policy: Policy, sender: KnownSender
) -> None:
    intent = decided(*documents, by=sender, policy=policy, **about)
    assert letters(intent) == []
    if intent.outcome != "ignored":
        assert intent.why.endswith(f"not answered: {why}")
    # and nothing is said to have been asked for, which was not
    assert not {"unreadable", "missing_attachment"} & set(kinds(intent))


def test_a_contradicted_sender_s_report_waits_and_the_office_is_told_why() -> None:
    intent = decided(GOOD, authentication="fail")
    assert intent.outcome == "waiting"
    assert intent.attention == (Attention("authentication", "附件4.xlsx", "五图街道", "annex4", "2017-06", ruling=0),)


def test_an_ambiguous_sender_s_report_waits_and_the_office_is_told_why() -> None:
    assert kinds(decided(GOOD, by=STRANGER, sender=None)) == ["ambiguous_sender"]
    broken = decided(BROKEN, by=STRANGER, sender=None)
    assert (broken.outcome, kinds(broken)) == ("unreadable", ["unreadable_unanswered"])


def test_old_mail_is_recorded_and_counted_all_the_same() -> None:
    early = POLICY.answer_from - timedelta(seconds=1)
    intent = decided(GOOD, received_at=early, policy=replace(POLICY, answer_from=early + timedelta(seconds=1)))
    assert intent.letters == ()
    assert len(intent.rulings) == 1


def test_answer_from_is_the_first_moment_that_is_answered() -> None:
    at = beijing("2017-07-03T10:00:00")
    assert letters(decided(GOOD, received_at=at, policy=Policy(at, 10))) == [("receipt", TO)]
    assert letters(decided(GOOD, received_at=at, policy=Policy(at + timedelta(microseconds=1), 10))) == []


def test_the_cap_of_one_address() -> None:
    assert letters(decided(GOOD, by=replace(WUTU, answers_today=9))) == [("receipt", TO)]
    capped = decided(GOOD, by=replace(WUTU, answers_today=10))
    # the report counts; the office is told that its receipt did not leave
    assert (capped.outcome, letters(capped)) == ("accepted", [])
    assert capped.attention == (Attention("capped", TO),)
    assert letters(decided(GOOD, by=replace(WUTU, answers_today=1), policy=replace(POLICY, letters_per_day=1))) == []


# The letter.


def test_the_letter_answers_the_mail() -> None:
    letter = decided(GOOD, subject="报送附件4").letters[0]
    assert (letter.reply_to, letter.subject_of, letter.to) == ("<1@town.example>", "报送附件4", TO)
    assert letter.key == "receipt:" + "5" * 24
    assert [(o.unit, o.form, o.period, o.deadline) for o in letter.obligations] == [
        ("五图街道", "annex4", "2017-06", DUE)
    ]
    assert letter.files == ()
    assert not letter.only_while_owed


def test_a_letter_about_what_waits_gives_no_right_to_anybody() -> None:
    # given a stranger's report: an answer to our letter must not speak for the unit that he named
    assert decided(GOOD, by=STRANGER).letters[0].obligations == ()
    assert decided(OTHERS).letters[0].obligations == ()


def test_a_stranger_learns_nothing_but_what_he_sent() -> None:
    # given a unit with a report and a base, and a stranger who sends other numbers in its name
    past = Past(accepted(numbers(*range(90, 102))), accepted(numbers(*range(70, 82)), "2017-05"), {"other": 9})
    context = decided(GOOD, by=STRANGER, past=past).letters[0].context
    shown = context["forms"][0]
    assert context["units"] == []
    assert context["person"] == ""
    assert (shown["errors"], shown["warnings"], shown["changes"], shown["progress"]) == ([], [], [], [])
    assert shown["first_received_at"] is None


def test_every_file_that_was_not_read_is_in_the_letter() -> None:
    context = decided(GOOD, BROKEN, refused=(LINK,)).letters[0].context
    assert [file["name"] for file in context["files"]] == ["附件4.xlsx", "附件4.xlsx"]
    assert [file["message"] for file in context["files"]] == [RULES.reasons.unreadable[c] for c in ("damaged", "link")]


# Whatever comes.

CELLS: st.SearchStrategy[Cell] = st.none() | st.integers(0, 30) | st.sampled_from(["五", "约5", "—", ""])
FORMS = st.builds(
    form,
    st.lists(CELLS, min_size=12, max_size=12) | st.just(list(COUNTS)),
    st.just((8, 4, 20)) | st.just((None, None, None)),
    st.just(32) | CELLS,
    unit=st.sampled_from(["五图街道", "乔官镇", "某镇", ""]),
    period=st.sampled_from(["6月", "5月", "7月", "13月", "", "月"]),
)
DOCUMENTS = st.one_of(
    st.lists(FORMS, min_size=1, max_size=3).map(lambda forms: document(*forms)),
    st.sampled_from([BROKEN, NO_FORM, WORD, LOGO]),
)
SENDERS = st.builds(
    KnownSender,
    st.sampled_from([(), ("五图街道",), ("五图街道", "乔官镇")]),
    st.just(""),
    st.sampled_from([(), ("五图街道",), ("红河镇",)]),
    st.sampled_from([None, "2017-06"]),
    st.integers(0, 12),
    st.booleans(),
)
MAILS = st.fixed_dictionaries(
    {
        "sender": st.sampled_from([None, TO]),
        "authentication": st.sampled_from(["pass", "fail", "unknown"]),
        "subject": st.sampled_from(["报送附件4", "材料", ""]),
        "refused": st.sampled_from([(), (LINK,)]),
        "received_at": st.sampled_from([beijing(f"2017-{m}-03T10:00:00") for m in ("05", "07", "12")]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DOCUMENTS, max_size=3), SENDERS, MAILS, st.booleans())
def test_one_letter_at_most_and_to_nobody_but_the_sender(
    documents: list[Document], sender: KnownSender, about: dict[str, Any], reported: bool
) -> None:
    known = sender if about["sender"] else STRANGER
    intent = decided(*documents, by=known, past=Past(accepted()) if reported else None, **about)
    # one letter at most, to the believed sender, and none where he may not be the one
    assert len(intent.letters) <= 1
    assert all(letter.to == about["sender"] for letter in intent.letters)
    if about["sender"] is None or about["authentication"] == "fail":
        assert intent.letters == ()
        assert all(r.outcome == "waiting" for r in intent.rulings)
    if known.answers_today >= POLICY.letters_per_day or about["received_at"] < POLICY.answer_from:
        assert intent.letters == ()
    # a stranger's never counts
    if not known.units:
        assert not {r.outcome for r in intent.rulings} & {"accepted", "returned", "duplicate"}
    # what waits is before the office, and what is not ignored is answered or before the office
    assert kinds(intent).count("unknown_sender") == [r.why for r in intent.rulings].count("unknown_sender")
    assert sum(r.outcome == "waiting" for r in intent.rulings) <= len(intent.attention)
    if intent.outcome in ("waiting", "unreadable"):
        assert intent.attention
    # every kind has words
    assert all(k in RULES.reasons.waiting or k in RULES.reasons.attention for k in kinds(intent))


@pytest.mark.parametrize(
    "text", ["附件4", "附件四", "附 件 ４", "标准化达标情况表", "达标统计", "生产经营单位安全生产标准化达标情况表"]
)
def test_words_that_speak_of_the_form(text: str) -> None:
    assert letters(decided(WORD, by=STRANGER, subject="", text=f"{text}已发")) == [("unreadable", TO)]
    assert letters(decided(WORD, by=STRANGER, subject="", text="已发")) == []
