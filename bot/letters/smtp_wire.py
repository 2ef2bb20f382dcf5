"""One SMTP connection: encrypted, logged in, every failure one clear line; and a letter's form on the wire."""

import re
import smtplib
import ssl

from bot.config import SmtpSettings
from bot.errors import LoginRefused, SmtpError
from bot.letters.smtp_replies import alarming, refuses_at_login, turned_away

EHLO_NAME = "[127.0.0.1]"  # the machine's own name may be Chinese, which EHLO cannot carry, and tells too much
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")


class TurnedAway(SmtpError):
    """The server answered at the door, and told why: ``verdict`` says how long to stay away. ``alarm`` is what it said
    if an operator must see to the account, else empty."""

    def __init__(self, line: str, code: int, said: str) -> None:
        super().__init__(line)
        self.verdict = turned_away(code, said)
        self.alarm = self.verdict.reason if alarming(code, said, "mail") else ""


def connect(settings: SmtpSettings, password: str) -> smtplib.SMTP:
    """A connection after login. Certificates are verified; without STARTTLS, where it is asked for, no login."""
    where = f"{settings.host}:{settings.port}"
    smtp: smtplib.SMTP | None = None
    try:
        kind = _plain if settings.security != "tls" else _encrypted
        smtp = kind(settings)
        if settings.security == "starttls":
            code, text = smtp.starttls(context=ssl.create_default_context())
            if code != 220:  # else smtplib would go on in plain text
                raise SmtpError(f"{where} refused STARTTLS ({code} {plain(text)}): the password is not sent")
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


def _encrypted(settings: SmtpSettings) -> smtplib.SMTP:
    context, seconds = ssl.create_default_context(), settings.timeout_seconds
    return smtplib.SMTP_SSL(settings.host, settings.port, EHLO_NAME, timeout=seconds, context=context)


def _plain(settings: SmtpSettings) -> smtplib.SMTP:
    return smtplib.SMTP(settings.host, settings.port, EHLO_NAME, timeout=settings.timeout_seconds)


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
            raise LoginRefused(f"{settings.host} refused the login of {settings.username}: {code} {said}") from None
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
