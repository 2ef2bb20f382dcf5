"""Handing letters to the provider's SMTP server: many over one connection, each to one recipient.

    Sender -connect, login-> send(mime, to) -> Sent | RetryAt | GivenUp ... -> close (QUIT)

``send`` returns before QUIT, so the caller marks each letter first. What an answer means: ``smtp_replies``.
"""

import contextlib
import smtplib
from email.utils import parseaddr
from typing import Self

from bot.config import ADDRESS, SmtpSettings
from bot.errors import LoginRefused, SmtpError
from bot.letters.smtp_replies import Step, alarming, is_farewell, judge, refuses_login
from bot.letters.smtp_wire import SESSION_REPLIES, connect, plain, wire_form
from bot.mail.authentication import Provider
from bot.model.letters import Delivery, GivenUp, RetryAt, Sent
from bot.patience import SLOWEST, Patience

NETEASE_LETTERS = 10  # over one connection; it says MI:DMC to more
RECONNECT_SECONDS = 60.0


class AnswerLost(SmtpError):
    """The whole letter was sent, but the server's answer did not arrive: it may or may not have been taken.
    Look for the letter's copy before it is sent again."""


def letters_per_connection(host: str) -> int | None:
    """How many letters a server takes over one connection; None: it says so itself, by 421, and a login is spared."""
    return NETEASE_LETTERS if Provider.for_host(host, "").netease else None


class Sender:
    """One login at the SMTP server. SmtpError when it cannot be reached, LoginRefused when it refuses the
    password; both also from ``send``, which reconnects, and both mean that no letter was handed over.

    ``alarms`` collects what the server said that an operator must see (quota used up, account locked).
    """

    def __init__(self, settings: SmtpSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._own = parseaddr(settings.sender)[1]
        self._smtp: smtplib.SMTP | None = None
        self._patience = Patience()
        self._taken = 0  # letters over this connection
        self._most = letters_per_connection(settings.host)
        self.alarms: list[str] = []

    def __enter__(self) -> Self:
        self._connection()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """QUIT, or simply hang up when the server does not listen. Never raises."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with contextlib.suppress(OSError, smtplib.SMTPException):  # the connection has been lost already
            if smtp.sock is not None:
                smtp.sock.settimeout(min(5.0, self._settings.timeout_seconds))
            smtp.quit()
        smtp.close()

    def send(self, mime: bytes, to: str, attempts: int = 1) -> Delivery:
        """Hand over one letter; ``attempts`` counts the times that it may be called spam (see ``judge``).

        The envelope sender is our own address: NetEase refuses any other, also the empty one. A connection
        that was lost before the letter went is renewed once. Raises AnswerLost, SmtpError or LoginRefused.
        """
        if not ADDRESS.fullmatch(to):
            return GivenUp(f"bad address syntax, SMTP cannot carry it: {to!r}", dead_address=True)
        data = wire_form(mime)
        if self._most is not None and self._taken >= self._most:
            self.close()
        standing = self._smtp is not None
        try:
            try:
                return self._offer(self._connection(), data, to, attempts)
            except smtplib.SMTPServerDisconnected:
                if not standing:  # else the server closed it while it idled between letters
                    raise
                self.close()
                return self._offer(self._connection(), data, to, attempts)
        except (OSError, smtplib.SMTPException) as error:  # also a reply line that has no end
            self.close()
            return RetryAt(RECONNECT_SECONDS, f"connection lost before the letter was handed over: {error}", True)

    def _offer(self, smtp: smtplib.SMTP, data: bytes, to: str, attempts: int) -> Delivery:
        """The letter over this connection, which ends where the whole of it takes too long."""
        seconds = SESSION_REPLIES * self._settings.timeout_seconds + len(data) / SLOWEST
        with self._patience.over(seconds, "the letter"):
            return self._said(smtp, data, to, attempts)

    def _said(self, smtp: smtplib.SMTP, data: bytes, to: str, attempts: int) -> Delivery:
        size = [f"size={len(data)}"] if smtp.has_extn("size") else []
        eight = ["body=8bitmime"] if not data.isascii() and smtp.has_extn("8bitmime") else []
        code, text = smtp.mail(self._own, [*size, *eight])
        if is_farewell(code, plain(text)):  # an idle connection may end so; a fresh one is tried once
            raise smtplib.SMTPServerDisconnected(plain(text))
        if code != 250:
            return self._refused(code, plain(text), "mail", attempts)
        code, text = smtp.rcpt(to)
        if code not in (250, 251):
            return self._refused(code, plain(text), "rcpt", attempts)
        code, text = smtp.docmd("DATA")
        if code != 354:
            return self._refused(code, plain(text), "data", attempts)
        smtp.send(data)  # fails only when the final dot did not leave
        try:
            code, text = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise AnswerLost(f"{self._settings.host} did not say whether it took the letter: {error}") from error
        if not 200 <= code < 300 and not 400 <= code < 600:
            self.close()
            raise AnswerLost(f"{self._settings.host} answered the letter with something unknown: {plain(text)}")
        if code < 300:
            self._taken += 1
            return Sent(plain(text))
        return self._refused(code, plain(text), "data", attempts)

    def _refused(self, code: int, text: str, step: Step, attempts: int) -> Delivery:
        """The verdict; the connection goes on with RSET, or anew when the server has had enough of it."""
        self._taken += 1
        if alarming(code, text, step):
            self.alarms.append(f"{code} {text}")
        if refuses_login(code, text):
            self.close()
            raise LoginRefused(f"{self._settings.host} refused {self._settings.username}: {code} {text}", text)
        verdict = judge(code, text, step, attempts)
        if not 400 <= code < 600 or code == 421 or "MI:DMC" in text or not self._reset():
            self.close()
        return verdict

    def _reset(self) -> bool:
        try:
            return self._smtp is not None and self._smtp.rset()[0] == 250
        except (OSError, smtplib.SMTPException):  # hung up right after its refusal
            return False

    def _connection(self) -> smtplib.SMTP:
        if self._smtp is None:
            self._taken = 0
            self._patience = Patience()
            self._smtp = connect(self._settings, self._password, self._patience)
        return self._smtp
