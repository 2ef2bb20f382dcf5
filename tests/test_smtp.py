"""Sending: one connection for many letters, nothing said twice, every refusal and every broken wire told apart."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.config import SmtpSettings
from bot.errors import LoginRefused, SmtpError
from bot.letters.smtp import AnswerLost, Sender, letters_per_connection
from bot.letters.smtp_wire import TurnedAway, plain, wire_form
from bot.model.letters import GivenUp, RetryAt, Sent
from tests.servers.certificates import self_signed
from tests.servers.scripted_smtp import CUT, DRIP, SILENCE, ScriptedSmtp
from tests.servers.smtp_sink import SmtpSink

LETTER = b"Subject: =?utf-8?b?5Zue5omn?=\r\n\r\nreceived\r\n"
ONE = ["MAIL", "RCPT", "DATA", "DOT"]


def settings(port: int, **other: Any) -> SmtpSettings:
    return SmtpSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "security": "none", "username": "bot@demo.test", "timeout_seconds": 3,
         "from": "昌乐县安委会办公室 <bot@demo.test>", **other}
    )  # fmt: skip


def sender_for(server: ScriptedSmtp | SmtpSink, **other: Any) -> Sender:
    return Sender(settings(server.port, **other), "secret")


@pytest.fixture
def scripted() -> Iterator[ScriptedSmtp]:
    with ScriptedSmtp() as server:
        yield server


# --- What arrives ----------------------------------------------------------------------------------------------


def test_letters_arrive_as_they_are_from_our_own_address(smtp_sink: SmtpSink) -> None:
    letters = [b"Subject: %d\r\n\r\n.\r\n..dots\r\n.end\r\n" % n for n in range(3)]
    with sender_for(smtp_sink) as sender:
        results = [sender.send(letter, f"u{n}@demo.test") for n, letter in enumerate(letters)]
    assert results == [Sent("2.0.0 OK queued as 1"), Sent("2.0.0 OK queued as 2"), Sent("2.0.0 OK queued as 3")]
    assert [posted.data for posted in smtp_sink.sent] == letters
    assert [(posted.mail_from, posted.to) for posted in smtp_sink.sent] == [
        ("bot@demo.test", f"u{n}@demo.test") for n in range(3)
    ]


def test_no_letter_can_end_early_and_begin_another(smtp_sink: SmtpSink) -> None:
    letter = b"Subject: x\r\n\r\na\n.\nMAIL FROM:<x@demo.test>\n\r.\r\nb\r.\rc"
    with sender_for(smtp_sink) as sender:
        assert isinstance(sender.send(letter, "a@demo.test"), Sent)
    assert [posted.data for posted in smtp_sink.sent] == [
        b"Subject: x\r\n\r\na\r\n.\r\nMAIL FROM:<x@demo.test>\r\n\r\n.\r\nb\r\n.\r\nc\r\n"
    ]


@pytest.mark.parametrize(
    ("mime", "wire"),
    [(b"", b"\r\n.\r\n"), (b"a", b"a\r\n.\r\n"), (b".\r\n", b"..\r\n.\r\n"), (b"a\r\n\r\n", b"a\r\n\r\n.\r\n")],
)
def test_the_form_on_the_wire(mime: bytes, wire: bytes) -> None:
    assert wire_form(mime) == wire


@pytest.mark.parametrize(
    ("host", "most"),
    [("smtp.163.com", 10), ("smtp.qiye.163.com", 10), ("SMTP.126.com", 10), ("smtp.qq.com", None), ("x163.com", None)],
)
def test_netease_takes_ten_letters_over_a_connection(host: str, most: int | None) -> None:
    assert letters_per_connection(host) == most


@pytest.mark.parametrize(("most", "served"), [(None, [12]), (10, [10, 2])])
def test_one_connection_serves_as_many_letters_as_the_provider_takes(
    scripted: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch, most: int | None, served: list[int]
) -> None:
    monkeypatch.setattr("bot.letters.smtp.letters_per_connection", lambda _: most)
    with sender_for(scripted) as sender:
        for n in range(12):
            assert isinstance(sender.send(LETTER, f"u{n}@demo.test"), Sent)
    assert scripted.verbs() == [["EHLO", "AUTH", *ONE * n, "QUIT"] for n in served]


def test_a_server_that_has_had_enough_letters_is_called_again(scripted: ScriptedSmtp) -> None:
    scripted.replies["MAIL"] = ["250 ok", "250 ok", "421 too many messages in this connection", "250 ok"]
    with sender_for(scripted) as sender:
        for n in range(4):
            assert isinstance(sender.send(LETTER, f"u{n}@demo.test"), Sent)
    assert len(scripted.log) == 2


def test_the_machines_own_name_is_not_told_and_the_size_is(scripted: ScriptedSmtp) -> None:
    with sender_for(scripted) as sender:
        sender.send(LETTER, "a@demo.test")
        sender.send("Subject: 回\r\n".encode(), "a@demo.test")
    commands = scripted.log[0]
    assert commands[0] == "ehlo [127.0.0.1]"
    assert commands[2] == f"mail FROM:<bot@demo.test> size={len(LETTER) + 3}"
    assert commands[6].endswith(" body=8bitmime")
    assert scripted.passwords == ["secret"]


def test_a_server_that_promises_nothing_is_asked_for_nothing(scripted: ScriptedSmtp) -> None:
    scripted.features = ("AUTH PLAIN",)
    with sender_for(scripted) as sender:
        assert sender.send(LETTER, "a@demo.test") == Sent("queued")
    assert scripted.log[0][2] == "mail FROM:<bot@demo.test>"


def test_send_returns_before_quit(scripted: ScriptedSmtp) -> None:
    scripted.replies["QUIT"] = SILENCE
    sender = sender_for(scripted, timeout_seconds=0.3)
    assert sender.send(LETTER, "a@demo.test") == Sent("queued")
    assert "QUIT" not in scripted.verbs()[0]
    sender.close()  # does not mind the silence
    sender.close()
    assert scripted.verbs()[0][-1] == "QUIT"


# --- Refusals ------------------------------------------------------------------------------------------------------


def test_a_refused_letter_does_not_spoil_the_next(scripted: ScriptedSmtp) -> None:
    scripted.replies["RCPT"] = ["550 User not found: a@demo.test", "250 ok"]
    scripted.replies["DOT"] = ["451 DT:SPM 163 smtp4", "554 DT:SPM", "250 queued"]
    with sender_for(scripted) as sender:
        results = [sender.send(LETTER, "a@demo.test") for _ in range(4)]
    assert results == [
        GivenUp("550 User not found: a@demo.test", dead_address=True),
        RetryAt(120, "451 DT:SPM 163 smtp4"),
        GivenUp("554 DT:SPM", needs_office=True),
        Sent("queued"),
    ]
    refused = ["MAIL", "RCPT", "RSET", *ONE, "RSET", *ONE, "RSET"]
    assert scripted.verbs() == [["EHLO", "AUTH", *refused, *ONE, "QUIT"]]
    assert sender.alarms == []


def test_the_third_temporary_spam_verdict_is_held(scripted: ScriptedSmtp) -> None:
    scripted.replies["DOT"] = "451 DT:SPM"
    with sender_for(scripted) as sender:
        assert sender.send(LETTER, "a@demo.test", attempts=3) == GivenUp("451 DT:SPM", needs_office=True)


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "DOT"])
def test_a_used_up_quota_is_an_alarm_wherever_it_is_said(scripted: ScriptedSmtp, verb: str) -> None:
    scripted.replies[verb] = "554 MI:STC"
    with sender_for(scripted) as sender:
        assert sender.send(LETTER, "a@demo.test") == RetryAt(12 * 3600, "554 MI:STC", True, tomorrow=True)
        assert sender.alarms == ["554 MI:STC"]


def test_too_many_on_this_connection_means_a_new_one(scripted: ScriptedSmtp) -> None:
    scripted.replies["MAIL"] = ["451 MI:DMC 163 smtp4", "250 ok"]
    with sender_for(scripted) as sender:
        assert sender.send(LETTER, "a@demo.test") == RetryAt(60, "451 MI:DMC 163 smtp4")
        assert isinstance(sender.send(LETTER, "a@demo.test"), Sent)
    assert len(scripted.log) == 2


def test_an_answer_in_gbk_is_read() -> None:
    assert plain("用户\r\n不存在".encode("gbk")) == "用户 不存在"
    assert plain("用户不存在".encode()) == "用户不存在"
    assert plain(b"\xff\xff\x00x") != ""


@pytest.mark.parametrize(
    "to",
    ["", "nobody", "a@b.cn\r\nRCPT TO:<c@d.cn>", "a b@demo.test", "<a@demo.test>", "李@demo.test", "a@演示.cn",
     "a@b@c.cn", "a,b@c.cn", "a\0@demo.test", '"a"@demo.test'],
)  # fmt: skip
def test_what_is_no_plain_address_never_reaches_the_server(scripted: ScriptedSmtp, to: str) -> None:
    with sender_for(scripted) as sender:
        verdict = sender.send(LETTER, to)
    assert isinstance(verdict, GivenUp)
    assert verdict.dead_address
    assert scripted.verbs() == [["EHLO", "AUTH", "QUIT"]]


# --- Login ---------------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_tried_once(scripted: ScriptedSmtp) -> None:
    scripted.replies["AUTH"] = "535 Error: authentication failed"
    with pytest.raises(LoginRefused, match=r"127.0.0.1 refused the login of bot@demo\.test: 535 Error"):
        sender_for(scripted).__enter__()
    assert scripted.passwords == ["secret"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("550 User has no permission", LoginRefused),
        ("451 Error: too much fail authentication", LoginRefused),
        ("454 4.7.0 Temporary authentication failure", TurnedAway),
        ("421 HL:ICC", TurnedAway),
        ("554 MI:SPB", TurnedAway),
        (CUT, SmtpError),
    ],
)
def test_other_answers_to_the_login(scripted: ScriptedSmtp, reply: str, error: type[Exception]) -> None:
    scripted.replies["AUTH"] = reply
    with pytest.raises(error) as refused:
        sender_for(scripted).__enter__()
    assert type(refused.value) is error
    assert "secret" not in str(refused.value)


def test_a_login_that_expires_between_letters_stops(scripted: ScriptedSmtp) -> None:
    scripted.replies["MAIL"] = ["250 ok", "530 Authentication required"]
    with sender_for(scripted) as sender:
        assert isinstance(sender.send(LETTER, "a@demo.test"), Sent)
        with pytest.raises(LoginRefused, match="530"):
            sender.send(LETTER, "b@demo.test")


@pytest.mark.parametrize("password", ["", "授权码", "a\r\nb"])
def test_a_password_that_cannot_be_sent_is_not_sent(scripted: ScriptedSmtp, password: str) -> None:
    with pytest.raises(LoginRefused, match="not plain ASCII"):
        Sender(settings(scripted.port), password).__enter__()
    assert scripted.passwords == []


def test_a_server_without_login_is_told_apart(scripted: ScriptedSmtp) -> None:
    scripted.features = ("SIZE",)
    with pytest.raises(SmtpError, match="offers no STARTTLS or no login"):
        sender_for(scripted).__enter__()


# --- A broken world -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [CUT, SILENCE])
def test_a_connection_lost_before_the_letter_left_is_tried_anew_once(
    scripted: ScriptedSmtp, verb: str, answer: str
) -> None:
    scripted.replies[verb] = answer
    with sender_for(scripted, timeout_seconds=0.3) as sender:
        verdict = sender.send(LETTER, "a@demo.test")
        assert isinstance(verdict, RetryAt)
        assert (verdict.seconds, verdict.whole_outbox) == (60, True)
        assert len(scripted.log) == 2
        scripted.replies.clear()
        assert isinstance(sender.send(LETTER, "a@demo.test"), Sent)
    assert len(scripted.letters) == 1


@pytest.mark.parametrize("answer", [CUT, "421 4.4.2 idle too long"])
def test_a_connection_that_was_closed_while_idle_is_renewed_unnoticed(scripted: ScriptedSmtp, answer: str) -> None:
    scripted.replies["MAIL"] = ["250 ok", answer, "250 ok"]
    with sender_for(scripted) as sender:
        assert [sender.send(LETTER, to) for to in ("a@demo.test", "b@demo.test")] == [Sent("queued")] * 2
    assert len(scripted.letters) == 2


@pytest.mark.parametrize("answer", [CUT, SILENCE, "what?"])
def test_an_answer_lost_after_the_dot_is_told_apart_and_not_sent_again(scripted: ScriptedSmtp, answer: str) -> None:
    scripted.replies["DOT"] = answer
    with sender_for(scripted, timeout_seconds=0.3) as sender:
        with pytest.raises(AnswerLost, match=r"did not say|something unknown") as lost:
            sender.send(LETTER, "a@demo.test")
        assert isinstance(lost.value, SmtpError)
        assert len(scripted.letters) == 1
        # the sender itself is good for the next letter
        scripted.replies.clear()
        assert isinstance(sender.send(LETTER, "b@demo.test"), Sent)
    assert len(scripted.letters) == 2


@pytest.mark.parametrize("greeting", ["554 HL:IHU", "421 HL:ICC", CUT, SILENCE, "* OK IMAP4", "\xff\xfe"])
def test_a_server_that_does_not_greet_is_an_smtp_error(scripted: ScriptedSmtp, greeting: str) -> None:
    scripted.replies["GREETING"] = greeting
    with pytest.raises(SmtpError, match=f"127.0.0.1:{scripted.port}"):
        sender_for(scripted, timeout_seconds=0.4).__enter__()


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "AUTH"])
def test_a_server_that_drips_is_left_before_the_login(scripted: ScriptedSmtp, verb: str) -> None:
    scripted.replies[verb] = DRIP
    with pytest.raises(SmtpError, match=r"took longer than 1 s"):
        sender_for(scripted, timeout_seconds=0.5).__enter__()


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_drips_gets_the_letter_later(scripted: ScriptedSmtp, verb: str) -> None:
    scripted.replies[verb] = DRIP
    with sender_for(scripted, timeout_seconds=0.3) as sender:
        verdict = sender.send(LETTER, "a@demo.test")
        assert isinstance(verdict, RetryAt)
        assert "took longer" in verdict.reason


def test_a_server_that_drips_after_the_dot_may_have_taken_the_letter(scripted: ScriptedSmtp) -> None:
    scripted.replies["DOT"] = DRIP
    with sender_for(scripted, timeout_seconds=0.3) as sender, pytest.raises(AnswerLost, match="took longer"):
        sender.send(LETTER, "a@demo.test")


def test_nobody_listening_is_an_smtp_error_also_in_the_middle() -> None:
    with ScriptedSmtp() as server:
        sender = sender_for(server, timeout_seconds=0.5)
        assert isinstance(sender.send(LETTER, "a@demo.test"), Sent)
    with pytest.raises(SmtpError, match="refused"):
        sender.send(LETTER, "a@demo.test")
    sender.close()


def test_a_reply_without_end_is_a_lost_connection(scripted: ScriptedSmtp) -> None:
    scripted.replies["RCPT"] = "250 " + "x" * 100_000
    with sender_for(scripted) as sender:
        assert isinstance(sender.send(LETTER, "a@demo.test"), RetryAt)


# --- Encryption -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [("AUTH PLAIN",), ("AUTH PLAIN", "STARTTLS")])
def test_stripped_or_refused_starttls_sends_no_password(scripted: ScriptedSmtp, features: tuple[str, ...]) -> None:
    scripted.features = features
    scripted.replies["STARTTLS"] = "454 TLS not available"
    with pytest.raises(SmtpError, match=r"STARTTLS|454 TLS not available"):
        sender_for(scripted, security="starttls").__enter__()
    assert scripted.passwords == []


def test_starttls_followed_by_plain_text_sends_no_password(scripted: ScriptedSmtp) -> None:
    scripted.features = ("AUTH PLAIN", "STARTTLS")
    scripted.replies["STARTTLS"] = "220 go\r\n250 AUTH PLAIN"
    with pytest.raises(SmtpError, match="cannot open a session"):
        sender_for(scripted, security="starttls", timeout_seconds=0.5).__enter__()
    assert scripted.passwords == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encryption_needs_a_certificate_that_is_trusted(
    certificate: tuple[ssl.SSLContext, Path], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = certificate
    late = security == "starttls"
    with ScriptedSmtp(tls=None if late else context, upgrade=context if late else None) as server:
        server.features = ("AUTH PLAIN", *(("STARTTLS",) if late else ()))
        with pytest.raises(SmtpError, match="certificate verify failed"):
            sender_for(server, security=security).__enter__()
        assert server.passwords == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        with sender_for(server, security=security) as sender:
            assert sender.send(LETTER, "a@demo.test") == Sent("queued")
        assert server.passwords == ["secret"]


def test_an_answer_slipped_in_before_encryption_is_not_believed_after_it(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given, in the packet of the 220, the answers to the EHLO and the AUTH that will follow
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    with ScriptedSmtp(upgrade=certificate[0], features=("AUTH PLAIN", "STARTTLS")) as server:
        server.replies["STARTTLS"] = "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok"
        server.replies["AUTH"] = "535 Error: authentication failed"
        # then only what came encrypted counts
        with pytest.raises(LoginRefused, match="authentication failed"):
            sender_for(server, security="starttls").__enter__()
        assert server.verbs() == [["EHLO", "STARTTLS", "EHLO", "AUTH"]]
