"""Files that would cost a careless reader its memory or its time."""

from tests.cases import parts
from tests.cases.made import made
from tests.cases.parts import form, report
from tests.cases.registry import case

SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = 12  # levels of ten: a million million copies


@case(96, "value-in-the-last-cell")
def _() -> bytes:
    """A value that somebody's hand left in XFD1048576; the form stands where it should."""
    stray = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return report(parts.patched(form(), {SHEET: lambda xml: xml.replace(b"</sheetData>", stray)}))


@case(97, "entity-bomb")
def _() -> bytes:
    """A million million copies of a word, where the unit should stand."""
    entities = '<!ENTITY e0 "五图街道">' + "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, LAUGHS + 1)
    )
    kept = "填报单位：五图街道办事处".encode()

    def laughing(xml: bytes) -> bytes:
        assert kept in xml
        xml = xml.replace(kept, f"填报单位：&e{LAUGHS};".encode())
        return xml.replace(b"<worksheet", f"<!DOCTYPE worksheet [{entities}]><worksheet".encode(), 1)

    return report(parts.patched(form(), {SHEET: laughing}))


@case(98, "styled-rows-and-merges")
def _() -> bytes:
    """20,000 rows that only carry a style down to the last one of a sheet, and 10,000 merged cells."""
    return report(made("heavy.xlsx"))
