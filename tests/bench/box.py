"""A mailbox as an office's is after some years: reports as .xlsx and .xls, in UTF-8 and GBK, and a fifth of noise."""

import os
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from bot.rules.load import load_rules
from tests.bench import ROOT
from tests.books import MERGES, official, xls, xlsx
from tests.mails import mail

SEED = 20170705
ARRIVED = 1_504_400_000  # 3 September 2017
MONTHS = ("2017年6", "2017年7", "2017年8")
SIGNATURE = "<div>此致</div><p style='font-size:14px;color:#333'>安全生产监督管理办公室　电话：0536-6221234</p>" * 110


def units() -> list[str]:
    """Every unit of the shipped rules."""
    return [unit.name for unit in load_rules(ROOT / "rules").units.units]


def address(number: int) -> str:
    """The liaison of the unit of that number."""
    return f"liaison{number}@demo.test"


@cache
def _workbook(unit: str, month: str, extra: int, kind: str) -> bytes:
    counts = [0, 2, 5, 1, 1, 0, 3, 0, 0, 1, 12, 7 + extra]
    rows = official(counts, sums=(8, 4, 20 + extra), total=32 + extra, unit=unit, period=f"（截至  {month} 月）")
    return xls(rows, MERGES) if kind == "xls" else xlsx((rows, MERGES))


def mails(number: int) -> Iterator[bytes]:
    """So many, in the order of their arrival: four fifths with a form, of these one in ten as .xls."""
    chance = random.Random(SEED)
    names = units()
    for n in range(number):
        who = n % len(names)
        if n % 5 == 4:
            yield _noise(chance, who, n)
            continue
        kind = "xls" if n % 10 == 3 else "xlsx"
        month, extra = MONTHS[n * len(MONTHS) // number], n // 400 % 3
        file = (f"附件4-{names[who]}.{kind}", _workbook(names[who], month, extra, kind))
        yield _with_html(mail(address(who), f"报送附件4（{n}）", file, text=f"请查收。第{n}号。"), n)


def _noise(chance: random.Random, who: int, n: int) -> bytes:
    match chance.randrange(3):
        case 0:
            return mail(address(who), f"关于开会的通知{n}", text="请于周五下午到会。" * 200)
        case 1:
            return mail("robot@demo.test", f"自动回复：{n}", headers={"Auto-Submitted": "auto-replied"})
        case _:
            return mail("news@demo.test", f"订阅{n}", text="本周要闻。" * 300, headers={"List-Id": "<news.demo.test>"})


def _with_html(data: bytes, n: int) -> bytes:
    """As web mail sends it: the same words once more as HTML; one in four says so in GBK."""
    charset = "gbk" if n % 4 == 0 else "utf-8"
    head, _, rest = data.partition(b"\r\n\r\n")
    boundary = head.split(b'boundary="')[1].split(b'"')[0]
    html = f"<html><body><p>请查收。第{n}号。</p>{SIGNATURE}</body></html>".encode(charset)
    part = b"--" + boundary + f'\r\nContent-Type: text/html; charset="{charset}"\r\n'.encode()
    part += b"Content-Transfer-Encoding: 8bit\r\nContent-Disposition: inline\r\n\r\n" + html + b"\r\n"
    first, second = rest.split(b"--" + boundary + b"\r\n", 2)[1:3]
    return b"\r\n\r\n".join((head, b"--" + boundary + b"\r\n" + first + part + b"--" + boundary + b"\r\n" + second))


def fill(maildir: Path, data: Iterator[bytes], first: int = 0) -> None:
    """Puts mails into the Maildir of a user, who must have logged in once; nobody may be logged in meanwhile. They are
    numbered from ``first`` on, and no number may be given twice."""
    owner = maildir.stat()
    for n, one in enumerate(data, first):
        path = maildir / "new" / f"{ARRIVED + n}.M{n:06}P1.bench"
        path.write_bytes(one)
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (ARRIVED + n, ARRIVED + n))
