"""One liaison follows another, by mail: who hears what."""

from tests.mails import mail
from tests.towns import CHEN, GUO, HONGHE, LI, WUTU, ZHOU, Came, Town, town

__all__ = ["town"]
QIAN = "qian@demo.test"


def heard(came: list[Came]) -> set[tuple[str, str]]:
    return {(letter.to, letter.kind) for letter in came}


def test_a_hand_over_names_the_person_and_each_of_both_hears_of_it(town: Town) -> None:
    asked = town.says(LI, "移交 钱七 13900000002 qian@demo.test\n李明", "2017-07-10T10:00", "工作移交")
    assert heard(asked) == {(LI, "waiting")}
    assert "在此之前仍由您负责报送" in asked[0].text
    assert f"所列联络员：钱七，13900000002，{QIAN}" in asked[0].text
    done = town.says(GUO, "1 通过", "2017-07-10T14:00", town.reply_to(GUO, "attention"))
    # a receipt would speak of a form, and of days late; who goes is thanked instead
    assert heard(done) == {(QIAN, "welcome"), (LI, "thanks"), (GUO, "orders"), (CHEN, "orders")}
    welcome, thanks = town.last(QIAN, "welcome").text, town.last(LI, "thanks").text
    assert f"您已登记为{WUTU}安全生产标准化建设工作联络员（钱七，13900000002，{QIAN}）" in welcome
    assert "每月5日前报送附件4" in welcome
    assert "移交姓名手机邮箱" in welcome
    assert f"{WUTU}的联络员变更已经登记，今后由钱七同志（13900000002）负责报送" in thanks
    assert all("逾期" not in letter.text for letter in (*asked, town.last(LI, "thanks")))


def test_an_order_and_its_undo_are_told_to_both(town: Town) -> None:
    done = town.orders(f"联络员 红河镇 钱七 13900000002 {QIAN}", "2017-07-04T09:00")
    assert {(QIAN, "welcome"), (ZHOU, "thanks")} <= heard(done)
    done = town.orders("撤销", "2017-07-04T10:00")
    assert {(ZHOU, "welcome"), (QIAN, "thanks")} <= heard(done)
    assert f"您已登记为{HONGHE}" in town.last(ZHOU, "welcome").text


def test_the_same_person_at_a_new_address_is_not_thanked(town: Town) -> None:
    done = town.orders("联络员 五图街道 李明 13800000000 liming@demo.test", "2017-07-04T09:00")
    assert ("liming@demo.test", "welcome") in heard(done)
    assert (LI, "thanks") not in heard(done)


def test_a_reply_to_the_welcome_is_a_word_of_the_new_liaison(town: Town) -> None:
    town.orders(f"联络员 红河镇 钱七 13900000002 {QIAN}", "2017-07-04T09:00")
    came = town.arrives(
        mail(QIAN, town.reply_to(QIAN, "welcome"), text="请问表格从哪里下载？", message_id="<w@demo.test>"),
        "2017-07-04T11:00",
    )
    assert heard(came) == {(QIAN, "noted")}
