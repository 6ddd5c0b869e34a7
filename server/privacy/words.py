"""What pages say about one's own data (gettext ids); the copy itself has keys and values for machines."""

from __future__ import annotations

from server.bookings.models import Status
from server.kit.text import N_
from server.membership.models import ApplicationState, MemberState, TransferState
from server.people.models import Purpose
from server.people.words import ROLE_NAMES

DEALT_WITH = N_("处理过您的资料")
ACTIONS = {
    "application.opened": N_("打开了您的入会申请"),
    "application.revealed": N_("看了您的完整证件号"),
    "application.approved": N_("批准了您的申请"),
    "application.returned": N_("请您改申请"),
    "application.rejected": N_("没批准您的申请"),
    "member.opened": N_("打开了您的会员资料"),
    "member.corrected": N_("照您的申请改了会员资料"),
    "member.struck_off": N_("把您从会员名册里除名"),
    "card.replaced": N_("给您换了新卡"),
    "transfer.accepted": N_("接收了您的转会"),
    "transfer.refused": N_("没接收您的转会"),
    "booking.phone_shown": N_("看了您的手机号"),
    "booking.phoned": N_("给您打过电话"),
    "members.imported": N_("把您的资料导进了会员名册"),
    "members.exported": N_("导出了会员名册，里面有您"),
}
# What staff decided about somebody: told with everything else, and not where only looking is listed.
DECISIONS = {
    "application.approved",
    "application.returned",
    "application.rejected",
    "member.corrected",
    "member.struck_off",
    "card.replaced",
    "transfer.accepted",
    "transfer.refused",
}
# Reasons that the program writes itself.
REASONS = {"message not delivered": N_("短信没有送到")}
ROLES = ROLE_NAMES
STAFF = N_("工作人员")
STATUSES = {
    Status.REQUESTED: N_("等站点确认"),
    Status.CONFIRMED: N_("约好了"),
    Status.ARRIVED: N_("到了"),
    Status.SERVED: N_("办完了"),
    Status.DECLINED: N_("没约成"),
    Status.CANCELLED: N_("取消了"),
    Status.EXPIRED: N_("没等到答复"),
    Status.NO_SHOW: N_("没去"),
}
APPLICATION_STATES = {
    ApplicationState.DRAFT: N_("还没填完"),
    ApplicationState.SUBMITTED: N_("工会在审核"),
    ApplicationState.RETURNED: N_("要改一下"),
    ApplicationState.APPROVED: N_("通过了"),
    ApplicationState.REJECTED: N_("没通过"),
    ApplicationState.APPEALED: N_("上级工会在复核"),
    ApplicationState.WITHDRAWN: N_("撤回了"),
}
MEMBER_STATES = {
    MemberState.ACTIVE: N_("在会"),
    MemberState.TRANSFERRING: N_("转会中"),
    MemberState.LEFT: N_("已退会"),
}
TRANSFER_STATES = {
    TransferState.REQUESTED: N_("等答复"),
    TransferState.ACCEPTED: N_("办好了"),
    TransferState.REFUSED: N_("没被接收"),
    TransferState.WITHDRAWN: N_("撤回了"),
    TransferState.EXPIRED: N_("没等到答复"),
}
SEXES = {"male": N_("男"), "female": N_("女")}
# What taking a consent back means: for members, for others.
TAKEN_BACK = {
    Purpose.SENSITIVE: (
        N_(
            "工会没有您的姓名和证件号就管不了会籍，所以收回就等于退会：会员卡停用，登记里的姓名、证件、单位都删掉，"
            "只留会员号、工会和日期。"
        ),
        N_("正在办的入会申请会撤回，填过的姓名、证件、单位都删掉。"),
    ),
    Purpose.SHARING: (
        N_("等答复的转会申请会撤回，您还是会员。以后要转会，到时再同意一次，或者到工会当面办。"),
        N_("以后要转会，到时再同意一次，或者到工会当面办。"),
    ),
}
