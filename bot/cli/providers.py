"""What the common providers of mail in China are called: hosts, ports, and the words of their settings pages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. Both servers speak TLS from the first byte. ``page`` is where its web mail switches IMAP and SMTP
    on, ``code`` what it calls the password that programs use there, ``support`` whom to write to. ``authserv_id`` is
    the name under which it adds Authentication-Results to what it receives, where one is known."""

    name: str
    imap: tuple[str, int]
    smtp: tuple[str, int]
    domains: tuple[str, ...] = ()
    page: str = "设置 → POP3/SMTP/IMAP"
    code: str = "授权码"
    support: str = "its support"
    authserv_id: str = ""


NETEASE = "kefu@188.com"
QQ_PAGE = "设置 → 账号 → POP3/IMAP/SMTP服务"
EX_PAGE, EX_CODE = "设置 → 收发信设置", "客户端专用密码"
SAFE_CODE, SAFE_PAGE = "客户端安全密码", "设置 → 账户安全 → 三方客户端安全密码"

# As of November 2026, from the providers' help pages and from reports of users; smtp.aliyun.com is not confirmed.
# Whose results are believed: NetEase's have no fixed name and are found by their own marks, which mails of 2020 and
# 2026 confirm (``bot.mail.authentication``). Of QQ, Exmail, Aliyun and 139 no mail with such results was seen: none is
# named here, because a name that the provider does not use, and so does not remove, could be planted by anybody.
PROVIDERS = (
    Provider("163", ("imap.163.com", 993), ("smtp.163.com", 465), ("163.com",), support=NETEASE),
    Provider("126", ("imap.126.com", 993), ("smtp.126.com", 465), ("126.com",), support=NETEASE),
    Provider("yeah", ("imap.yeah.net", 993), ("smtp.yeah.net", 465), ("yeah.net",), support=NETEASE),
    Provider("qiye163", ("imap.qiye.163.com", 993), ("smtp.qiye.163.com", 994)),
    Provider("qq", ("imap.qq.com", 993), ("smtp.qq.com", 465), ("qq.com", "foxmail.com"), QQ_PAGE),
    Provider("exmail", ("imap.exmail.qq.com", 993), ("smtp.exmail.qq.com", 465), (), EX_PAGE, EX_CODE),
    Provider("aliyun", ("imap.aliyun.com", 993), ("smtp.aliyun.com", 465), ("aliyun.com",), SAFE_PAGE, SAFE_CODE),
    Provider("aliyun-qiye", ("imap.qiye.aliyun.com", 993), ("smtp.qiye.aliyun.com", 465), (), SAFE_PAGE, SAFE_CODE),
    Provider("139", ("imap.139.com", 993), ("smtp.139.com", 465), ("139.com",)),
)
OTHER = Provider("other", ("", 993), ("", 465), page="the settings of its web mail", code="password for programs")
NAMES = tuple(provider.name for provider in (*PROVIDERS, OTHER))


def named(name: str) -> Provider | None:
    """The provider of that name, ``other`` among them."""
    return next((provider for provider in (*PROVIDERS, OTHER) if provider.name == name.lower()), None)


def of_address(address: str) -> Provider | None:
    """Whose address it is, where its domain tells; enterprises have domains of their own."""
    domain = address.rpartition("@")[2].lower()
    return next((provider for provider in PROVIDERS if domain in provider.domains), None)


def of_host(host: str) -> Provider:
    """Whose IMAP or SMTP server it is; OTHER for none that is known."""
    return next((p for p in PROVIDERS if host.lower() in (p.imap[0], p.smtp[0])), OTHER)
