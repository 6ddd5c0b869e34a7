"""Refusals of the groups room; each says the fact and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from server.errors import Conflict, Forbidden, Invalid
from server.kit.text import N_
from server.stations.import_cells import CellError


class PlacesGone(Conflict):
    """Somebody else took one of the places that the foreman saw; nothing was booked."""

    code = "places-gone"
    message = N_("刚才有位置被别人约走了，还没给您约上。请看看现在还有哪些，再定一次。")


class TooManyGroups(Conflict):
    code = "too-many-groups"
    message = N_("您手上的集体预约已经不少了。先办完或取消一个，再约新的。")


class OneByOne(Conflict):
    """The foreman has one open booking at a time at this station."""

    code = "one-by-one"
    message = N_("您最近几次约好了没来，在这个站点先一个一个约。请打电话跟站点说一声，前台可以帮您重新开始。")


class MembersEach(Forbidden):
    """Whether somebody is a member is known of who signs in, and of nobody else."""

    code = "members-each"
    message = N_("这项服务只给工会会员办，请会员各自用自己的手机号约。")


class ListUnusable(Invalid):
    """Nothing of a list is used until each line of it is right; `mistakes` are its first ones."""

    code = "list-unusable"
    message = N_("名单里有 %(n)d 处要改，改好再传一次。现在什么都没有存。")

    def __init__(self, mistakes: Sequence[CellError], n: int) -> None:
        super().__init__(field="file", n=n)
        self.mistakes = mistakes


class ListWrongSize(Invalid):
    code = "list-wrong-size"
    message = N_("一次能约 %(least)d 到 %(most)d 个人，名单里要有这么多行。")


class ListNotRead(Invalid):
    code = "list-not-read"
    message = N_("这个文件打不开。请用模板填，存成 XLSX，第一行写“姓名”和“手机号”。")
