"""Mails as the programs of liaisons make them: headers in one charset, file names in encoded words, quotations."""

import io
import zipfile
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime

PROVIDER = "mx.demo"  # under this name the office's provider says whether it vouches for a sender
CRLF = policy.compat32.clone(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class File:
    """What hangs on a mail."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """A letter of ours, as its reader sees it. ``files`` are its attachments."""

    message_id: str
    subject: str
    text: str
    at: datetime
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A mail before it is bytes. ``by_machine`` has the headers of QQ's automatic reply."""

    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime
    message_id: str
    answers: Received | None = None
    files: tuple[File, ...] = ()
    by_machine: bool = False


def received(letter: bytes) -> Received:
    """Reads a letter of ours; they are well-formed, so the standard library's newer way will do."""
    message = message_from_bytes(letter, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    # Not get_content: of a calendar file, which is text/…, it makes a str.
    parts = [(part.get_filename() or "", bytes(part.get_payload(decode=True))) for part in message.iter_attachments()]
    files = [File(name, data) for name, data in parts]
    text = body.get_content() if body else ""
    return Received(message["Message-ID"], message["Subject"], text, message["Date"].datetime, tuple(files))


def packed(file: File, name: str) -> File:
    """The file in a zip called ``name``."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(file.name), file.data)
    return File(name, data.getvalue())


def mail(written: Written, charset: str) -> bytes:
    """The mail with CRLF line ends; the same bytes for the same values."""
    body = MIMEText(written.text, "plain", charset)
    message: MIMEMultipart | MIMEText = body
    if written.files:
        message = MIMEMultipart("mixed", f"----=_Part_{abs(hash_of(written.message_id))}")
        del body["MIME-Version"]
        message.attach(body)
        for file in written.files:
            message.attach(_attachment(file, charset))
    message["From"] = (
        f"{Header(written.name, charset).encode()} <{written.address}>" if written.name else written.address
    )
    message["To"] = written.to
    message["Subject"] = Header(written.subject, charset, header_name="Subject").encode()
    message["Date"] = format_datetime(written.at)
    message["Message-ID"] = written.message_id
    if written.answers:
        message["In-Reply-To"] = message["References"] = written.answers.message_id
    if written.by_machine:
        message["X-QQ-AUTO-REPLY"] = "true"
        local, _, domain = written.to.partition("@")
        message["Sender"] = f"10001+auto_={local}={domain}@qq.com"
    return message.as_bytes(policy=CRLF)


def vouched_for(data: bytes, address: str) -> bytes:
    """The mail as the office's provider keeps it: everybody in the story writes from his own mailbox."""
    return f"Authentication-Results: {PROVIDER}; spf=pass smtp.mailfrom={address}\r\n".encode() + data


def hash_of(text: str) -> int:
    """A number for a text, the same in every run."""
    return int.from_bytes(text.encode()) % 1_000_000_007


def _attachment(file: File, charset: str) -> MIMEApplication:
    """Named as QQ and Foxmail do it: encoded words inside the parameters, which RFC 2047 forbids."""
    part = MIMEApplication(file.data, "octet-stream")
    name = Header(file.name, charset, maxlinelen=990).encode()
    part.replace_header("Content-Type", f'application/octet-stream;\r\n\tname="{name}"')
    part["Content-Disposition"] = f'attachment;\r\n\tfilename="{name}"'
    return part
