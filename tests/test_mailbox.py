"""The mailbox against a real Dovecot: what is read, what is left alone, what is filed, what wakes it."""

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.config import MailboxSettings
from bot.errors import LoginRefused, MailboxError
from bot.mail.batches import batches
from bot.mail.mailbox import Mailbox
from tests.servers.dovecot import DovecotOffice

BEIJING = timezone(timedelta(hours=8))
WHEN = datetime(2017, 7, 5, 23, 59, 59, tzinfo=BEIJING)


def settings(office: DovecotOffice, **other: object) -> MailboxSettings:
    values = {"host": office.host, "port": office.imap_port, "security": "none", "username": office.username,
              "timeout_seconds": 5, **other}  # fmt: skip
    return MailboxSettings.model_validate(values)


def nothing(uids: Iterable[int]) -> set[int]:
    return set()


def fill(office: DovecotOffice, *bodies: bytes, folder: str = "INBOX") -> None:
    for body in bodies:
        office.deliver(office.username, b"Subject: x\r\n\r\n" + body + b"\r\n", WHEN, folder)


def flags(office: DovecotOffice, folder: str = "INBOX") -> list[set[bytes]]:
    with office.client() as client:
        client.select_folder(folder, readonly=True)
        return [set(row[b"FLAGS"]) - {b"\\Recent"} for row in client.fetch(client.search("ALL"), ["FLAGS"]).values()]


def test_mail_is_read_with_size_and_date_and_stays_unseen(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"one", "两".encode("gbk"))
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        opened = box.select("INBOX")
        uids = box.unknown(None, nothing)
        sizes = box.sizes(uids)
        bodies = dict(box.fetch(uids))
    assert (opened.folder, opened.uidnext) == ("INBOX", 3)
    assert opened.uidvalidity > 0
    assert bodies == {1: b"Subject: x\r\n\r\none\r\n", 2: b"Subject: x\r\n\r\n\xc1\xbd\r\n"}
    assert {uid: line.size for uid, line in sizes.items()} == {uid: len(body) for uid, body in bodies.items()}
    assert {line.received_at for line in sizes.values()} == {datetime(2017, 7, 5, 15, 59, 59, tzinfo=UTC)}
    assert flags(dovecot) == [set(), set()]


def test_the_work_list_is_what_the_record_does_not_know_whatever_people_have_read(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"1", b"2", b"3", b"4")
    with dovecot.client() as webmail:
        webmail.select_folder("INBOX")
        webmail.add_flags([1, 2, 3], [b"\\Seen"])
    asked: list[list[int]] = []

    def known(uids: Iterable[int]) -> set[int]:
        asked.append(list(uids))
        return {2}

    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        assert box.unknown(None, known) == [1, 3, 4]
        assert box.unknown(2, known) == [3, 4]
        assert box.unknown(3, known) == [4]
        # "UID 5:*" also matches UID 4, the last one
        assert box.unknown(4, known) == []
        assert box.unknown(99, known) == []
    assert asked == [[1, 2, 3, 4], [3, 4], [4]]


def test_an_empty_mailbox_is_a_quiet_poll(dovecot: DovecotOffice) -> None:
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        assert box.unknown(None, nothing) == []
        assert box.unknown(7, nothing) == []
        assert box.sizes([]) == {}
        assert list(box.fetch([])) == []


def test_a_mail_that_has_gone_is_absent(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"1", b"2")
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        assert set(box.sizes([1, 2, 77])) == {1, 2}
        assert [uid for uid, _ in box.fetch([2, 77, 2])] == [2]


def test_1200_mails_are_asked_for_in_portions(dovecot: DovecotOffice) -> None:
    with dovecot.client() as client:
        for first in range(0, 1200, 300):
            client.multiappend("INBOX", [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(first, first + 300)])
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        uids = box.unknown(None, nothing)
        sizes = box.sizes(uids)
        bodies = {uid: body for portion in batches(sizes) for uid, body in box.fetch(portion)}
    assert uids == list(range(1, 1201))
    assert bodies == {uid: b"Subject: %d\r\n\r\nx\r\n" % (uid - 1) for uid in uids}


def test_junk_with_a_chinese_name_is_found_and_read(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"lost", folder="垃圾邮件")
    fill(dovecot, b"flagged", folder="Verdacht")
    fill(dovecot, b"private", folder="工作")
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        names = box.folders()
        box.select("垃圾邮件")
        bodies = [body for _, body in box.fetch(box.unknown(None, nothing))]
    assert names[0] == "INBOX"
    assert set(names[1:]) == {"垃圾邮件", "Verdacht"}
    assert bodies == [b"Subject: x\r\n\r\nlost\r\n"]


def test_renumbered_mail_shows_by_another_uidvalidity(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"1", b"2")
    with dovecot.client() as client:
        client.select_folder("INBOX")
        client.delete_messages([1])
        client.expunge()
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        before = box.select("INBOX")
        assert box.unknown(None, nothing) == [2]
    dovecot.renumber()
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        after = box.select("INBOX")
        assert box.unknown(None, nothing) == [1]
    assert before.uidvalidity != after.uidvalidity


def test_done_mail_is_moved_to_a_folder_that_is_made_for_it(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"1", b"2", b"3")
    with Mailbox.open(settings(dovecot, file_into="已处理"), dovecot.password) as box:
        box.select("INBOX")
        assert box.file([1, 3], "已处理") is True
        assert box.file([1, 3], "已处理") is True  # again, after a crash: nothing left to move
        assert box.file([2], "INBOX") is False  # where it lies already: a move would make it new mail
        assert box.file([2], "") is False
        assert box.file([], "已处理") is False
        assert box.unknown(None, nothing) == [2]
        box.select("已处理")
        assert [body[-3:] for _, body in sorted(box.fetch(box.unknown(None, nothing)))] == [b"1\r\n", b"3\r\n"]
    assert flags(dovecot, "已处理") == [set(), set()]


def test_a_folder_that_somebody_makes_at_the_same_moment_is_taken(
    dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers that have both looked; or one, and a person in the web mail."""
    fill(dovecot, b"1")
    with Mailbox.open(settings(dovecot, file_into="已处理"), dovecot.password) as box:
        box.select("INBOX")
        create = box._client.create_folder

        def late(name: str) -> None:
            create(name)
            create(name)

        monkeypatch.setattr(box._client, "create_folder", late)
        assert box.file([1], "已处理") is True
        assert box.unknown(None, nothing) == []


def test_a_folder_that_does_not_exist_is_named(dovecot: DovecotOffice) -> None:
    with (
        Mailbox.open(settings(dovecot), dovecot.password) as box,
        pytest.raises(MailboxError, match=r"cannot open the folder '收件箱': .*exist"),
    ):
        box.select("收件箱")


def test_a_wrong_password_is_refused_and_stands_in_no_log(
    dovecot: DovecotOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with pytest.raises(LoginRefused, match=f"refused the login of {dovecot.username}: .*failed") as refused:
        Mailbox.open(settings(dovecot), "Wr0ng-pw")
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
    assert "Wr0ng-pw" not in caplog.text + str(refused.value)
    assert "LOGIN" not in caplog.text


def test_a_user_name_with_odd_characters_is_quoted(dovecot: DovecotOffice) -> None:
    # given a name that would split the command, or end its quotes
    for name in ("a b@demo.test", 'a"b@demo.test', "a(b@demo.test"):
        with pytest.raises(LoginRefused, match="refused the login"):
            Mailbox.open(settings(dovecot, username=name), "x y\\")


def test_the_client_introduces_itself(dovecot: DovecotOffice) -> None:
    with Mailbox.open(settings(dovecot), dovecot.password):
        pass
    assert f"support-email={dovecot.username}" in dovecot.server.log()


def test_push_wakes_when_mail_arrives(dovecot: DovecotOffice) -> None:
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        assert box.can_idle
        threading.Timer(0.3, fill, [dovecot, b"new"]).start()
        assert box.wait(600, threading.Event()) is True
        assert box.unknown(None, nothing) == [1]  # the connection is good for commands again


def test_flags_that_people_set_do_not_wake_it_and_time_ends_it(dovecot: DovecotOffice) -> None:
    fill(dovecot, b"old")
    with Mailbox.open(settings(dovecot), dovecot.password) as box, dovecot.client() as webmail:
        box.select("INBOX")
        webmail.select_folder("INBOX")
        threading.Timer(0.3, webmail.add_flags, [[1], [b"\\Seen"]]).start()
        started = time.monotonic()
        assert box.wait(2.5, threading.Event()) is False
        assert time.monotonic() - started > 2.4
        assert box.unknown(None, nothing) == [1]


def test_waiting_ends_soon_after_stop(dovecot: DovecotOffice) -> None:
    stop = threading.Event()
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        threading.Timer(0.3, stop.set).start()
        assert box.wait(600, stop) is False
        assert box.wait(600, stop) is False  # and at once, when it is set already


def test_close_from_another_thread_unblocks(dovecot: DovecotOffice) -> None:
    with Mailbox.open(settings(dovecot), dovecot.password) as box:
        box.select("INBOX")
        threading.Timer(0.3, box.close).start()
        with pytest.raises(MailboxError, match="lost the connection"):
            box.wait(600, threading.Event())


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_encrypted_by_a_certificate_that_is_trusted(
    dovecot: DovecotOffice, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = {"tls": dovecot.server.tls_port, "starttls": dovecot.imap_port}[security]
    with pytest.raises(MailboxError, match="certificate verify failed"):
        Mailbox.open(settings(dovecot, security=security, port=port), dovecot.password)
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.server.certificate))
    fill(dovecot, b"x" * 200_000)
    with Mailbox.open(settings(dovecot, security=security, port=port), dovecot.password) as box:
        box.select("INBOX")
        assert [len(body) for _, body in box.fetch([1])] == [200_016]
        threading.Timer(0.3, fill, [dovecot, b"new"]).start()
        assert box.wait(20, threading.Event()) is True
        assert box.unknown(1, nothing) == [2]


def test_a_name_that_the_certificate_does_not_hold_is_refused(
    dovecot: DovecotOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.server.certificate))
    with pytest.raises(MailboxError, match="localhost"):
        Mailbox.open(
            settings(dovecot, host="localhost", security="tls", port=dovecot.server.tls_port), dovecot.password
        )
