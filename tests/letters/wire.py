"""One heading and one workbook to build letters from, and a strict reader to look at what was built."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from bot.letters.mime import Heading
from bot.model.deciding import LetterFile
from tests.letters.values import SENDER, TOKEN, XLSX, at

HEADING = Heading(
    sender=SENDER,
    to="liming@wutu.example",
    subject="【已登记】五图街道附件4（截至2017年6月）〔编号 K7M3Q9TD〕",
    message_id="<k7m3q9td@clawhbgs.163.com>",
    token=TOKEN,
    key="receipt:4711",
    date=at(7, 3, 10, 6),
    reply_to="<1@wutu.example>",
    answer=True,
)
NAMES = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Bot-Token",
    "X-Bot-Key",
    "X-Loop",
]
WORKBOOK = LetterFile("附件4 五图街道 2017年6月.xlsx", b"PK\x03\x04\x00\xff\r\n", XLSX)


def parsed(data: bytes) -> EmailMessage:
    """As a strict reader sees it: no defect, but the encoded word in ``name="…"`` that old clients need."""
    message = message_from_bytes(data, policy=policy.default)
    for part in message.walk():
        assert part.defects == []
        assert all(
            value.defects == () for name, value in part.items() if name != "Content-Type" or not part.get_filename()
        )
    return message


def own_headers(message: EmailMessage) -> list[str]:
    return [name for name in message if name not in ("Content-Type", "MIME-Version")]
