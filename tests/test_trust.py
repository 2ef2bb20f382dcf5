"""Believed for a reason: what changes a number that counts is its sender's own, or is confirmed by him first."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.jobs.attending import bundle
from bot.jobs.intake import work
from bot.jobs.parts import Bot
from bot.jobs.reporting.digesting import digest
from bot.mail.authentication import Provider
from bot.reading.guard import Reader
from bot.record import habits, schema, versions
from tests.books import xlsx
from tests.bots import (
    appoint,
    archived,
    at,
    attentions,
    build,
    built,
    config,
    first_run,
    flat,
    header,
    letters,
    never,
    rows,
    with_provider,
)
from tests.mails import mail, report
from tests.registers import liaison_list

WUTU, LI = "五图街道", "li@wutu.test"
GUO, CHEN, STRANGER = "guo@office.test", "chen@office.test", "zhao@mail.test"
NOW = at("2017-07-04T10:00")
MX = "mx.provider.test"
NETEASE, CONFIGURED, NOTHING = Provider(True, ""), Provider(False, MX), Provider(False, "")
# What the provider can say of a mail that somebody sends from his own server with a liaison's address in From.
ATTACKS = {
    "spf-none": "spf=none smtp.mailfrom=evil.test",
    "spf-neutral": "spf=neutral smtp.mailfrom=evil.test",
    "spf-temperror": "spf=temperror smtp.mailfrom=evil.test",
    "spf-permerror": "spf=permerror smtp.mailfrom=evil.test",
    "spf-softfail-of-the-victim": "spf=softfail smtp.mailfrom=li@wutu.test",
    "foreign-dkim": "spf=none smtp.mailfrom=evil.test; dkim=pass header.d=evil.test",
    "spf-pass-of-the-attacker": "spf=pass smtp.mailfrom=evil.test",
    "spf-fail-of-the-victim": "spf=fail smtp.mailfrom=li@wutu.test",
}
SEEN_AS_FORGED = {"spf-pass-of-the-attacker", "spf-fail-of-the-victim"}  # they wait for the office, and nobody is asked


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader() as started:
        yield started


@pytest.fixture
def bot(tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    with build(config(tmp_path, office={"staff": [GUO, CHEN]})) as made:
        yield ready(made, reader)


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path, reader: Reader) -> Iterator[Bot]:
    """The same on both databases: whose proof is usual, and which letter has served, is asked of the record."""
    for made in built(request, tmp_path, office={"staff": [GUO, CHEN]}):
        yield ready(made, reader)


def ready(made: Bot, reader: Reader) -> Bot:
    bot = with_provider(replace(made, reader=reader), CONFIGURED)
    first_run(bot, at("2017-06-20T09:00"))
    appoint(bot, (WUTU, "李明", LI))
    return bot


def results(said: str, provider: Provider = CONFIGURED) -> dict[str, str]:
    """The header that the provider adds; NetEase's own marks stand around it."""
    if provider.netease:
        return {
            "Received": "from x (unknown [1.2.3.4]) by mx40 (Coremail) with SMTP id T1; Mon, 03 Jul 2017",
            "Authentication-Results": f"mx40; {said}",
            "X-CM-TRANSID": "T1",
        }
    return {"Authentication-Results": f"{MX}; {said}"}


VOUCHED = results("spf=pass smtp.mailfrom=li@wutu.test; dkim=pass header.d=wutu.test")


def arrives(bot: Bot, data: bytes, when: datetime = NOW) -> None:
    archived(bot, data, when)
    assert work(bot, when, never).failed == 0


def says(bot: Bot, sender: str, text: str, subject: str, when: datetime = NOW, **more: Any) -> None:
    arrives(bot, mail(sender, subject, text=text, **more), when)


def counted(bot: Bot) -> int:
    """The total that counts."""
    with bot.record.read() as conn:
        found = versions.accepted(conn, "annex4", WUTU, "2017-06")
    assert found is not None
    return sum(sum(columns.values()) for columns in found.numbers.values())


def to(bot: Bot, address: str) -> list[str]:
    return [row.letter for row in letters(bot) if row.to == address]


def reply_to(bot: Bot, letter: str, address: str = LI) -> str:
    """The subject of a reply to the last letter of a kind."""
    return "Re: " + header([r for r in letters(bot) if (r.letter, r.to) == (letter, address)][-1].mime, "Subject")


# A report that is forged.


@pytest.mark.parametrize("provider", [NETEASE, CONFIGURED, NOTHING], ids=["netease", "configured", "nothing"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_forged_report_changes_a_number_that_counts(bot: Bot, attack: str, provider: Provider) -> None:
    # given a report that counts, and whatever the provider says of a forged one
    bot = with_provider(bot, provider)
    arrives(bot, report(LI))
    # when it comes
    arrives(bot, report(LI, extra=92, subject="更正", headers=results(ATTACKS[attack], provider)))
    # then the true number stands, and the true liaison is asked, who has the token
    assert counted(bot) == 32
    if attack in SEEN_AS_FORGED and provider is not NOTHING:
        assert to(bot, LI) == ["receipt"]
    else:
        assert to(bot, LI) == ["receipt", "confirm"]
        text = flat([r for r in letters(bot) if r.letter == "confirm"][-1].mime)
        assert "原为7，现为99" in text
        assert "不是您报送的，请勿回复“确认”" in text
    # and the office hears of it; and the same again, with In-Reply-To alone, is no yes
    assert len([kind for kind, _ in attentions(bot) if kind in ("unproven", "authentication")]) == 1
    ours = [header(r.mime, "Message-ID") for r in letters(bot) if r.to == LI][-1]
    says(bot, LI, "确认", "Re: 更正", headers={"In-Reply-To": ours, **results(ATTACKS[attack], provider)})
    assert counted(bot) == 32


def test_a_first_report_is_as_easy_as_ever(bot: Bot) -> None:
    arrives(bot, report(LI))
    assert to(bot, LI) == ["receipt"]


def test_the_same_numbers_again_ask_nothing(bot: Bot) -> None:
    arrives(bot, report(LI))
    arrives(bot, report(LI, subject="再报"))
    assert to(bot, LI) == ["receipt", "duplicate"]


# Whoever is vouched for.


def test_a_correction_that_the_provider_vouches_for_counts_at_once(bot: Bot) -> None:
    arrives(bot, report(LI, headers=VOUCHED))
    arrives(bot, report(LI, extra=1, subject="更正", headers=VOUCHED))
    assert counted(bot) == 33
    assert to(bot, LI) == ["receipt", "receipt"]


def test_what_is_weaker_than_usual_is_asked_about_and_proven_mails_alone_change_the_habit(bot: Bot) -> None:
    # given an address for which DKIM and SPF pass as a rule
    for number in range(habits.EARNED):
        arrives(bot, report(LI, extra=number, subject=f"更正{number}", headers=VOUCHED))
    # when SPF alone passes, as it does for everybody in the same house
    weaker = results("spf=pass smtp.mailfrom=li@wutu.test; dkim=none")
    for number in range(habits.EARNED + 2):
        arrives(bot, report(LI, extra=10 + number, subject=f"冒名{number}", headers=weaker))
    # then nothing of it counts, and trying often does not help
    assert counted(bot) == 34
    assert [r.why for r in rows(bot, schema.report)][-1] == "unproven"


def test_a_habit_follows_a_provider_that_signs_no_more(either: Bot) -> None:
    bot = either
    for number in range(habits.EARNED):
        arrives(bot, report(LI, extra=number, subject=f"更正{number}", headers=VOUCHED))
    weaker = results("spf=pass smtp.mailfrom=li@wutu.test; dkim=none")
    # given a liaison who confirms as often as it takes
    for number in range(habits.EARNED):
        when = NOW + timedelta(hours=number + 1)
        arrives(bot, report(LI, extra=10 + number, subject=f"更正{10 + number}", headers=weaker), when)
        says(bot, LI, "确认", reply_to(bot, "confirm"), when, headers=weaker)
    assert counted(bot) == 44
    # then he is no longer asked
    arrives(bot, report(LI, extra=50, subject="更正50", headers=weaker), NOW + timedelta(days=1))
    assert counted(bot) == 82


# The sender's own word.


def test_one_reply_confirms_and_the_receipt_says_what_changed(either: Bot) -> None:
    bot = either
    arrives(bot, report(LI))
    arrives(bot, report(LI, extra=1, subject="更正"), NOW + timedelta(hours=1))
    says(bot, LI, "确认", reply_to(bot, "confirm"), NOW + timedelta(hours=2))
    assert counted(bot) == 33
    assert to(bot, LI) == ["receipt", "confirm", "receipt"]
    assert "原为7，现为8" in flat(letters(bot)[-1].mime)
    # and a second yes does nothing more
    says(bot, LI, "确认无误", reply_to(bot, "confirm"), NOW + timedelta(hours=3))
    assert [row.version for row in rows(bot, schema.report) if row.outcome == "accepted"] == [1, 2]


def test_a_correction_in_reply_to_a_letter_of_ours_needs_no_second_reply_but_the_letter_serves_once(
    either: Bot,
) -> None:
    bot = either
    arrives(bot, report(LI))
    subject = reply_to(bot, "receipt")
    arrives(bot, report(LI, extra=1, subject=subject), NOW + timedelta(hours=1))
    assert counted(bot) == 33
    # the same letter again, forwarded or copied: asked
    arrives(bot, report(LI, extra=2, subject=subject), NOW + timedelta(hours=2))
    assert counted(bot) == 33
    assert to(bot, LI)[-1] == "confirm"
    # the newest receipt serves
    arrives(bot, report(LI, extra=3, subject=reply_to(bot, "receipt")), NOW + timedelta(hours=3))
    assert counted(bot) == 35


def test_a_letter_of_last_year_proves_nothing(bot: Bot) -> None:
    arrives(bot, report(LI))
    late = NOW + timedelta(days=bot.config.trust.token_days + 1)
    arrives(bot, report(LI, extra=1, month="2017年6", subject=reply_to(bot, "receipt")), late)
    assert counted(bot) == 32


def test_another_address_cannot_confirm(bot: Bot) -> None:
    appoint(bot, (WUTU, "李明", LI), ("乔官镇", "王芳", "wang@qiaoguan.test"))
    arrives(bot, report(LI))
    arrives(bot, report(LI, extra=1, subject="更正"))
    for sender in ("wang@qiaoguan.test", STRANGER, GUO):
        says(bot, sender, "确认", reply_to(bot, "confirm"))
    assert counted(bot) == 32


def test_a_confirmed_correction_that_a_newer_one_has_overtaken_waits_for_the_office(bot: Bot) -> None:
    arrives(bot, report(LI))
    arrives(bot, report(LI, extra=1, subject="更正一"), NOW + timedelta(hours=1))
    first = reply_to(bot, "confirm")
    arrives(bot, report(LI, extra=2, subject="更正二"), NOW + timedelta(hours=2))
    says(bot, LI, "确认", reply_to(bot, "confirm"), NOW + timedelta(hours=3))
    says(bot, LI, "确认", first, NOW + timedelta(hours=4))
    assert counted(bot) == 34
    assert attentions(bot)[-1][0] == "older"


def test_the_office_can_decide_instead_if_the_provider_vouches_for_it(bot: Bot) -> None:
    arrives(bot, report(LI))
    arrives(bot, report(LI, extra=1, subject="更正"))
    assert bundle(bot, NOW)
    says(bot, GUO, "通过", reply_to(bot, "attention", GUO), headers=BY_GUO)
    assert counted(bot) == 33


# The office's tokens.

BY_GUO = results("spf=pass smtp.mailfrom=guo@office.test")
UNCHECKED = {"Authentication-Results": "x.test; none"}  # nothing that the office's provider says


def asked(bot: Bot, when: datetime = NOW) -> str:
    assert bundle(bot, when)
    return reply_to(bot, "attention", GUO)


def acts(bot: Bot) -> list[str]:
    return [row.command for row in rows(bot, schema.act)]


def digest_of(bot: Bot) -> str:
    assert digest(bot, at("2017-07-10T08:35"))
    return reply_to(bot, "digest", GUO)


@pytest.mark.parametrize(
    "order",
    [
        "联络员 五图街道 赵六 13900000000 zhao@mail.test",
        "停发",
        "免报 五图街道 6月 机构改革",
        "停用 五图街道 自 9月",
    ],
)
def test_a_digest_that_was_forwarded_makes_nobody_a_liaison_and_stops_nothing(bot: Bot, order: str) -> None:
    # given a digest whose token a stranger has, and a provider that says nothing of him
    subject = digest_of(bot)
    # when he writes in the name of who got it
    says(bot, GUO, order, subject, at("2017-07-10T10:00"), headers=UNCHECKED)
    # then the true one is asked, by a letter that the stranger does not get, and nothing was done
    assert acts(bot) == []
    assert to(bot, GUO)[-1] == "confirm_order"
    assert STRANGER not in [row.to for row in letters(bot)]
    # and his yes to a letter that he has not seen is none
    says(bot, GUO, "确认", subject, at("2017-07-10T10:05"), headers=UNCHECKED)
    assert acts(bot) == []
    # while the true one has it done by one word
    says(bot, GUO, "确认", reply_to(bot, "confirm_order", GUO), at("2017-07-10T11:00"), headers=UNCHECKED)
    assert len(acts(bot)) == 1


def test_a_strangers_address_is_registered_after_a_yes_or_if_the_provider_vouches(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, GUO, "登记", subject, headers=UNCHECKED)
    assert acts(bot) == []
    says(bot, GUO, "登记", subject, NOW + timedelta(minutes=5), headers=BY_GUO)
    assert acts(bot) == ["register"]


def test_a_question_of_another_letter_is_asked_back_once(either: Bot) -> None:
    bot = either
    # given yesterday's letter, and a question of today
    arrives(bot, report(STRANGER))
    yesterday = asked(bot)
    arrives(bot, report("qian@mail.test", subject="另一份"), NOW + timedelta(hours=20))
    asked(bot, NOW + timedelta(hours=20))
    first, second = (row.id for row in rows(bot, schema.attention))
    # when both are answered in reply to yesterday's
    says(bot, GUO, f"{first} 忽略\n{second} 忽略", yesterday, NOW + timedelta(hours=21))
    # then that of yesterday is decided, and the other asked back, and a yes does it
    assert acts(bot) == ["dismiss"]
    subject = "Re: " + header([r for r in letters(bot) if r.to == GUO][-1].mime, "Subject")
    says(bot, GUO, "确认", subject, NOW + timedelta(hours=22))
    assert acts(bot) == ["dismiss", "dismiss"]


def test_a_question_can_be_decided_once_by_its_letter(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, GUO, "通过", subject, headers=UNCHECKED)
    says(bot, GUO, "忽略", subject, NOW + timedelta(minutes=5), headers=UNCHECKED)
    assert acts(bot) == ["accept"]


@pytest.mark.parametrize("order", ["通过", "全部通过"])
def test_a_letter_that_was_forwarded_replaces_no_number_by_its_own_question(either: Bot, order: str) -> None:
    # given a correction that waits, and the office's letter about it in a stranger's hands
    bot = either
    arrives(bot, report(LI))
    arrives(bot, report(LI, extra=1, subject="更正"))
    subject = asked(bot)
    # when he answers its own question in the name of who got it
    says(bot, GUO, order, subject, headers=UNCHECKED)
    # then the number stands until the true one says yes, to a letter that the stranger does not get
    assert counted(bot) == 32 and acts(bot) == []
    assert to(bot, GUO)[-1] == "confirm_order"
    says(bot, GUO, "确认", subject, NOW + timedelta(minutes=5), headers=UNCHECKED)
    assert counted(bot) == 32
    says(bot, GUO, "确认", reply_to(bot, "confirm_order", GUO), NOW + timedelta(hours=1), headers=UNCHECKED)
    assert counted(bot) == 33


def test_a_letter_that_was_forwarded_moves_no_report_over_anothers_number(bot: Bot) -> None:
    # given a stranger's report for a unit that has none, and one that counts
    arrives(bot, report(LI))
    arrives(bot, report(STRANGER, "乔官镇", extra=9, subject="乔官镇"))
    subject = asked(bot)
    # then it may be taken for the first, and not be put over the other
    says(bot, GUO, "改为 五图街道", subject, headers=UNCHECKED)
    assert counted(bot) == 32 and acts(bot) == []
    says(bot, GUO, "通过", subject, NOW + timedelta(minutes=5), headers=UNCHECKED)
    assert acts(bot) == ["accept"]


def test_a_letter_that_was_forwarded_makes_nobody_a_liaison_by_a_list(bot: Bot) -> None:
    # given a list of liaisons that a stranger sent, which waits
    listed = xlsx((liaison_list("赵六", WUTU, 13900000000, STRANGER), ()))
    arrives(bot, mail(STRANGER, "联络员名单", ("联络员名单.xlsx", listed)))
    subject = asked(bot)
    says(bot, GUO, "通过", subject, headers=UNCHECKED)
    # then it is asked back
    assert acts(bot) == []
    assert to(bot, GUO)[-1] == "confirm_order"


def test_a_letter_that_was_forwarded_sends_no_link_in_the_name_of_the_office(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    says(bot, GUO, "回复 请到 http://evil.test/login 重新登记", subject, headers=UNCHECKED)
    assert "relayed" not in to(bot, STRANGER)
    assert to(bot, GUO)[-1] == "confirm_order"
    says(bot, GUO, "回复 请联系郭忠亮", subject, NOW + timedelta(minutes=5), headers=UNCHECKED)
    assert to(bot, STRANGER)[-1] == "relayed"


def test_a_letter_to_a_colleague_and_an_old_one_give_no_right(bot: Bot) -> None:
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    theirs = reply_to(bot, "attention", CHEN)
    (number,) = (row.id for row in rows(bot, schema.attention))
    says(bot, GUO, f"{number} 忽略", theirs, headers=UNCHECKED)
    late = NOW + timedelta(days=bot.config.trust.token_days + 1)
    says(bot, GUO, f"{number} 忽略", subject, late, headers=UNCHECKED)
    assert acts(bot) == []
    assert to(bot, GUO)[-2:] == ["confirm_order", "confirm_order"]


def test_an_order_with_less_proof_than_usual_is_asked_back(either: Bot) -> None:
    bot = either
    for number in range(habits.EARNED):
        says(bot, GUO, "状态", f"状态{number}", headers=BY_GUO)
    arrives(bot, report(STRANGER))
    subject = asked(bot)
    (number,) = (row.id for row in rows(bot, schema.attention))
    says(bot, GUO, f"{number} 通过", subject, headers=UNCHECKED)
    assert acts(bot) == []
    assert to(bot, GUO)[-1] == "confirm_order"
