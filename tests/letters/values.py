"""One office and one token for letters, and moments of its year."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.config import Office

BEIJING = ZoneInfo("Asia/Shanghai")
TOKEN = "K7M3Q9TD"
OFFICE = Office(name="昌乐县人民政府安全生产委员会办公室", contact="郭忠亮", phone="6228071")
SENDER = "昌乐县安委会办公室 <clawhbgs@163.com>"
DEADLINE = datetime(2017, 7, 5, 23, 59, 59, tzinfo=BEIJING)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """A moment of 2017 in Beijing."""
    return datetime(2017, month, day, hour, minute, tzinfo=BEIJING)
