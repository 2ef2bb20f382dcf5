"""The post offices behave alike: what goes in by either door comes out by the other, as it was."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy
from imapclient import IMAPClient

from bot.config import SmtpSettings
from bot.demo.servers import DemoServers, PostOffice
from bot.letters.smtp import Sender
from bot.model.letters import GivenUp, Sent
from tests.servers import need

BEIJING = timezone(timedelta(hours=8))
MAIL = "Subject: 报表\r\nX-Odd: \u00e9\r\n\r\n.dot\r\n..\r\n".encode()


@pytest.fixture(params=["demo", "dovecot"])
def office(request: pytest.FixtureRequest) -> Iterator[PostOffice]:
    if request.param == "dovecot":
        yield request.getfixturevalue("dovecot")
        return
    with DemoServers("bot@demo.test", "secret", {"demo.test"}) as servers:
        yield servers


def smtp_settings(office: PostOffice) -> SmtpSettings:
    return SmtpSettings.model_validate(
        {"host": office.host, "port": office.smtp_port, "security": "none", "username": office.username,
         "from": f"县安委会办公室 <{office.username}>", "timeout_seconds": 5}
    )  # fmt: skip


def stored(office: PostOffice, folder: str = "INBOX") -> list[tuple[bytes, datetime]]:
    with IMAPClient(office.host, office.imap_port, ssl=False, timeout=5) as client:
        client.normalise_times = False
        client.login(office.username, office.password)
        client.select_folder(folder, readonly=True)
        rows = client.fetch(client.search("ALL"), ["BODY.PEEK[]", "INTERNALDATE"])
        return [(row[b"BODY[]"], row[b"INTERNALDATE"]) for _, row in sorted(rows.items())]


def test_delivered_mail_is_there_byte_for_byte_with_its_date(office: PostOffice) -> None:
    when = datetime(2017, 7, 5, 23, 59, 59, tzinfo=BEIJING)
    office.deliver(office.username, MAIL, when)
    assert stored(office) == [(MAIL, when)]
    assert office.sent == []


def test_mail_can_be_delivered_into_a_chinese_folder(office: PostOffice) -> None:
    office.deliver(office.username, MAIL, datetime(2017, 7, 5, tzinfo=UTC), "垃圾邮件")
    office.deliver(office.username, MAIL, datetime(2017, 7, 6, tzinfo=UTC), "垃圾邮件")
    assert len(stored(office, "垃圾邮件")) == 2
    assert stored(office) == []


def test_sent_letters_are_kept_in_order_and_unknown_domains_are_refused(office: PostOffice) -> None:
    with Sender(smtp_settings(office), office.password) as sender:
        results = [sender.send(MAIL + f"{to}\r\n".encode(), to) for to in ("A@demo.test", "b@demo.test", "a@demo.test")]
        stranger = sender.send(MAIL, "c@elsewhere.test")
    assert all(isinstance(result, Sent) for result in results)
    assert stranger == GivenUp("550 5.1.1 User not found", dead_address=True)
    assert [(posted.mail_from, posted.to) for posted in office.sent] == [
        (office.username, "a@demo.test"),
        (office.username, "b@demo.test"),
        (office.username, "a@demo.test"),
    ]
    assert office.letters_to("A@demo.test") == [MAIL + b"A@demo.test\r\n", MAIL + b"a@demo.test\r\n"]


def test_a_letter_to_the_office_itself_also_arrives_in_its_mailbox(office: PostOffice) -> None:
    with Sender(smtp_settings(office), office.password) as sender:
        assert isinstance(sender.send(MAIL, office.username), Sent)
    assert [data for data, _ in stored(office)] == [MAIL]


def test_the_demo_dates_own_mail_by_its_own_clock() -> None:
    then = datetime(2017, 7, 6, 9, tzinfo=BEIJING)
    with DemoServers("bot@demo.test", "secret", {"demo.test"}, now=lambda: then) as office:
        with Sender(smtp_settings(office), "secret") as sender:
            sender.send(MAIL, "bot@demo.test")
        assert stored(office) == [(MAIL, then)]


# Only CRLF, dot, CRLF ends DATA (RFC 5321, 4.1.1.4); a server that is more generous takes a second letter.
@pytest.mark.parametrize(
    "end", [b"\n.\r\n", b"\n.\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n"], ids=repr
)
def test_a_smuggled_letter_stays_part_of_the_first(office: PostOffice, end: bytes) -> None:
    # given a client that ends DATA by something like a line with a dot, and a second letter behind it (CVE-2024-27305)
    body = b"one" + end + b"MAIL FROM:<boss@demo.test>\r\nRCPT TO:<b@demo.test>\r\nDATA\r\ntwo\r\n.\r\n"
    with smtplib.SMTP(office.host, office.smtp_port, timeout=5) as client:
        client.login(office.username, office.password)
        for command in (f"MAIL FROM:<{office.username}>", "RCPT TO:<a@demo.test>", "DATA"):
            assert client.docmd(command)[0] in (250, 354)
        client.send(body)
        assert client.getreply()[0] == 250
    assert [posted.to for posted in office.sent] == ["a@demo.test"]


def test_without_login_nothing_is_taken(office: PostOffice) -> None:
    with smtplib.SMTP(office.host, office.smtp_port, timeout=5) as client:
        client.ehlo()
        assert client.mail(office.username)[0] == 530
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(office.username, "wrong")
    assert office.sent == []


def test_a_program_that_is_absent_skips_the_test_or_fails_on_the_build_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BOT_REQUIRE_SERVERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="nosuchd is not installed"):
        need.program("nosuchd")
    for variable, value in (("CI", "true"), ("BOT_REQUIRE_SERVERS", "1")):
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            with pytest.raises(pytest.fail.Exception, match="nosuchd is not installed"):
                need.program("nosuchd")


def test_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    engine = sqlalchemy.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE only_here (x text)"))  # fails where it exists already
        connection.execute(sqlalchemy.text("INSERT INTO only_here VALUES ('五图街道')"))
        assert connection.scalar(sqlalchemy.text("SELECT x FROM only_here")) == "五图街道"
    engine.dispose()


test_another_test_has_another_database = test_each_test_has_a_database_of_its_own


def test_the_demo_servers_leave_nothing_behind() -> None:
    # given clients that never say goodbye, and a Python that reports what is left open
    script = """
import gc, logging, socket, threading, warnings
warnings.simplefilter("error")
logging.getLogger("asyncio").setLevel(logging.ERROR)  # which tells how long a step took, on a busy machine
from bot.demo.servers import DemoServers
with DemoServers("bot@demo.test", "secret", {"demo.test"}) as office:
    ports = (office.imap_port, office.smtp_port)
    clients = [socket.create_connection((office.host, port), timeout=5) for port in ports]
    greetings = [client.recv(100)[:4] for client in clients]
assert greetings == [b"* OK", b"220 "], greetings
for client in clients: client.close()
gc.collect()
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
"""
    command = [sys.executable, "-X", "dev", "-c", script]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
