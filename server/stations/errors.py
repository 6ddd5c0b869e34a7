"""What can go wrong with stations."""

from __future__ import annotations

from server.errors import Conflict, Invalid, NotFound
from server.kit.text import N_


class StationNotFound(NotFound):
    code = "station-not-found"
    message = N_("没有找到这个站点。可能链接错了，或者它已经撤下了。")


class DivisionNotFound(NotFound):
    code = "division-not-found"
    message = N_("没有找到这个地区，请重新选一次。")


class PositionUnusable(Invalid):
    """A position that is not on the earth, or so far away that nothing near it could be ours."""

    code = "position-unusable"
    message = N_("这个位置不在中国境内，没法按远近找站点。请选地区，或者重新定位。")


class PositionIncomplete(Invalid):
    code = "position-incomplete"
    message = N_("位置要有纬度和经度两个数字。")


class CursorUnusable(Invalid):
    code = "cursor-unusable"
    message = N_("“更多”的链接不完整，请从头再查一次。")


class NowhereToSearch(Invalid):
    """An API search that says neither where nor what."""

    code = "nowhere-to-search"
    message = N_("请给出位置、地区或者要找的文字。")


class FileUnreadable(Invalid):
    code = "file-unreadable"
    message = N_("这个文件打不开。请用 CSV 或 XLSX 文件，最好从模板开始填。")


class FileTooLarge(Invalid):
    code = "file-too-large"
    message = N_("文件太大了：最多 %(rows)d 行、%(megabytes)d MB。请分成几个文件。")


class ImportHasErrors(Conflict):
    code = "import-has-errors"
    message = N_("文件里还有错误，一行都没有导入。请改好后重新上传。")


class HoursUnusable(Invalid):
    code = "hours-unusable"
    message = N_("开放时间要按先后填，不能重叠，也不能超过一天。")


class ImportNotFound(NotFound):
    code = "import-not-found"
    message = N_("没有找到这次上传，可能已经过期。请重新上传。")


class ImportApplied(Conflict):
    code = "import-applied"
    message = N_("这个文件已经导入过了。")
