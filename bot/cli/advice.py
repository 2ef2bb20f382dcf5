"""What to do next when a server refuses, falls silent, or shows less than there is: one sentence. Pure.

By what the server said, as far as it is known what it means; the words of settings pages are the provider's own.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.cli.providers import Provider, of_host
from bot.errors import BotError, ConfigError, LoginRefused

if TYPE_CHECKING:
    from bot.config import Server

Part = Literal["mailbox", "smtp"]
SERVICE: dict[Part, str] = {"mailbox": "IMAP", "smtp": "SMTP"}
SHORT_VIEW = "收取最近30天邮件"


@dataclass(frozen=True, slots=True)
class Known:
    """A text that is known, and the sentence for it; ``{...}`` are those of ``next_step``."""

    pattern: re.Pattern[str]
    sentence: str


def _known(pattern: str, sentence: str) -> Known:
    return Known(re.compile(pattern, re.I), sentence)


# The first that fits. QQ's own text names five causes, of which the first two are on one page.
REFUSED = (
    _known(
        r"too (much|many) fail|frequency limited(?!, or system)|locked",
        "wait six hours, as the provider has locked logins after too many that failed, then give a new {code} once",
    ),
    _known(
        r"service is not open|no permission|not (enabled|open)|disabled|没有权限|未开启",
        "switch on {service} in the web mail ({page}), and if it is on, make a new {code} there and store it {where}",
    ),
    _known(
        r"authoriz(ed|ation) code|授权码|REQCODE",
        "store the {code} {where} instead of the password of the web mail; {page} makes one",
    ),
    _known(
        r"not plain ASCII|empty",
        "store the {code} as {page} shows it {where}, without anything before or behind it, and see [{part}] username",
    ),
)
REFUSED_ELSE = "make a new {code} in the web mail ({page}), see that {service} is on there, and store the code {where}"
BROKEN = (
    _known(
        r"unsafe login",
        "switch on IMAP in the web mail ({page}) and make a new {code}; if that changes nothing, write to {support}",
    ),
    _known(r"refused our ID", "write to {support}, quoting this: without an ID that it takes it opens no folder"),
    _known(
        r"not yet valid|has expired",
        "set this machine's clock right (Linux: timedatectl set-ntp true; Windows: w32tm /resync): by it the server's"
        " certificate is not valid today; if it is right, the provider has to renew that certificate",
    ),
    _known(
        r"certificate verify failed|hostname mismatch|not valid for",
        "ask whoever runs the network whether something there opens encrypted connections, and see [{part}] host",
    ),
    _known(
        r"name or service|getaddrinfo|name resolution|nodename|no address",
        "see [{part}] host, and whether this machine can look names up (DNS)",
    ),
    _known(
        r"cannot open the folder",
        "see [mailbox] folder, which the server does not open: the inbox is called INBOX everywhere",
    ),
    _known(r"wrong version number|record layer|unknown protocol", "see [{part}] port and security: the two do not fit"),
    _known(r"STARTTLS", 'set [{part}] security = "tls" and the port that the provider names for SSL'),
    _known(
        r"lets nobody log in now|refuses to talk",
        "wait a quarter of an hour and run doctor again: the server turns everybody from here away for now",
    ),
)
BROKEN_ELSE = "see [{part}] host and port ({host}:{port}), and whether the network lets this machine out to them"


def next_step(part: Part, server: "Server", error: BotError) -> str:
    """The sentence for what a login at ``server`` ended with."""
    provider = of_host(server.host)
    if isinstance(error, ConfigError):
        variable = f"BOT_{part.upper()}_PASSWORD_FILE"
        return f"`python -m bot init` keeps the {provider.code} in the keyring, or set {variable} to a file with it"
    table, otherwise = (REFUSED, REFUSED_ELSE) if isinstance(error, LoginRefused) else (BROKEN, BROKEN_ELSE)
    sentence = next((known.sentence for known in table if known.pattern.search(str(error))), otherwise)
    return sentence.format(part=part, host=server.host, port=server.port, **_words(part, provider))


def _words(part: Part, provider: Provider) -> dict[str, str]:
    return {
        "service": SERVICE[part],
        "where": "where the old one is (the keyring, or the file or variable of BOT_…_PASSWORD)",
        "page": provider.page,
        "code": provider.code,
        "support": provider.support,
    }
