"""``python -m tests.bulletin_template FILE``: how templates/bulletin.docx was first made; it never overwrites a file.

The office edits the template in Word or WPS, so the .docx itself is the source of truth. This is for a county that
wants to begin anew, and tells where each measure comes from: GB/T 9704-2012, the layout of official documents.
"""

import sys
from pathlib import Path
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

# The fonts of the standard, and what a machine without them shows instead (w:altName).
TITLE, BODY, HEADING, SUBHEADING, NUMBER = "方正小标宋简体", "仿宋", "黑体", "楷体", "宋体"
INSTEAD = {TITLE: "黑体", BODY: "仿宋_GB2312", SUBHEADING: "楷体_GB2312"}
RED = RGBColor(0xE6, 0x00, 0x12)
CENTER, RIGHT, LEFT, JUSTIFY = (getattr(WD_ALIGN_PARAGRAPH, name) for name in ("CENTER", "RIGHT", "LEFT", "JUSTIFY"))
TEXT_WIDTH = 156  # mm: A4 less the margins of the standard


def element(tag: str, **attributes: object) -> Any:
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    return made


def font(run: Any, name: str, size: float, *, bold: bool = False, colour: RGBColor | None = None) -> Any:
    run.font.name, run.font.size, run.font.bold = name, Pt(size), bold
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)
    if colour is not None:
        run.font.color.rgb = colour
    return run


def paragraph(
    where: Any, text: str = "", *, name: str = BODY, size: float = 16, align: Any = JUSTIFY, line: float = 28,
    indent: int = 2, right: int = 0, before: float = 0, colour: RGBColor | None = None, keep: bool = False,
) -> Any:  # fmt: skip
    """Body text of the standard: size 三号, 28 points from line to line, two characters indented."""
    made = where.add_paragraph()
    shape = made.paragraph_format
    made.alignment = align
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
    shape.space_before, shape.space_after, shape.keep_with_next = Pt(before), Pt(0), keep
    if indent or right:
        indents = {"firstLineChars": indent * 100, "firstLine": int(indent * size * 20)} if indent else {}
        indents |= {"rightChars": right * 100, "right": int(right * size * 20)} if right else {}
        made._element.get_or_add_pPr().append(element("w:ind", **indents))
    if text:
        font(made.add_run(text), name, size, colour=colour)
    return made


def heading(where: Any, text: str) -> None:
    paragraph(where, text, name=HEADING, keep=True)


def rule(made: Any) -> None:
    """The red line under the document's number."""
    borders = element("w:pBdr")
    borders.append(element("w:bottom", val="single", sz=18, space=1, color="E60012"))
    made._element.get_or_add_pPr().append(borders)


def table(where: Any, rows: list[list[str]], widths: list[float], size: float = 10.5, together: bool = False) -> None:
    """A ruled table. Rows and columns that only hold a tag of docxtpl vanish when the file is filled in."""
    made = where.add_table(rows=len(rows), cols=len(widths), style="Table Grid")
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
    for index, (row, texts) in enumerate(zip(made.rows, rows, strict=True)):
        properties = row._tr.get_or_add_trPr()
        properties.append(element("w:cantSplit"))
        if index == 0:
            properties.append(element("w:tblHeader"))
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = Mm(width)
            cell._tc.get_or_add_tcPr().append(element("w:vAlign", val="center"))
            part = cell.paragraphs[0]
            part.alignment = CENTER
            part.paragraph_format.keep_with_next = together
            part.paragraph_format.space_before = part.paragraph_format.space_after = Pt(2)
            part.paragraph_format.line_spacing = 1.0
            font(part.add_run(text), HEADING if index == 0 else BODY, size)


def page_number(footer: Any, align: Any) -> None:
    """— 1 —, 四号, outside on each page, one character from the edge."""
    made = footer.paragraphs[0]
    made.alignment = align
    side = "left" if align == LEFT else "right"
    made._element.get_or_add_pPr().append(element("w:ind", **{f"{side}Chars": 100, side: 280}))
    font(made.add_run("— "), NUMBER, 14)
    field = font(made.add_run(), NUMBER, 14)
    instruction = element("w:instrText")
    instruction.text = "PAGE"
    for part in (element("w:fldChar", fldCharType="begin"), instruction, element("w:fldChar", fldCharType="end")):
        field._element.append(part)
    font(made.add_run(" —"), NUMBER, 14)


def page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(28)
    document.settings.odd_and_even_pages_header_footer = True
    page_number(section.footer, RIGHT)
    page_number(section.even_page_footer, LEFT)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = BODY, Pt(16)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY)
    core = document.core_properties
    core.title = core.author = core.comments = core.keywords = core.last_modified_by = ""


def top(document: Any) -> None:
    paragraph(
        document, "{{ office.name }}", name=TITLE, size=25, align=CENTER, line=44, indent=0, before=36, colour=RED
    )
    rule(paragraph(document, "乐安办字〔{{ dated.year }}〕　　号", align=CENTER, indent=0, before=22))
    paragraph(document, indent=0, line=20)
    paragraph(document, "关于全县安全生产标准化达标情况的通报", name=TITLE, size=22, align=CENTER, line=36, indent=0)
    paragraph(document, "（截至{{ period|month }}）", name=SUBHEADING, align=CENTER, indent=0)
    paragraph(document, "{%p if not released %}", indent=0)
    paragraph(document, "（送审稿）", name=SUBHEADING, align=CENTER, indent=0)
    paragraph(document, "{%p endif %}", indent=0)
    paragraph(document, indent=0, line=20)
    paragraph(
        document,
        "各镇人民政府、街道办事处，经济开发区、首阳山旅游度假区、高崖水库库区管委会，县直有关部门：",
        indent=0,
    )
    paragraph(
        document,
        "按照《昌乐县推进安全生产标准化建设实施方案》（乐安字〔2017〕13号）要求，"
        "现将截至{{ period|month }}全县生产经营单位安全生产标准化达标情况通报如下：",
    )


def reporting(document: Any) -> None:
    def named(condition: str, text: str) -> None:
        paragraph(document, f"{{%p if {condition} %}}", indent=0)
        paragraph(document, text)
        paragraph(document, "{%p endif %}", indent=0)

    heading(document, "一、报送情况")
    paragraph(
        document,
        "{{ form_name }}《{{ form_title }}》（截至{{ period|month }}）报送期限为{{ deadline|fullday }}。"
        "截至{{ counted_at|fullday }}，应报送单位{{ expected }}个，已报送{{ received }}个，"
        "其中按时报送{{ on_time }}个、逾期报送{{ late|length }}个"
        "{% if received == expected %}，各单位均已报送{% endif %}。",
    )
    named(
        "late",
        "逾期报送（{{ late|length }}个）：{% for u in late %}{{ u.unit }}（逾期{{ u.late_days }}天）"
        "{% if not loop.last %}、{% endif %}{% endfor %}。",
    )
    for name, words in (
        ("missing", "未报送"), ("extended", "经同意延期、期限未到"),
        ("returned", "报表有误退回、尚未更正"), ("waiting", "来表待核实"),
    ):  # fmt: skip
        named(name, f"{words}（{{{{ {name}|length }}}}个）：{{{{ {name}|map(attribute='unit')|join('、') }}}}。")
    named(
        "carried",
        "以上单位中，{% for u in carried %}{{ u.unit }}（截至{{ u.since|month }}）{% if not loop.last %}、{% endif %}"
        "{% endfor %}本月数字沿用最近一次报送的累计数。",
    )


def progress(document: Any) -> None:
    heading(document, "二、总体进展")
    paragraph(
        document,
        "{% if whole.reached is none %}截至{{ period|month }}，各{{ county }}均尚未报送，暂无全县数字。{% else %}"
        "截至{{ period|month }}，{% if whole.over %}{% if whole.over.counted < whole.over.expected %}已报送的{% else %}"
        "全县{% endif %}{{ whole.over.counted }}个{{ county }}{% else %}全县{% endif %}累计达标{{ whole.reached }}家，"
        "{{ whole.growth }}{% if whole.newcomers and whole.change is not none %}（首次报送的"
        "{{ whole.newcomers }}个{{ county }}{{ whole.first }}家不计为增加）{% endif %}。"
        "{% if whole.base is none %}基础数尚未登记，暂不计算达标率。{% else %}"
        "{% if whole.over and whole.over.rated < whole.over.counted %}其中已登记基础数的{{ whole.over.rated }}个"
        "{{ county }}累计达标{{ whole.over.reached }}家，{% endif %}登记生产经营单位{{ whole.base }}家，"
        "达标率{{ whole.rate|share }}{% if whole.lag_word and whole.gap %}，{{ whole.lag_word }}{% endif %}。"
        "{% endif %}"
        "{% endif %}{% if silent %}{{ silent|join('、') }}尚未报送过数字，未计入合计和达标率。{% endif %}"
        "分类别、分等级情况见表1，目标完成情况见表2。",
    )
    paragraph(document, "{%p for b in beside %}", indent=0)
    paragraph(
        document,
        "{{ b.kind }}按行业填报，{% if b.reached is none %}尚未报送。{% else %}"
        "{% if b.counted < b.expected %}已报送的{% endif %}{{ b.counted }}个单位合计{{ b.reached }}家"
        "{% if b.difference is not none %}，{% if b.difference > 0 %}比{{ b.county }}合计多{{ b.difference }}家"
        "{% elif b.difference < 0 %}比{{ b.county }}合计少{{ -b.difference }}家{% else %}与{{ b.county }}合计一致"
        "{% endif %}{% endif %}。{% endif %}与{{ b.county }}所报为同一范围，仅供核对，不计入全县合计。",
    )
    paragraph(document, "{%p endfor %}", indent=0)
    caption(document, "表1　分类别、分等级累计达标情况（单位：家）")
    table(
        document,
        [
            ["类别", "{%tc for x in levels %}", "{{ x }}", "{%tc endfor %}", "合计", "上月累计", "比上月增减"],
            ["{%tr for p in parts + [whole] %}", *[""] * 6],
            [
                "{{ p.label }}", "{%tc for n in p.counts %}", "{{ n }}", "{%tc endfor %}", "{{ p.reached }}",
                "{{ p.previous }}", "{{ p.change }}",
            ],
            ["{%tr endfor %}", *[""] * 6],
        ],
        [34, 5, 16, 5, 16, 20, 22],
        together=True,
    )  # fmt: skip
    paragraph(document, indent=0, line=6)  # ends what is kept together: each table for itself
    caption(document, "表2　目标完成情况（单位：家）")
    table(
        document,
        [
            ["类别", "累计数", "基础数", "达标率", "目标", "完成期限", "尚差", "进度"],
            ["{%tr for p in parts + [whole] %}", *[""] * 7],
            [
                "{{ p.label }}", "{{ p.over.reached if p.over and p.over.rated else p.reached }}", "{{ p.base }}",
                "{{ p.rate|share }}", "{{ p.target|percent }}",
                "{{ p.until|fullday }}",
                "{% if p.gap == 0 %}已达到{% else %}{{ p.gap }}{% endif %}", "{{ p.lag_word }}",
            ],
            ["{%tr endfor %}", *[""] * 7],
        ],
        [30, 15, 15, 16, 14, 34, 14, 18],
        together=True,
    )  # fmt: skip
    paragraph(document, indent=0, line=6)


def caption(document: Any, text: str) -> None:
    paragraph(document, text, name=HEADING, size=12, align=CENTER, indent=0, before=6, keep=True)


def units(document: Any) -> None:
    heading(document, "三、各单位进展")
    paragraph(document, "{%p for k in kinds %}", indent=0)
    paragraph(
        document,
        "{{ k.label }}：{% if k.by == 'none' %}{% if k.beside %}按行业填报，不排名{% else %}基础数尚未登记，暂不排名"
        "{% endif %}{% else %}{% if k.by != 'rate' %}基础数尚未登记齐全，{% endif %}按{{ k.ranked_by }}排名{% endif %}"
        "{% if k.trailing %}，列前的为{{ k.leading|join('、') }}；列后的为{{ k.trailing|join('、') }}{% endif %}。",
    )
    paragraph(document, "{%p endfor %}", indent=0)
    paragraph(document, "{%p for l in lags %}", indent=0)
    paragraph(document, "{{ l.word }}（{{ l.units|length }}个）：{{ l.units|join('、') }}。")
    paragraph(document, "{%p endfor %}", indent=0)
    paragraph(document, "{%p if streaks %}", indent=0)
    paragraph(
        document,
        "{% for u in streaks %}{{ u.unit }}{{ u.streaks|join('、') }}{% if not loop.last %}；{% endif %}{% endfor %}。",
    )
    paragraph(document, "{%p endif %}", indent=0)
    paragraph(document, "各单位达标情况及排名见附件1。")
    paragraph(document, "{%p if changes %}", indent=0)
    heading(document, "四、通报后更正、补报情况")
    paragraph(
        document,
        "{% for c in changes %}{{ c.unit }}（截至{{ c.period|month }}）{{ c.word }}，"
        "{% if c.announced is not none %}原通报{{ c.announced }}家，{% endif %}现为{{ c.now }}家"
        "{% if loop.last %}。{% else %}；{% endif %}{% endfor %}本通报中的上月累计数已按此计算。",
    )
    paragraph(document, "{%p endif %}", indent=0)
    heading(document, "{{ '五' if changes else '四' }}、工作要求")
    paragraph(document, "{%p if missing or returned %}", indent=0)
    paragraph(document, "未报送、尚未更正的单位，请尽快向我办报送截至{{ period|month }}的累计数据。")
    paragraph(document, "{%p endif %}", indent=0)
    paragraph(
        document,
        "各镇（街、区）、县直有关部门要对照目标要求，加大工作力度，确保按期完成达标任务；"
        "每月5日前按时、准确报送累计数据。各督查组要加强督促检查。",
        keep=True,  # who signs never stands on a page without text
    )


def bottom(document: Any) -> None:
    paragraph(document, indent=0, keep=True)
    paragraph(document, "附件：1.各单位达标情况及排名", indent=2, keep=True)
    paragraph(document, "　　　2.全县达标情况汇总表（另附电子表格）", indent=2, keep=True)
    paragraph(document, indent=0, keep=True)
    paragraph(document, "{{ office.name }}", align=RIGHT, indent=0, right=2, keep=True)
    paragraph(document, "{{ dated|fullday }}", align=RIGHT, indent=0, right=4, keep=True)
    paragraph(document, "（联系人：{{ office.contact }}，联系电话：{{ office.phone }}）", before=12)


def attached(document: Any) -> None:
    paragraph(document, "附件1", name=HEADING, indent=0).paragraph_format.page_break_before = True
    paragraph(document, "各单位安全生产标准化达标情况及排名", name=TITLE, size=20, align=CENTER, line=36, indent=0)
    paragraph(document, "（截至{{ period|month }}，单位：家）", name=SUBHEADING, align=CENTER, indent=0)
    paragraph(document, "{%p for k in kinds %}", indent=0)
    caption(document, "{{ k.label }}（{% if k.by == 'none' %}不排名{% else %}按{{ k.ranked_by }}排名{% endif %}）")
    table(
        document,
        [
            [
                "名次", "单位", "{%tc for c in categories %}", "{{ c }}", "{%tc endfor %}", "合计", "比上月增减",
                "达标率", "报送情况",
            ],
            ["{%tr for u in k.rows %}", *[""] * 8],
            [
                "{{ u.rank }}", "{{ u.unit }}", "{%tc for n in u.sums %}", "{{ n }}", "{%tc endfor %}",
                "{{ u.total }}", "{{ u.change }}", "{{ u.rate|share }}", "{{ u.remark }}",
            ],
            ["{%tr endfor %}", *[""] * 8],
        ],
        [10, 30, 4, 15, 4, 12, 13, 14, 32],
        size=9,
    )  # fmt: skip
    paragraph(document, "{%p endfor %}", indent=0)
    paragraph(
        document,
        "注：1.各数均为累计数；本月未报送的单位沿用最近一次报送的累计数，不计增减、不排名，从未报送的不计入合计。"
        "2.达标率为累计达标数与登记的基础数之比，未登记基础数的不计算。3.名次相同的为并列。"
        "{% if paced %}4.进度按各类别目标中最慢的一项认定。{% endif %}",
        size=10.5, line=18, before=6,
    )  # fmt: skip


def plain(document: Any) -> None:
    """Without the picture of an empty page that python-docx brings along."""
    relations = document.part.package.rels
    for key in [key for key, relation in relations.items() if relation.reltype.endswith("/thumbnail")]:
        del relations[key]


def instead(document: Any) -> None:
    """Fonts that a machine lacks are replaced by what stands in the table of fonts."""
    for part in document.part.package.iter_parts():
        if str(part.partname) == "/word/fontTable.xml":
            rows = "".join(
                f'<w:font w:name="{name}"><w:altName w:val="{other}"/></w:font>' for name, other in INSTEAD.items()
            )
            part._blob = part.blob.replace(b"</w:fonts>", rows.encode() + b"</w:fonts>")


def make() -> Any:
    document = docx.Document()
    page(document)
    for part in (top, reporting, progress, units, bottom, attached, plain, instead):
        part(document)
    return document


def main(path: Path) -> int:
    if path.exists():
        print(f"exists, not overwritten: {path}")
        return 1
    make().save(str(path))
    print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
