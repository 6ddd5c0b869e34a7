"""What roles are called (gettext ids)."""

from __future__ import annotations

from server.kit.text import N_
from server.people.models import Role

ROLE_NAMES = {
    Role.STAFF: N_("站点工作人员"),
    Role.MANAGER: N_("站长"),
    Role.REVIEWER: N_("工会审核员"),
    Role.OFFICER: N_("片区管理员"),
    Role.AUDITOR: N_("审计员"),
}
# What a role may do, in a line.
ROLE_DUTIES = {
    Role.STAFF: N_("在前台接预约、签到"),
    Role.MANAGER: N_("还管开放时间、服务项目和站里的人"),
    Role.REVIEWER: N_("审入会和转会，管会员名册"),
    Role.OFFICER: N_("管片区里的站点、工会和人"),
    Role.AUDITOR: N_("只看操作记录和数字，不看姓名"),
}
