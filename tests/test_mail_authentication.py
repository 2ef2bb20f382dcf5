"""Authentication-Results: which header is believed, and what it then says about From."""

import pytest

from bot.mail.authentication import Provider, authentication
from bot.mail.mime import Budget, parse
from bot.model.mail import Authentication

NETEASE = Provider.for_host("imap.163.com", "")
OTHER = Provider.for_host("mail.county.example", "mx.county.example")
RECEIVED = (
    b"Received: from out1.qq.com (unknown [203.205.1.2])\r\n"
    b"\tby gzmx14 (Coremail) with SMTP id TX1;\r\n\tMon, 3 Jul 2017 10:00:00 +0800\r\n"
)
PASSED, FAILED = b"spf=pass smtp.mail=a@town.example", b"spf=fail smtp.mail=a@town.example"


def verdict(head: bytes, provider: Provider, domain: str = "town.example") -> Authentication:
    return authentication(parse(head + b"From: a@town.example\r\n\r\nx", Budget()), domain, provider)


def coremail(*results: bytes, transaction: bytes = b"TX1", domain: str = "town.example") -> Authentication:
    """NetEase's order: its Received on top, the sender's headers, then its own headers."""
    lines = b"".join(b"Authentication-Results: " + r + b"\r\n" for r in results)
    return verdict(RECEIVED + b"Subject: x\r\nX-CM-TRANSID:" + transaction + b"\r\n" + lines, NETEASE, domain)


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        (b"gzmx14; spf=pass smtp.mail=a@town.example; dkim=none", "pass"),
        (b"gzmx14; spf=pass smtp.mail=a@to\r\n\twn.example; dkim=none", "pass"),  # a fold inside the address
        (b"gzmx14;\r\n\tspf=pass\r\n\tsmtp.mail=a@town.example;\r\n\tdkim=none", "pass"),  # folds between words
        (b"gzmx14; spf=none; dkim=pass header.i=@town.example", "pass"),
        (b"gzmx14; spf=pass smtp.mail=1+auto_=office=163.com@town.example", "pass"),
        (b"GZMX14; SPF=Pass smtp.mail=A@Town.Example", "pass"),
        (b"gzmx14; spf=fail smtp.mail=a@town.example; dkim=pass header.i=@town.example", "pass"),  # redirected
        (b"gzmx14; spf=fail smtp.mail=a@town.example; dkim=none", "fail"),
        (b"gzmx14; spf=none; dkim=fail header.i=@town.example", "fail"),
        # somebody else is proven to have sent it: the usual forgery
        (b"gzmx14; spf=pass smtp.mail=x@evil.example; dkim=none", "fail"),
        (b"gzmx14; spf=fail smtp.mail=x@evil.example; dkim=none", "fail"),
        (b"gzmx14; spf=pass smtp.mail=x@evil.example; dkim=pass header.i=@town.example", "pass"),
        (b"gzmx14; spf=pass smtp.mail=x@nottown.example", "fail"),
        (b"gzmx14; spf=pass smtp.mail=a@town.example@evil.example", "fail"),
        # the same organisation: neither
        (b"gzmx14; spf=pass smtp.mail=bounce@mail.town.example; dkim=none", "unknown"),
        # a foreign signature alone says nothing about From
        (b"gzmx14; spf=none; dkim=pass header.i=@sender.example", "unknown"),
        (b"gzmx14; spf=none; dkim=fail header.i=@sender.example", "unknown"),
        (b"gzmx14; spf=softfail smtp.mail=a@town.example; dkim=none", "unknown"),
        (b"gzmx14; spf=temperror smtp.mail=a@town.example", "unknown"),
        (b"gzmx14; spf=permerror smtp.mail=a@town.example", "unknown"),
        (b"gzmx14; spf=neutral smtp.mail=x@evil.example", "unknown"),
        (b"gzmx14; spf=pass; dkim=none", "unknown"),  # passed for whom?
        (b"gzmx14; none", "unknown"),
        (b"gzmx14", "unknown"),
        (b"", "unknown"),
        # what the sender chose as envelope or comment is no result
        (b'gzmx14; spf=none smtp.mail="a; dkim=pass header.i=@town.example; b"@evil.example; dkim=none', "unknown"),
        (b"gzmx14; spf=none (a (b); dkim=pass header.i=@town.example ; c)", "unknown"),
    ],
)  # fmt: skip
def test_what_neteases_header_says(results: bytes, wanted: Authentication) -> None:
    assert coremail(results) == wanted


def test_the_last_header_of_the_right_machine_counts() -> None:
    # given one planted among the sender's headers, above the real one
    planted, real = b"gzmx14; spf=pass smtp.mail=a@town.example", b"gzmx14; spf=fail smtp.mail=a@town.example"
    assert coremail(planted, real) == "fail"


def test_a_header_of_another_machine_is_not_believed_above_or_below() -> None:
    real, foreign = b"gzmx14; spf=pass smtp.mail=a@town.example", b"mx40; spf=fail smtp.mail=a@town.example"
    assert coremail(foreign, real) == "pass"
    assert coremail(real, foreign) == "pass"
    assert coremail(foreign) == "unknown"


def test_another_transaction_id_is_not_believed() -> None:
    assert coremail(b"gzmx14; spf=pass smtp.mail=a@town.example", transaction=b"TX2") == "unknown"


def test_the_last_transaction_id_is_the_providers() -> None:
    # given a planted X-CM-TRANSID above the real one
    head = RECEIVED + b"X-CM-TRANSID: planted\r\nX-CM-TRANSID: TX1\r\n"
    head += b"Authentication-Results: gzmx14; " + PASSED + b"\r\n"
    assert verdict(head, NETEASE) == "pass"


def test_only_the_top_received_names_the_machine() -> None:
    # given a planted Coremail line below the real top line, which is another server's
    head = b"Received: from x by relay.example (Postfix) with ESMTP id Q\r\n" + RECEIVED
    head += b"X-CM-TRANSID: TX1\r\nAuthentication-Results: gzmx14; spf=pass smtp.mail=a@town.example\r\n"
    assert verdict(head, NETEASE) == "unknown"


@pytest.mark.parametrize(
    "head", [b"", RECEIVED, b"Received: by\r\nX-CM-TRANSID: \r\nAuthentication-Results: ;\r\n", b"Received:\r\n"]
)
def test_a_mail_without_the_marks_is_unknown(head: bytes) -> None:
    assert verdict(head, NETEASE) == "unknown"


def test_a_mail_without_a_believed_sender_is_unknown() -> None:
    assert coremail(b"gzmx14; spf=pass smtp.mail=a@town.example", domain="") == "unknown"


def test_elsewhere_the_topmost_header_of_the_configured_id_counts() -> None:
    top = b"Authentication-Results: mx.county.example 1; spf=fail (x) smtp.mailfrom=a@town.example\r\n"
    planted = b"Authentication-Results: mx.county.example; spf=pass smtp.mailfrom=a@town.example\r\n"
    foreign = b"Authentication-Results: mx.evil.example; dkim=pass header.d=town.example\r\n"
    assert verdict(foreign + top + planted, OTHER) == "fail"
    assert verdict(foreign, OTHER) == "unknown"


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        (b"dmarc=pass (p=none) header.from=town.example", "pass"),
        (b"dmarc=fail header.from=town.example", "fail"),
        (b"dkim=pass header.d=town.example header.s=s1", "pass"),
        (b"spf=pass smtp.mailfrom=town.example", "pass"),  # a domain alone
    ],
)
def test_other_hosts_write_other_properties(results: bytes, wanted: Authentication) -> None:
    assert verdict(b"Authentication-Results: mx.county.example;\r\n " + results + b"\r\n", OTHER) == wanted


def test_with_nothing_configured_nothing_is_believed() -> None:
    headers = b"Authentication-Results: ; " + PASSED + b"\r\nAuthentication-Results: mx; " + FAILED + b"\r\n"
    assert verdict(headers, Provider.for_host("mail.county.example", "")) == "unknown"


@pytest.mark.parametrize(
    ("host", "netease"),
    [
        ("imap.163.com", True),
        ("IMAP.126.com.", True),
        ("imap.yeah.net", True),
        ("imaphz.qiye.163.com", True),
        ("imap.qq.com", False),
        ("evil163.com", False),
        ("163.com.evil.example", False),
        ("127.0.0.1", False),
    ],
)
def test_netease_is_known_by_its_host(host: str, netease: bool) -> None:
    assert Provider.for_host(host, "").netease is netease
