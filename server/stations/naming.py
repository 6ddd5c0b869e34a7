"""Names as people search for them: characters, pinyin and initials, ready for trigram search.

Chinese has no spaces, and trigrams need beginnings of words; so a run of Han characters becomes its pairs
(`青秀区` → `青秀 秀区`), and its pinyin the pairs of syllables. A word from the middle of a name is then
found like one from its beginning, and a wrong character costs one pair, not the whole word.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from server.kit.text import clean, half_width

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package's own deprecations
    import pypinyin
    from pypinyin.constants import PHRASES_DICT

HAN = re.compile(r"[\u3400-\u9fff]+")
LATIN = re.compile(r"[A-Za-z0-9]+")
LONGEST_PHRASE = 4
# Places whose reading the dictionary does not know.
READINGS = {
    "龙圩": "long xu", "覃塘": "qin tang", "朝阳": "chao yang", "单县": "shan xian", "洪洞": "hong tong",
    "涡阳": "guo yang", "浚县": "xun xian", "郫都": "pi du", "六合": "lu he",
    "长子县": "zhang zi xian", "繁峙": "fan shi",
}  # fmt: skip
NATIONS = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|"
    "达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|"
    "赫哲|门巴|珞巴|基诺|各"
)
AUTONOMOUS = re.compile(rf"^(.{{2,}}?)(?:(?:{NATIONS})族?)*自治[县州区旗]$")
PLAIN = re.compile(r"^(.{2,}?)(?:特别行政区|林区|地区|新区|省|市|区|县|盟|旗)$")


def short_name(name: str) -> str:
    """A division as people say it: 广西壮族自治区 → 广西, 青秀区 → 青秀; 忠县 stays."""
    found = AUTONOMOUS.match(name) or PLAIN.match(name)
    return found[1] if found else name


@cache
def _reading(word: str) -> tuple[str, ...]:
    return tuple(pypinyin.lazy_pinyin(word))


@cache
def _learn() -> None:
    pypinyin.load_single_dict({ord("长"): "chang"})
    pypinyin.load_phrases_dict(
        {word: [[syllable] for syllable in reading.split()] for word, reading in READINGS.items()}
    )


def syllables(run: str) -> list[str]:
    """Pinyin of a run of Han characters without tones; longest known phrase first (重庆 chong qing)."""
    _learn()
    found: list[str] = []
    at = 0
    while at < len(run):
        ends = range(min(len(run), at + LONGEST_PHRASE), at, -1)
        end = next((e for e in ends if e == at + 1 or run[at:e] in PHRASES_DICT), at + 1)
        found += _reading(run[at:end])
        at = end
    return found


def _pairs(parts: Iterable[str]) -> list[str]:
    parts = list(parts)
    return ["".join(pair) for pair in itertools.pairwise(parts)] or parts


def pinyin(name: str) -> str:
    """`nanning` for 南宁."""
    return "".join(syllable for run in HAN.findall(name) for syllable in syllables(run))


def initials(name: str) -> str:
    """`nn` for 南宁."""
    return "".join(syllable[0] for run in HAN.findall(name) for syllable in syllables(run))


def search_words(*texts: str) -> str:
    """Everything of these texts that may be typed: pairs of characters and syllables, initials, Latin words.

    The pairs of a run stand in order, so that several of them are found as one string.
    """
    words: list[str] = []
    for run in (run for text in texts for run in HAN.findall(text)):
        read = syllables(run)
        words += _pairs(run) + _pairs(read) + ["".join(s[0] for s in read)]
    words += [word.lower() for text in texts for word in LATIN.findall(text)]
    return " ".join(words)


@dataclass(frozen=True)
class Typed:
    """One run of typed text in the words of `search_words`: as written and as heard (青绣 sounds like 青秀)."""

    written: str
    heard: str


def typed_words(text: str) -> list[Typed]:
    """The runs of a query, Han and Latin apart."""
    plain = clean(half_width(text)).lower()
    runs = re.findall(rf"{HAN.pattern}|{LATIN.pattern}", plain)
    return [
        Typed(" ".join(_pairs(run)), " ".join(_pairs(syllables(run)))) if HAN.match(run) else Typed(run, run)
        for run in runs
    ]
