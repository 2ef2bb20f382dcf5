"""The mailbox against a server that speaks like NetEase, and against servers that break, lie or listen in."""

import ssl
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from bot.config import MailboxSettings
from bot.errors import LoginRefused, MailboxError
from bot.mail.mailbox import Mailbox
from tests.servers.certificates import self_signed
from tests.servers.netease import CAPABILITIES, CUT, DRIP, SILENCE, NetEase, Stored

CONTROLS = [*range(32), 127]


def settings(server: NetEase, **other: Any) -> MailboxSettings:
    values = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": server.username,
              "timeout_seconds": 3, **other}  # fmt: skip
    return MailboxSettings.model_validate(values)


def open_box(server: NetEase, **other: Any) -> Mailbox:
    return Mailbox.open(settings(server, **other), server.password)


def nothing(uids: Iterable[int]) -> set[int]:
    return set()


def whole_poll(server: NetEase) -> dict[int, bytes]:
    """What intake does with one folder after another."""
    found: dict[int, bytes] = {}
    with open_box(server) as box:
        for folder in box.folders():
            box.select(folder)
            uids = box.unknown(None, nothing)
            found.update(box.fetch(box.sizes(uids)))
    return found


def fail_with(*, when: str, answer: str) -> Any:
    return lambda command: answer if command.startswith(when) else None


# --- NetEase ---------------------------------------------------------------------------------------------------


def test_id_goes_between_login_and_folder_on_every_connection(netease: NetEase) -> None:
    for _ in range(2):
        with open_box(netease) as box:
            box.select("INBOX")
    for commands in netease.log:
        words = [command.split(" ")[0] for command in commands]
        assert words == ["CAPABILITY", "LOGIN", "ID", "EXAMINE", "LOGOUT"]
    assert netease.log[1][2] == (
        'ID ("name" "annex4-bot" "version" "0.1.0" "vendor" "office" "support-email" "bot@163.test")'
    )
    assert len(netease.log) == 2


@pytest.mark.parametrize("offers", [["IMAP4rev1 ID", "IMAP4rev1"], ["IMAP4rev1", "IMAP4rev1 ID"]])
def test_id_is_sent_whether_it_is_offered_before_login_or_after(netease: NetEase, offers: list[str]) -> None:
    netease.interfere = lambda command: (
        f"* CAPABILITY {offers.pop(0)}\r\nTAG OK done" if command == "CAPABILITY" else None
    )
    with open_box(netease) as box:
        assert box.select("INBOX").uidvalidity == 1
    assert [command.split(" ")[0] for command in netease.commands()].count("ID") == 1


def test_a_server_without_id_is_not_asked_for_it(netease: NetEase) -> None:
    netease.capabilities, netease.needs_id = "IMAP4rev1", False
    with open_box(netease) as box:
        assert box.select("INBOX").uidnext is None
        assert not box.can_idle
    assert not [command for command in netease.commands() if command.startswith("ID")]


def test_unsafe_login_says_what_to_do(netease: NetEase) -> None:
    netease.capabilities = "IMAP4rev1"  # so that ID is withheld, which NetEase punishes at the first folder
    with (
        open_box(netease) as box,
        pytest.raises(MailboxError, match=r"'INBOX': .*Unsafe Login.*; the provider wants .*authorization code"),
    ):
        box.select("INBOX")


@pytest.mark.parametrize("answer", ["TAG BAD Parse command error", "TAG NO not you"])
def test_a_refused_id_says_so(netease: NetEase, answer: str) -> None:
    netease.interfere = fail_with(when="ID", answer=answer)
    with pytest.raises(MailboxError, match=rf"127.0.0.1 refused our ID \(.*{answer[8:]}.*authorization code"):
        open_box(netease)


def test_a_whole_poll_reads_junk_too_and_asks_only_what_netease_can(netease: NetEase) -> None:
    netease.mails = {
        "INBOX": [Stored(1433920980, b"a\r\n"), Stored(1499000000, b"b\r\n")],
        "&V4NXPpCuTvY-": [Stored(1499000001, b"c\r\n")],
    }
    assert whole_poll(netease) == {1433920980: b"a\r\n", 1499000000: b"b\r\n", 1499000001: b"c\r\n"}
    assert netease.commands()[3:] == [
        'LIST "" "*"',
        'EXAMINE "INBOX"',
        "UID SEARCH ALL",
        "UID FETCH 1433920980,1499000000 (UID RFC822.SIZE INTERNALDATE)",
        "UID FETCH 1433920980,1499000000 (UID BODY.PEEK[])",
        'EXAMINE "&V4NXPpCuTvY-"',
        "UID SEARCH ALL",
        "UID FETCH 1499000001 (UID RFC822.SIZE INTERNALDATE)",
        "UID FETCH 1499000001 (UID BODY.PEEK[])",
        'EXAMINE "&dcVr0pCuTvY-"',
        "UID SEARCH ALL",
        "LOGOUT",
    ]
    assert netease.seen == set()


def test_without_move_nothing_is_filed(netease: NetEase) -> None:
    netease.mails["INBOX"] = [Stored(7, b"x")]
    with open_box(netease) as box:
        box.select("INBOX")
        before = len(netease.commands())
        assert box.file([7], "done") is False
        assert netease.commands()[before:] == ["CAPABILITY"]


def test_refused_login_is_not_tried_twice(netease: NetEase) -> None:
    with pytest.raises(LoginRefused, match=r"refused the login of bot@163\.test: LOGIN Login error or password error"):
        Mailbox.open(settings(netease), "old code")
    assert [command for command in netease.commands() if command.startswith("LOGIN")] == [
        'LOGIN bot@163.test "old code"'
    ]


def test_a_server_that_quotes_the_command_does_not_spread_the_password(netease: NetEase) -> None:
    netease.interfere = fail_with(when="LOGIN", answer='TAG BAD what is "hunter2"?')
    with pytest.raises(LoginRefused) as refused:
        Mailbox.open(settings(netease), "hunter2")
    assert "***" in str(refused.value)
    assert "hunter2" not in repr(refused.value) + repr(refused.value.__cause__)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"])
def test_a_login_that_is_refused_for_now_is_no_wrong_password(netease: NetEase, code: str) -> None:
    netease.interfere = fail_with(when="LOGIN", answer=f"TAG NO [{code}] too many connections")
    with pytest.raises(MailboxError, match=r"lets nobody log in now: .*too many connections"):
        open_box(netease)


@pytest.mark.parametrize("password", ["", "授权码", "a\r\nA1 DELETE INBOX", "nul\0"])
def test_a_password_that_cannot_be_sent_is_not_sent(netease: NetEase, password: str) -> None:
    with pytest.raises(LoginRefused, match="not plain ASCII"):
        Mailbox.open(settings(netease), password)
    assert netease.commands() == ["CAPABILITY"]


# --- Guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CONTROLS)
def test_no_control_character_enters_a_command(netease: NetEase, code: int) -> None:
    # given what a decoded subject can hold: the end of this command, and another one
    text = f"x{chr(code)}A1 DELETE Victim"
    with open_box(netease) as box:
        box.select("INBOX")
        for command in (("SEARCH", text), ("FETCH", text, "(UID)")):
            with pytest.raises(MailboxError, match="control character"):
                box._client._imap.uid(*command)
        with pytest.raises(MailboxError, match="control character"):
            box._client.search(["SUBJECT", text])
        box._client.noop()
    assert netease.commands()[4:] == ["CAPABILITY", "NOOP", "LOGOUT"]


def test_folder_names_are_encoded_so_that_they_can_hold_anything(netease: NetEase) -> None:
    with open_box(netease) as box, pytest.raises(MailboxError):
        box.select("x\r\nA1 DELETE Victim\x7f")
    assert netease.commands()[-2:] == ['EXAMINE "x&AA0ACg-A1 DELETE Victim&AH8-"', "LOGOUT"]


# --- A broken world ---------------------------------------------------------------------------------------------

STEPS = ["CAPABILITY", "LOGIN", "ID", "LIST", "EXAMINE", "UID SEARCH", "UID FETCH"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("answer", [CUT, "* BYE Autologout", "* OK\r\nwhat?"], ids=repr)
def test_a_connection_that_breaks_at_any_step_is_one_clear_line(netease: NetEase, step: str, answer: str) -> None:
    netease.mails["INBOX"] = [Stored(1, b"x")]
    netease.interfere = fail_with(when=step, answer=answer)
    with pytest.raises(MailboxError) as broken:
        whole_poll(netease)
    assert "\n" not in str(broken.value)
    # and the next poll works as if nothing had been
    netease.interfere = None
    assert whole_poll(netease) == {1: b"x"}


def test_a_connection_cut_after_any_byte_never_gives_a_wrong_mail(netease: NetEase) -> None:
    mails = {1: b"Subject: a\r\n\r\n" + b"x" * 70 + b"\r\n", 2: b"Subject: b\r\n\r\nA1 OK\r\n* 3 EXISTS\r\n"}
    netease.mails["INBOX"] = [Stored(uid, data) for uid, data in mails.items()]
    broken = 0
    assert whole_poll(netease) == mails
    for cut in range(1, max(netease.answered), 13):
        netease.cut_after = cut
        try:
            assert whole_poll(netease) == mails
        except MailboxError:
            broken += 1
    # only what is cut in the farewell does no harm
    assert broken > 0.9 * max(netease.answered) / 13
    netease.cut_after = None
    assert whole_poll(netease) == mails


@pytest.mark.parametrize("step", ["greeting", *STEPS])
def test_a_silent_server_ends_by_time_out(netease: NetEase, step: str) -> None:
    netease.mails["INBOX"] = [Stored(1, b"x")]
    if step == "greeting":
        netease.greeting = ""
    netease.interfere = fail_with(when=step, answer=SILENCE)
    with pytest.raises(MailboxError, match="timed out"), open_box(netease, timeout_seconds=0.4) as box:
        box.folders()
        box.select("INBOX")
        list(box.fetch(box.sizes(box.unknown(None, nothing))))


@pytest.mark.parametrize("step", ["greeting", *STEPS])
def test_a_server_that_drips_ends_by_the_time_of_a_whole_answer(netease: NetEase, step: str) -> None:
    # given a byte each tenth of a second: no read meets its time-out of half a second
    netease.mails["INBOX"] = [Stored(1, b"x")]
    if step == "greeting":
        netease.greeting = DRIP
    netease.interfere = fail_with(when=step, answer=DRIP)
    with pytest.raises(MailboxError, match="took longer than 1 s"), open_box(netease, timeout_seconds=0.5) as box:
        box.folders()
        box.select("INBOX")
        list(box.fetch(box.sizes(box.unknown(None, nothing))))


def test_a_large_mail_has_the_time_that_it_needs(netease: NetEase) -> None:
    # given a mail over a slow line: longer than an answer may take, but not than its size allows
    body = b"x" * 100_000
    netease.mails["INBOX"] = [Stored(1, body)]
    netease.pause = 0.05
    with open_box(netease, timeout_seconds=0.4) as box:
        box.select("INBOX")
        assert dict(box.fetch([1])) == {1: body}


def test_a_poll_ends_when_its_minutes_are_over(netease: NetEase) -> None:
    netease.interfere = fail_with(when="UID SEARCH", answer=SILENCE)
    broken = pytest.raises(MailboxError, match="the poll was broken off: a poll took longer")
    with open_box(netease, timeout_seconds=60, poll_minutes=0.005) as box, broken, box.poll():
        box.select("INBOX")
        box.unknown(None, nothing)


def test_nobody_listening_is_a_clear_line(netease: NetEase) -> None:
    with NetEase() as gone:
        pass
    with pytest.raises(MailboxError, match=f"cannot connect to 127.0.0.1:{gone.port}: .*refused"):
        open_box(gone)


@pytest.mark.parametrize("greeting", ["* BYE too many connections", "220 smtp.163.com", "* NO go away"])
def test_an_unfriendly_greeting(netease: NetEase, greeting: str) -> None:
    netease.greeting = greeting
    with pytest.raises(MailboxError, match=f"cannot connect to .*{greeting[-8:]}"):
        open_box(netease)


@pytest.mark.parametrize("size", [20, 99999999999999])
def test_a_literal_that_promises_too_much_shows_as_a_broken_connection(netease: NetEase, size: int) -> None:
    netease.interfere = fail_with(when="UID FETCH", answer=f"* 1 FETCH (UID 1 BODY[] {{{size}}}\r\nx)\r\nTAG OK done")
    with open_box(netease, timeout_seconds=0.5) as box:
        box.select("INBOX")
        with pytest.raises(MailboxError, match=r"cannot fetch: .*(timed out|a literal of 99999999999999 bytes)"):
            list(box.fetch([1]))


@pytest.mark.parametrize("rest", ["o long", "o long indeed", "o (long)", 'o "long', "\r\nA1 OK"])
def test_a_literal_that_promises_too_little_never_gives_half_a_mail(netease: NetEase, rest: str) -> None:
    netease.interfere = fail_with(when="UID FETCH", answer=f"* 1 FETCH (UID 1 BODY[] {{2}}\r\nto{rest})\r\nTAG OK done")
    with open_box(netease, timeout_seconds=0.5) as box:
        box.select("INBOX")
        try:
            assert list(box.fetch([1])) == []
        except MailboxError as error:
            assert "cannot fetch" in str(error)


def test_answers_nobody_asked_for_are_ignored(netease: NetEase) -> None:
    netease.interfere = fail_with(
        when="UID FETCH",
        answer="* 5 FETCH (FLAGS (\\Seen))\r\n* 6 FETCH (UID 66 BODY[] {1}\r\nf)\r\n* 7 FETCH (BODY[] {1}\r\nn)\r\n"
        "* 8 FETCH (UID 8 BODY[] NIL)\r\n* 9 EXISTS\r\n* 1 FETCH (UID 9 BODY[] {1}\r\ny FLAGS ())\r\nTAG OK done",
    )
    with open_box(netease) as box:
        box.select("INBOX")
        assert list(box.fetch([5, 7, 8, 9, 10])) == [(9, b"y")]


@pytest.mark.parametrize(
    "answer", ["TAG NO cannot read this mail", "TAG BAD Internal", '* 1 FETCH (UID 3 "x\r\nTAG OK done']
)
def test_one_mail_on_which_the_server_stumbles_does_not_stop_the_others(netease: NetEase, answer: str) -> None:
    netease.mails["INBOX"] = [Stored(uid, b"%d" % uid) for uid in range(1, 9)]

    def stumble(command: str) -> str | None:
        word, *rest = command.split(" ")
        return answer if word == "UID" and rest[0] == "FETCH" and "3" in rest[1].split(",") else None

    netease.interfere = stumble
    with open_box(netease) as box:
        box.select("INBOX")
        assert sorted(box.fetch(range(1, 9))) == [(uid, b"%d" % uid) for uid in (1, 2, 4, 5, 6, 7, 8)]


def test_one_odd_folder_name_does_not_stop_intake(netease: NetEase, caplog: pytest.LogCaptureFixture) -> None:
    netease.interfere = fail_with(when="LIST", answer='* LIST () "/" "&V4NXPp"\r\nTAG OK done')
    with open_box(netease) as box:
        assert box.folders() == ["INBOX"]
    assert "junk folders are not read" in caplog.text


@pytest.mark.parametrize(
    ("line", "uidvalidity"),
    [("", 0), ("* OK [UIDVALIDITY 0] x\r\n", 0), ("* OK [UIDVALIDITY 42] x\r\n", 42)],
)
def test_uidvalidity_may_be_missing(netease: NetEase, line: str, uidvalidity: int) -> None:
    netease.interfere = fail_with(when="EXAMINE", answer=f"* 0 EXISTS\r\n{line}TAG OK [READ-ONLY] done")
    with open_box(netease) as box:
        assert box.select("INBOX").uidvalidity == uidvalidity


def test_a_date_without_meaning_keeps_the_mail(netease: NetEase) -> None:
    netease.mails["INBOX"] = [
        Stored(1, b"x", "31-Feb-2017 00:00:00 +0800"),
        Stored(2, b"x", "05-Jul-2017 08:00:00 -0000"),
    ]
    with open_box(netease) as box:
        box.select("INBOX")
        dates = {uid: line.received_at for uid, line in box.sizes([1, 2]).items()}
    assert dates == {1: None, 2: datetime(2017, 7, 5, 8, tzinfo=UTC)}


# --- Push --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pushing(netease: NetEase) -> Iterator[tuple[NetEase, Mailbox]]:
    netease.capabilities = f"{CAPABILITIES} IDLE"
    with open_box(netease) as box:
        box.select("INBOX")
        yield netease, box


@pytest.mark.parametrize("answer", ["+ idling\r\n* 5 EXISTS", "* 5 EXISTS\r\n+ idling", "+\r\n* OK hm\r\n* 5 EXISTS"])
def test_mail_that_arrives_together_with_the_plus_is_seen_at_once(
    pushing: tuple[NetEase, Mailbox], answer: str
) -> None:
    server, box = pushing
    server.interfere = lambda command: (
        answer if command == "IDLE" else f"{last_tag(box)} OK done" if not command else None
    )
    assert box.wait(600, threading.Event()) is True


def last_tag(box: Mailbox) -> str:
    imap = box._client._imap
    return str((imap.tagpre + str(imap.tagnum - 1).encode()).decode())


@pytest.mark.parametrize("answer", ["TAG NO not now", "TAG BAD what", CUT, "+ idling\r\n* BYE bye"])
def test_a_push_that_breaks_is_a_mailbox_error(pushing: tuple[NetEase, Mailbox], answer: str) -> None:
    server, box = pushing
    server.interfere = lambda command: answer if command == "IDLE" else CUT if not command else None
    with pytest.raises(MailboxError, match="lost the connection while waiting"):
        box.wait(20, threading.Event())


def test_stop_does_not_wait_for_a_server_that_fell_silent(pushing: tuple[NetEase, Mailbox]) -> None:
    server, box = pushing
    server.interfere = lambda command: "+ idling" if command == "IDLE" else SILENCE
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    box.wait(600, stop)


# --- Encryption --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["none", "starttls"])
def test_a_greeting_that_skips_login_is_refused(netease: NetEase, security: str) -> None:
    netease.greeting = "* PREAUTH welcome back"
    with pytest.raises(MailboxError, match=r"\(PREAUTH\): not trusted"):
        open_box(netease, security=security)
    assert netease.commands() == ["CAPABILITY"]


def test_stripped_starttls_sends_no_password(netease: NetEase) -> None:
    netease.capabilities = "IMAP4rev1 ID"
    with pytest.raises(MailboxError, match="offers no STARTTLS: the password is not sent"):
        open_box(netease, security="starttls")
    assert not [command for command in netease.commands() if command.startswith("LOGIN")]


@pytest.mark.parametrize("answer", ["TAG NO not now", "TAG BAD what", "TAG OK begin\r\n* CAPABILITY IMAP4rev1 EVIL"])
def test_starttls_that_fails_or_is_followed_by_plain_text_sends_no_password(netease: NetEase, answer: str) -> None:
    netease.interfere = fail_with(when="STARTTLS", answer=answer)
    with pytest.raises(MailboxError):
        open_box(netease, security="starttls", timeout_seconds=1)
    assert netease.commands()[:2] == ["CAPABILITY", "STARTTLS"]
    assert "LOGIN" not in "".join(netease.commands())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_a_certificate_nobody_vouches_for_is_refused(certificate: tuple[ssl.SSLContext, Path]) -> None:
    with (
        NetEase(tls=certificate[0]) as server,
        pytest.raises(MailboxError, match=r"cannot connect to .*certificate verify failed"),
    ):
        open_box(server, security="tls")
    assert server.commands() == []


def test_over_tls_everything_works_and_close_unblocks(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with NetEase(tls=certificate[0], capabilities=f"{CAPABILITIES} IDLE") as server:
        server.mails["INBOX"] = [Stored(1, b"x" * 100_000)]
        server.interfere = fail_with(when="IDLE", answer="+ idling")
        with open_box(server, security="tls") as box:
            box.select("INBOX")
            assert list(box.fetch([1])) == [(1, b"x" * 100_000)]
            threading.Timer(0.3, box.close).start()
            with pytest.raises(MailboxError):
                box.wait(600, threading.Event())


def test_an_answer_slipped_in_before_encryption_is_not_believed_after_it(
    netease: NetEase, certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a real upgrade, and a server that then refuses the login
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    netease.upgrade = certificate[0]
    with open_box(netease, security="starttls") as box:
        box.select("INBOX")
    refuse = fail_with(when="LOGIN", answer="TAG NO LOGIN Login error or password error")
    tags: list[str] = []

    def slip_in(command: str) -> str | None:
        # who stands in the middle counts the tags, and answers the coming LOGIN in the packet of the OK
        if command != "STARTTLS":
            return str(refuse(command)) if command.startswith("LOGIN") else None
        prefix, number = netease.tags[-1].rstrip("0123456789"), int(netease.tags[-1].lstrip(ascii_letters))
        tags.extend(f"{prefix}{number + n}" for n in range(1, 4))
        return "TAG OK begin\r\n* CAPABILITY IMAP4rev1 EVIL\r\n" + "".join(f"{t} OK completed\r\n" for t in tags)

    netease.interfere = slip_in
    with pytest.raises(LoginRefused):
        open_box(netease, security="starttls")
    assert set(tags) & set(netease.tags)  # what was forged had the right tags
