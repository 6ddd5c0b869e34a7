"""What a worker is asked to agree to. Changed words get a new version; what was agreed stays with the old one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from server.kit.text import N_
from server.people.models import Purpose


class ConsentText(NamedTuple):
    """The words (gettext ids) of one consent."""

    version: str
    title: str
    text: str
    refused: str


# Asked with each transfer, where it is known which union gets the data.
TRANSFER = ConsentText(
    "2026-11t",
    N_("同意把我的资料交给新工会"),
    N_("只交姓名、证件号和入会时间，用来接上会籍和会龄，别的不给。"),
    N_("不同意的话，网上没法转会；可以带证件到工会当面办，或打 12351。"),
)
CONSENTS = {
    Purpose.SENSITIVE: ConsentText(
        "2026-11",
        N_("同意工会用我的姓名和证件号办入会"),
        N_("只用来核对是不是您本人、是不是已经入会。号码加密保存，审核的人要看全号必须写明理由，您随时能查到谁看过。"),
        N_("不同意也行：请带证件到工会当面办，其他免费服务照样能用。"),
    ),
    Purpose.SHARING: ConsentText(
        "2026-11",
        N_("同意换工地时把资料转给新工会（可不选）"),
        N_("将来您申请转会时，原工会把您的姓名、证件号和入会时间交给您选的新工会，别的不给。"),
        N_("不同意不影响入会；以后转会要到工会当面办。"),
    ),
}


def version_of(purposes: Iterable[Purpose]) -> str:
    """What a page carries that shows the words of these: whoever sends it agreed to exactly them."""
    return " ".join(CONSENTS[purpose].version for purpose in purposes)


def text_of(purpose: Purpose, version: str) -> ConsentText:
    """The words that somebody agreed to; today's, where a version is no longer known."""
    return TRANSFER if purpose is Purpose.SHARING and version == TRANSFER.version else CONSENTS[purpose]
