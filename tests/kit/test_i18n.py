"""Languages: what they are called, and which one a browser's wish gets."""

import pytest

from server.edge.i18n import choices
from server.kit import clock
from server.kit.i18n import AWAITING_REVIEW, _, languages, speaking
from server.kit.speech import say_clock, say_time


def test_every_language_is_called_by_its_own_name():
    assert languages() == {
        "zh_CN": "简体中文",
        "en": "English",
        "vi": "Tiếng Việt",
        "zh_HK": "繁體中文",
        "za": "Vahcuengh",
    }


def test_a_language_that_is_only_begun_says_so():
    shown = dict(choices())
    for code, name in languages().items():
        assert (shown[code] == name) != (code in AWAITING_REVIEW)


def test_what_a_begun_language_lacks_is_said_in_chinese():
    with speaking("za"):
        assert _("返回") == "Dauqma"
        assert _("演示版 · 站点和数据都是示例") == "演示版 · 站点和数据都是示例"


@pytest.mark.parametrize(
    ("wish", "lang"),
    [
        ("zh-TW,zh;q=0.9", "zh-HK"),
        ("zh-Hant-HK", "zh-HK"),
        ("zh-CN", "zh-CN"),
        ("vi-VN,vi;q=0.9", "vi"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,en;q=0.5", "en"),
        ("za", "zh-CN"),
        ("*", "zh-CN"),
        ("", "zh-CN"),
    ],
)
async def test_a_browsers_wish(site, wish, lang):
    page = await site.open("/settings", headers={"Accept-Language": wish})
    assert f'<html lang="{lang}"' in page.text


def test_times_are_written_in_the_readers_characters():
    afternoon = clock.at(clock.today(), 15 * 60 + 30)
    with speaking("zh_HK"):
        assert say_time(afternoon) == "今天下午 3 點半"
    with speaking("vi"):
        assert say_time(afternoon) == "hôm nay, 15:30"
    with speaking("za"):
        assert say_clock(15 * 60 + 30) == "下午 3 点半"
