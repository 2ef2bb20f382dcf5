"""Numbers in running text: what is understood, and that everything else is not."""

import pytest

from bot.model.replies import Inline
from bot.reading.inline import numbers_in
from bot.rules.load import load_rules
from tests.bots import ROOT

RULES = load_rules(ROOT / "rules")
RULE = RULES.forms["annex4"]
WHOLE = {
    "above_scale": [0, 2, 5, 1],
    "high_risk": [1, 0, 3, 0],
    "other": [0, 1, 12, 7],
}


def read(text: str) -> Inline | None:
    return numbers_in(text, RULE, RULES.words, ("您好", "谢谢", "五图街道"))


def values(inline: Inline | None) -> dict[str, list[int | None]]:
    assert inline is not None
    return {
        g.id: [n.value if (n := inline.counts[g.id].get(c.id)) else None for c in RULE.columns]
        for g in RULE.groups
        if g.id in inline.counts
    }


@pytest.mark.parametrize(
    "text",
    [
        "0 2 5 1 1 0 3 0 0 1 12 7",
        "0，2，5，1，1，0，3，0，0，1，12，7",
        "０、２、５、１、１、０、３、０、０、１、１２、７。",
        "0 2 5 1\n1 0 3 0\n0 1 12 7",
        "无 2 5 1 1 — 3 无 无 1 十二 七",
        "0家 2家 5家 1家 1家 0家 3家 0家 0家 1家 12家 7家",
        "您好\n0 2 5 1 1 0 3 0 0 1 12 7\n谢谢",
        "0 2 5 1 1 0 3 0 0 1 12 7 合计 8 4 20 总计 32",
        "0 2 5 1 1 0 3 0 0 1 12 7 32",
        "规上 0 2 5 1\n高危 1 0 3 0\n其他 0 1 12 7",
        "规模以上企业：0、2、5、1；高危企业：1、0、3、0；其他生产经营单位：0、1、12、7",
        "其他 0 1 12 7\n规上 0 2 5 1\n高危 1 0 3 0",
        "五图街道\n规上：一级0，二级2，三级5，其他1；\n高危：一级1，二级0，三级3，其他0；\n其他：一级0，二级1，三级12，其他7。",
        "规上一级0家二级2家三级5家其他1家高危一级1家二级0家三级3家其他0家其他单位一级0家二级1家三级12家其他7家",
        "一级：规上0，高危1，其他0\n二级：规上2，高危0，其他1\n三级：规上5，高危3，其他12\n无等级：规上1，高危0，其他7",
        "规上：一级0，二级2，三级5，其他1\n高危：1 0 3 0\n其他：0 1 12 7",
        "规上 0 2 5 1\n高危 一级1 二级0 三级3 其他0 小计4\n其他 0 1 12 7 小计20\n总计32",
        "规上 0 2 5 1 8；其他一级0、二级1、三级12、其他7；高危 1 0 3 0",
        "规上：其他1，三级5，二级2，一级0\n高危：一级1 二级0 三级3 其他0\n其他：一级0 二级1 三级12 其他7",
    ],
)
def test_what_can_only_mean_one_thing_is_read(text: str) -> None:
    assert values(read(text)) == WHOLE


def test_a_sum_beside_its_row_is_kept_and_compared_later() -> None:
    inline = read("规上 0 2 5 1 合计 9\n高危 1 0 3 0 4\n其他 0 1 12 7 合计20\n总计 32")
    assert values(inline) == WHOLE
    assert inline is not None
    assert inline.total is not None
    assert {g: n.value for g, n in inline.subtotals.items()} == {"above_scale": 9, "high_risk": 4, "other": 20}
    assert inline.total.value == 32


def test_what_is_not_named_is_absent_and_not_nought() -> None:
    assert values(read("规上：一级0，二级2，三级5，其他1\n高危：一级1")) == {
        "above_scale": [0, 2, 5, 1],
        "high_risk": [1, None, None, None],
    }
    assert values(read("高危：一级1，二级0，三级3\n其他 0 1 12 7")) == {
        "high_risk": [1, 0, 3, None],
        "other": [0, 1, 12, 7],
    }


def test_a_doubtful_number_stays_a_doubt() -> None:
    inline = read("0 2 5.5 1 1 0 3 0 0 1 12 7")
    assert inline is not None
    cell = inline.counts["above_scale"]["level_3"]
    assert (cell.value, cell.doubt, cell.written) == (None, "fraction", "5.5")


@pytest.mark.parametrize(
    "text",
    [
        "0 2 5 1 1 0 3 0 0 1 12",  # eleven
        "0 2 5 1 1 0 3 0 0 1 12 7 3",  # thirteen, and the last is no sum
        "0 2 5 1 1 0 3 0 0 1 12 7 8 4 21 33",  # sums that do not agree
        "规上 0 2 5\n高危 1 0 3\n其他 0 1 12",  # one of four is missing, nobody knows which
        "规上 0 2 5 1 3 4\n高危 1 0 3 0\n其他 0 1 12 7",
        "规上 0 2 5 1\n规上 1 0 3 0\n其他 0 1 12 7",  # the same twice
        "规上：一级0，二级2，三级5，其他1\n1 0 3 0\n0 1 12 7",  # whose are the bare ones?
        "规上 一级0 二级2 三级5 其他1 2",
        "一级0 二级2 三级5 其他1\n高危 1 0 3 0\n其他 0 1 12 7",
        "规上一级约5家",
        "高危增加1家，其他不变",
        "规上 0 2 5 1，高危同上月，其他 0 1 12 7",
        "0 2 5 1 1 0 3 0 0 1 12 7，以上数字为初步统计",
        "2017年6月5日 0 2 5 1 1 0 3 0 0 1 12 7",
        "",
        "您好",
        "规上",
        "②0 2 5 1 1 0 3 0 0 1 12 7",
    ],
)
def test_anything_else_is_not_understood(text: str) -> None:
    assert read(text) is None
