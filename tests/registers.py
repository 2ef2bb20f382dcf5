"""Registers of enterprises as towns send them: annexes 2 and 3 in the layout of the notice."""

from collections.abc import Sequence

from bot.model.forms import Cell

HEADINGS: list[Cell] = ["序号", "单位名称", "法定代表人", "从业人员数量", "所属行业", "备注"]
Enterprise = tuple[str, str, Cell, str, str]

ABOVE: list[Enterprise] = [
    ("昌乐华泰化工有限公司", "张三", 320, "化工", "高危"),
    ("昌乐县盛世纸业有限公司", "李四", 210, "造纸", ""),
    ("潍坊新方精密机械有限公司", "王五", 155, "机械", ""),
]
HIGH: list[Enterprise] = [
    ("昌乐县五图加油站", "赵六", 9, "危险化学品", ""),
    ("昌乐宏达烟花爆竹经营部", "孙七", 6, "烟花爆竹", ""),
]
OTHERS: list[Enterprise] = [(f"五图街道第{n}超市", f"店主{n}", n, "商贸", "") for n in range(1, 8)]

Rows = list[list[Cell]]


def table(enterprises: Sequence[Enterprise], empty: int = 2) -> Rows:
    """The headings, a row each, and rows that were left empty but for their number."""
    rows: Rows = [list(HEADINGS)]
    rows += [[n, *row] for n, row in enumerate(enterprises, 1)]
    rows += [[len(enterprises) + n] for n in range(1, empty + 1)]
    return [*rows, ["…"]]


def annex2(
    above: Sequence[Enterprise] = ABOVE, high: Sequence[Enterprise] = HIGH, unit: str = "五图街道办事处"
) -> Rows:
    """Both tables on one sheet."""
    return [
        ["附件2"],
        ["（一）规模以上生产经营单位基础情况表"],
        [f"填报单位：{unit}", None, None, "填报时间：2017年6月7日"],
        *table(above),
        ["（二）高危生产经营单位基础情况表"],
        *table(high),
        ["填报人：李明                        联系电话：0536-6221234"],
        ["注：规模以上且属高危的生产经营单位，只填写表（一），同时在备注中注名“高危”。"],
    ]


def annex3(others: Sequence[Enterprise] = OTHERS, unit: str = "五图街道办事处") -> Rows:
    return [
        ["附件3"],
        ["其他生产经营单位基础情况表"],
        [f"填报单位：{unit}", None, None, "填报时间：2017年6月7日"],
        *table(others),
        ["填报人：李明                        联系电话：0536-6221234"],
    ]


def liaison_list(
    name: str = "周八", unit: str = "五图街道", mobile: Cell = 13900000001, email: str = "zhou@wutu.test"
) -> Rows:
    return [["联络员名单"], ["姓名", "单位", "手机", "邮箱"], [name, unit, mobile, email]]
