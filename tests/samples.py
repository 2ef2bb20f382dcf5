"""What the record keeps as JSON for ever: a stored sample of every shape that ever was, in tests/stored/.

    python -m tests.samples     writes the sample of today's shape where there is none; refuses to overwrite

A sample is never changed: it is what some county's record holds.
"""

import json
from pathlib import Path
from typing import Any

from bot.deciding.bulletin import changes_since
from bot.model.bulletin import Bulletin, Kept
from bot.record import undoing
from bot.record.bulletins import SHAPE, content_of
from bot.record.naming import UnitNames

FOLDER = Path(__file__).parent / "stored"


def sample(kind: str, shape: int) -> Any:
    """What a record holds that was written in that shape."""
    return json.loads(path(kind, shape).read_text(encoding="utf-8"))


def path(kind: str, shape: int) -> Path:
    return FOLDER / f"{kind}-{shape}.json"


def todays_bulletin() -> Bulletin:
    """One with everything in it that a bulletin can hold, changes too."""
    from tests.test_bulletin import COUNTY, NOW, QIAOGUAN, WUTU, made, n, report

    later = {WUTU: report(WUTU, n(9), id_=99), QIAOGUAN: report(QIAOGUAN, n(4, 4, 1), id_=98)}
    return made(changes=changes_since(Kept(made(), NOW, NOW), later, COUNTY.units))


def write(kind: str, shape: int, content: Any) -> None:
    """Writes a sample; FileExistsError where there is one."""
    with path(kind, shape).open("x", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1) + "\n")


UNDO: list[dict[str, Any]] = [
    {"reopen": 7},
    {"withdraw": ["五图街道", "annex4", "2017-07"]},
    {"stopped": "2017-07-03T10:00:00+08:00"},
    {"liaisons": ["五图街道", [["李明", "13800000000", "li@wutu.test"]]]},
    {"absence": 3},
    {"away_until": [3, None]},
]
NAMES = UnitNames({"五图街道": "wutu"}, {"wutu": "五图街道"})


if __name__ == "__main__":
    for kind, shape, content in (
        ("bulletin", SHAPE, content_of(todays_bulletin())),
        ("undo", undoing.SHAPE, [undoing.stored(item, NAMES) for item in UNDO]),
    ):
        if not path(kind, shape).exists():
            write(kind, shape, content)
