"""Which folders of an account can hold a report: the configured one, and wherever the provider puts junk; and where
it keeps copies of what was sent; and what else there is, into which a rule of the web mail may have moved one.

The names are facts of the providers (NetEase, QQ, common IMAP servers), as protocol names are, not wording.
"""

from collections.abc import Iterable

Listed = tuple[tuple[bytes, ...], str, str]  # flags, delimiter (may be empty), decoded name

JUNK_FLAGS = {b"\\junk", b"\\spam"}  # RFC 6154; \Spam is how XLIST wrote it
ASIDE_NAMES = {  # drafts and trash
    "草稿箱", "草稿", "已删除", "已删除邮件", "废件箱", "回收站",
    "drafts", "draft", "trash", "deleted", "deleted items", "deleted messages", "bin", "outbox", "发件箱", "templates",
}  # fmt: skip
SENT_NAMES = {"已发送", "已发送邮件", "已发邮件", "sent messages", "sent items", "sent", "sent mail"}
CLOSED_FLAGS = {b"\\noselect", b"\\nonexistent"}
NEVER_FLAGS = {*CLOSED_FLAGS, b"\\sent", b"\\trash", b"\\drafts", b"\\all", b"\\flagged"}
JUNK_NAMES = {
    "垃圾邮件", "垃圾箱", "病毒邮件", "病毒文件夹", "广告邮件", "订阅邮件",
    "junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk mail",
}  # fmt: skip


def folders_to_read(listing: Iterable[Listed], configured: str, filed: str = "") -> list[str]:
    """The configured folder first, then the junk folders in the server's order, each once.

    Sent, trash and drafts are left out even when named like junk, and so is ``filed``, where mail that is
    done is moved. The configured folder stands even if the server does not list it: opening it will tell.
    """
    names = [configured]
    for flags, delimiter, name in listing:
        if _is_junk({flag.lower() for flag in flags}, delimiter, name) and name != filed:
            names.append(name)
    unique = dict.fromkeys("INBOX" if name.upper() == "INBOX" else name for name in names)
    return list(unique)


def other_folders(
    listing: Iterable[Listed],
    read: Iterable[str],
    own: Iterable[str],
    look_into: Iterable[str],
    leave_out: Iterable[str],
) -> list[str]:
    """Every folder that can be opened and holds neither sent mail, drafts nor trash, in the server's order: but for
    those that are ``read`` anyway, and the bot's ``own``. ``look_into`` names some that would be left out,
    ``leave_out`` some that would not."""
    never, wanted = {*read, *own, *leave_out}, set(look_into)
    names = []
    for flags, delimiter, name in listing:
        lowered = {flag.lower() for flag in flags}
        if "INBOX" in never and name.upper() == "INBOX":
            continue
        aside = lowered & NEVER_FLAGS or _last(delimiter, name).lower() in ASIDE_NAMES | SENT_NAMES
        if name not in never and not lowered & CLOSED_FLAGS and (name in wanted or not aside):
            names.append(name)
    return list(dict.fromkeys(names))


def sent_folder(listing: Iterable[Listed]) -> str | None:
    """Where the provider keeps copies of sent mail: by its flag (RFC 6154), else by name; None where there is none."""
    by_name = None
    for flags, delimiter, name in listing:
        if b"\\sent" in {flag.lower() for flag in flags}:
            return name
        if _last(delimiter, name).lower() in SENT_NAMES and by_name is None:
            by_name = name
    return by_name


def _last(delimiter: str, name: str) -> str:
    return name.rsplit(delimiter, 1)[-1] if delimiter else name  # "INBOX.Junk", "[Gmail]/Spam"


def _is_junk(flags: set[bytes], delimiter: str, name: str) -> bool:
    if flags & NEVER_FLAGS:
        return False
    return bool(flags & JUNK_FLAGS) or _last(delimiter, name).lower() in JUNK_NAMES
