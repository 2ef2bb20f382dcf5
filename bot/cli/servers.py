"""The two servers, as ``doctor`` tries them: a login, every folder, how far back the inbox goes, the clock."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.cli.advice import SHORT_VIEW, Part, next_step
from bot.cli.troubles import NEXT, Check
from bot.errors import BotError

if TYPE_CHECKING:
    from bot.jobs.parts import Bot
    from bot.mail.mailbox import Mailbox

SKEW = timedelta(minutes=10)  # a server's clock that is ahead of ours by more shows that ours is behind
# What a mailbox shows whose settings hide what is older than 30 days; mail comes so often that the oldest is that old.
VIEW, ALMOST = timedelta(days=31), timedelta(days=25)
ENDS = 3  # mails at either end whose dates are asked for: numbers follow the order of arrival, but for mail moved back


def mailbox(bot: "Bot", clock: datetime) -> list[Check]:
    """IMAP: the login, the folders, what the inbox shows, the clock. ``clock`` is this machine's own time."""
    from bot.mail.mailbox import Mailbox
    from bot.secrets import password

    try:
        with Mailbox.open(bot.config.mailbox, password("mailbox")) as box:
            folders = box.folders()
            for name in folders:
                box.select(name)
            found = f"login good, reads {', '.join(folders)}{', has IDLE' if box.can_idle else ''}"
            box.select(bot.config.mailbox.folder)
            return [("mailbox", "ok", found, ""), *_ends(bot, box, clock)]
    except BotError as error:
        return [("mailbox", "failed", str(error), next_step("mailbox", bot.config.mailbox, error))]


def smtp(bot: "Bot") -> list[Check]:
    """SMTP: the login, and whether letters come from the account's own address, which providers insist on."""
    from bot.letters.smtp import Sender
    from bot.secrets import password

    settings = bot.config.smtp
    try:
        with Sender(settings, password("smtp")):
            pass
    except BotError as error:
        part: Part = "smtp"
        return [(part, "failed", str(error), next_step(part, settings, error))]
    if "@" in settings.username and settings.username.lower() != bot.config.own_address:
        found = f"login good; letters come from {bot.config.own_address}, the account is {settings.username}"
        return [("smtp", "warning", found, "set the address in [smtp] from to that of username: others are refused")]
    return [("smtp", "ok", "login good", "")]


def _ends(bot: "Bot", box: "Mailbox", clock: datetime) -> list[Check]:
    """What the oldest and the newest mails of the inbox tell; nothing where it is empty."""
    uids = box.unknown(None, lambda _: set())
    told = box.sizes({*uids[:ENDS], *uids[-ENDS:]})
    dates = [headline.received_at for headline in told.values() if headline.received_at is not None]
    if not dates:
        return []
    checks: list[Check] = []
    oldest, newest = clock - min(dates), max(dates)
    if newest > clock + SKEW:
        at = newest.astimezone(bot.zone).isoformat(" ", timespec="minutes")
        checks.append(
            ("clock", "failed", f"this machine is behind: the server has taken a mail at {at}", NEXT["clock"])
        )
    if oldest < VIEW and (oldest > ALMOST or _knows_older(bot, clock - VIEW)):
        found = f"the inbox shows {len(uids)} mails and none that is older than 30 days"
        fix = f"if there is older mail in the web mail, 收取选项 says {SHORT_VIEW}: choose 收取全部邮件 there"
        checks.append(("view", "warning", found, fix))
    return checks


def _knows_older(bot: "Bot", than: datetime) -> bool:
    """Whether the record has mail of the inbox, left where it was, that came before that."""
    from bot.record import archive

    with bot.record.read() as conn:
        return archive.came_before(conn, bot.config.mailbox.folder, than)
