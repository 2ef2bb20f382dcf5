"""One SMTP connection: encrypted, logged in, every failure one clear line; and a letter's form on the wire."""

import re
import smtplib
import socket
import ssl
from typing import Any

from bot.config import SmtpSettings
from bot.errors import LoginRefused, SmtpError
from bot.letters.smtp_replies import alarming, refuses_at_login, turned_away
from bot.patience import READS, Patience

EHLO_NAME = "[127.0.0.1]"  # the machine's own name may be Chinese, which EHLO cannot carry, and tells too much
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")
SESSION_REPLIES = (
    8  # times the time-out of one read: so long may a whole login take, and a letter before its bytes count
)


class TurnedAway(SmtpError):
    """The server answered at the door, and told why: ``verdict`` says how long to stay away. ``alarm`` is what it said
    if an operator must see to the account, else empty."""

    def __init__(self, line: str, code: int, said: str) -> None:
        super().__init__(line)
        self.verdict = turned_away(code, said)
        self.alarm = self.verdict.reason if alarming(code, said, "mail") else ""


class _Patient(smtplib.SMTP):
    """SMTP each of whose replies is whole in time, or the connection ends."""

    def __init__(self, settings: SmtpSettings, patience: Patience, **more: Any) -> None:
        self.patience, self._seconds = patience, READS * settings.timeout_seconds
        super().__init__(settings.host, settings.port, EHLO_NAME, timeout=settings.timeout_seconds, **more)

    def _get_socket(self, *where: Any) -> socket.socket:
        return self.patience.watch(super()._get_socket(*where))  # type: ignore[misc]  # no part of its types

    def getreply(self) -> tuple[int, bytes]:
        """The reply to the last command, whole."""
        try:
            with self.patience.over(self._seconds, "a whole reply"):
                return super().getreply()
        except TimeoutError:
            self.close()  # as smtplib does where a read fails
            raise


class _PatientTls(_Patient, smtplib.SMTP_SSL):
    """The same over TLS from the first byte on."""


def connect(settings: SmtpSettings, password: str, patience: Patience) -> smtplib.SMTP:
    """A connection after login. Certificates are verified; without STARTTLS, where it is asked for, no login.
    ``patience`` breaks it off where a reply takes too long, and is the caller's for a whole letter."""
    where = f"{settings.host}:{settings.port}"
    smtp: smtplib.SMTP | None = None
    try:
        with patience.over(SESSION_REPLIES * settings.timeout_seconds, "the login"):
            smtp = _opened(settings, patience)
            if settings.security == "starttls":
                _encrypt(smtp, where)
            _log_in(smtp, settings, password)
        return smtp
    except smtplib.SMTPNotSupportedError as error:
        _hang_up(smtp)
        raise SmtpError(f"{where} offers no STARTTLS or no login: {error}") from error
    except smtplib.SMTPResponseException as error:
        _hang_up(smtp)
        code, said = error.smtp_code, plain(error.smtp_error)
        raise TurnedAway(f"{where} refuses to talk: {code} {said}", code, said) from error
    except (OSError, smtplib.SMTPException) as error:  # refused, timed out, bad certificate, hung up
        _hang_up(smtp)
        raise SmtpError(f"cannot open a session on {where}: {error}") from error
    except BaseException:
        _hang_up(smtp)
        raise


def _opened(settings: SmtpSettings, patience: Patience) -> _Patient:
    if settings.security == "tls":
        return _PatientTls(settings, patience, context=ssl.create_default_context())
    return _Patient(settings, patience)


def _encrypt(smtp: _Patient, where: str) -> None:
    code, text = smtp.starttls(context=ssl.create_default_context())
    if code != 220:  # else smtplib would go on in plain text
        raise SmtpError(f"{where} refused STARTTLS ({code} {plain(text)}): the password is not sent")
    assert smtp.sock is not None
    smtp.patience.watch(smtp.sock)


def _log_in(smtp: smtplib.SMTP, settings: SmtpSettings, password: str) -> None:
    if not password or not all(text.isascii() and text.isprintable() for text in (settings.username, password)):
        raise LoginRefused("the SMTP user name or password is empty or not plain ASCII: it cannot be sent")
    smtp.ehlo_or_helo_if_needed()
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if ours := [name for name in MECHANISMS if name in offered]:
        # smtplib would try a refused password again by every mechanism, and each is a failed login.
        smtp.esmtp_features["auth"] = ours[0]
    try:
        smtp.login(settings.username, password)
    except smtplib.SMTPAuthenticationError as error:
        code, said = error.smtp_code, plain(error.smtp_error)
        if refuses_at_login(code, said):
            raise LoginRefused(
                f"{settings.host} refused the login of {settings.username}: {code} {said}", said
            ) from None
        raise TurnedAway(f"{settings.host} lets nobody log in now: {code} {said}", code, said) from None


def _hang_up(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def wire_form(mime: bytes) -> bytes:
    """The letter as DATA carries it: CRLF line ends only, dots doubled, closed by a lone dot (RFC 5321, 4.5.2).
    A stray CR or LF could end the letter early at the next server and begin another (SMTP smuggling)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", mime)
    return re.sub(rb"(?m)^\.", b"..", lines.removesuffix(b"\r\n")) + b"\r\n.\r\n"


def plain(text: bytes | str) -> str:
    """A reply as one printable line; NetEase's are ASCII, some others' GBK."""
    if isinstance(text, str):
        said = text
    else:
        try:
            said = text.decode("utf-8")
        except UnicodeDecodeError:
            said = text.decode("gb18030", "replace")
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", said).strip()[:500]
