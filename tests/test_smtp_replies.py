"""Each reply that NetEase is known to give, judged: by its text first, then by its number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.letters.smtp_replies import Step, alarming, is_farewell, judge, refuses_login
from bot.model.letters import GivenUp, RetryAt

MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize("code", [421, 450, 451, 550, 554])
@pytest.mark.parametrize(
    ("text", "seconds", "whole", "tomorrow", "alarm"),
    [
        ("HL:REP 163 smtp4,x", 15 * MINUTE, True, False, False),
        ("HL:ICC", 15 * MINUTE, True, False, False),
        ("HL:IFC", 15 * MINUTE, True, False, False),
        ("HL:MEP", 15 * MINUTE, True, False, False),
        ("MI:DMC 163 smtp4", MINUTE, False, False, False),
        ("MI:SFQ", 15 * MINUTE, True, False, False),
        ("RP:QRC", 15 * MINUTE, True, False, False),
        ("RP:DRC", 15 * MINUTE, True, False, False),
        ("RP:RCL", 15 * MINUTE, True, False, False),
        ("MI:STC", 12 * HOUR, True, True, True),
        ("RP:TRC", 12 * HOUR, True, True, True),
        ("HL:ITC", 6 * HOUR, True, False, True),
        ("HL:IHU", 6 * HOUR, True, False, True),
        ("MI:SPB", 6 * HOUR, True, False, True),
        ("MI:IMF", HOUR, True, False, True),
        ("Mail from must equal authorized user", HOUR, True, False, True),
        ("mail from address must be same as authorization user", HOUR, True, False, True),
        ("User has no permission", HOUR, True, False, True),
        ("Connection frequency limited", 15 * MINUTE, True, False, False),
    ],
)
def test_a_known_text_means_the_same_at_any_number(
    code: int, text: str, seconds: float, whole: bool, tomorrow: bool, alarm: bool
) -> None:
    assert judge(code, text) == RetryAt(seconds, f"{code} {text}", whole_outbox=whole, tomorrow=tomorrow)
    assert alarming(code, text) is alarm
    assert not refuses_login(code, text)


def test_a_passing_spam_verdict_is_tried_three_times_then_held() -> None:
    text = "DT:SPM 163 smtp4"
    for attempts in (1, 2):
        assert judge(451, text, "data", attempts) == RetryAt(2 * MINUTE, f"451 {text}")
    assert judge(451, text, "data", 3) == GivenUp(f"451 {text}", needs_office=True)
    assert not alarming(451, text)


@pytest.mark.parametrize("code", [550, 554])
def test_a_final_spam_verdict_is_held_at_once(code: int) -> None:
    assert judge(code, "DT:SPM", "data") == GivenUp(f"{code} DT:SPM", needs_office=True)
    assert not alarming(code, "DT:SPM")


@pytest.mark.parametrize(
    "text",
    ["User not found: x@163.com", "Invalid User", "User suspended", "5.1.1 <x@y.cn>: Recipient address rejected",
     "5.1.2 bad domain", "5.1.10 null MX", "5.2.1 mailbox disabled", "No such user here", "Mailbox unavailable"],
)  # fmt: skip
def test_a_dead_address_is_marked(text: str) -> None:
    assert judge(550, text) == GivenUp(f"550 {text}", dead_address=True)
    assert not alarming(550, text)


def test_a_recipient_that_is_unavailable_for_now_is_not_dead() -> None:
    assert judge(450, "Mailbox unavailable") == RetryAt(MINUTE, "450 Mailbox unavailable")
    # and before a recipient was named, the user that is suspended can only be ourselves
    assert judge(550, "User suspended", "mail") == RetryAt(HOUR, "550 User suspended", whole_outbox=True)
    assert alarming(550, "User suspended", "mail")


@pytest.mark.parametrize("text", ["Illegal Attachment", "5.3.4 Message size exceeds limit", "5.2.2 Mailbox full"])
def test_what_a_person_must_change_is_held(text: str) -> None:
    for step in ("mail", "rcpt", "data"):
        assert judge(552, text, step) == GivenUp(f"552 {text}", needs_office=True)
    assert not alarming(552, text, "mail")


@pytest.mark.parametrize(
    ("code", "text", "step", "verdict"),
    [
        (450, "Requested action not taken", "rcpt", RetryAt(MINUTE, "450 Requested action not taken")),
        (451, "try again", "data", RetryAt(MINUTE, "451 try again")),
        (421, "closing", "data", RetryAt(5 * MINUTE, "421 closing", whole_outbox=True)),
        (550, "no", "rcpt", GivenUp("550 no")),
        (554, "rejected", "data", GivenUp("554 rejected")),
        (550, "no", "mail", RetryAt(HOUR, "550 no", whole_outbox=True)),
        (-1, "what?", "mail", RetryAt(MINUTE, "-1 what?")),
        (550, "MI:SPF", "data", GivenUp("550 MI:SPF")),
        (550, "", "rcpt", GivenUp("550")),
    ],
)
def test_without_a_known_text_the_number_decides(code: int, text: str, step: Step, verdict: object) -> None:
    assert judge(code, text, step) == verdict


@pytest.mark.parametrize(
    ("code", "text", "refused"),
    [
        (535, "Error: authentication failed", True),
        (530, "5.7.0 Authentication required", True),
        (451, "Error: too much fail authentication", True),
        (550, "authentication is required", True),
        (454, "4.7.0 Temporary authentication failure", False),
        (550, "User not found", False),
    ],
)
def test_a_refused_login_is_known(code: int, text: str, refused: bool) -> None:
    assert refuses_login(code, text) is refused


def test_a_lock_after_refused_logins_is_an_alarm_and_a_long_pause() -> None:
    text = "Error: too much fail authentication"
    assert judge(451, text) == RetryAt(6 * HOUR, f"451 {text}", whole_outbox=True)
    assert alarming(451, text)


def test_only_a_bare_421_is_a_farewell() -> None:
    assert is_farewell(421, "4.4.2 idle too long")
    assert not is_farewell(421, "HL:IFC")
    assert not is_farewell(421, "DT:SPM")
    assert not is_farewell(450, "closing")


@given(st.integers(400, 599), st.text(), st.sampled_from(["mail", "rcpt", "data"]), st.integers(1, 9))
def test_every_reply_has_a_verdict_that_waits_or_ends(code: int, text: str, step: Step, attempts: int) -> None:
    verdict = judge(code, text, step, attempts)
    assert str(code) in verdict.reason
    if isinstance(verdict, RetryAt):
        assert verdict.seconds >= MINUTE
    else:
        assert code >= 500 or "DT:SPM" in text.upper() or "attachment" in text.lower()
