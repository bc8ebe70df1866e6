"""Lists of firms, outlets, loggers, channels and limits; devices, keys and channels by acts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from fenhe.base.errors import BadInput
from fenhe.platform.registry import door, lists, outletacts
from fenhe.platform.registry.dated import holding_on, known
from fenhe.platform.registry.models import (
    Channel,
    Device,
    Organisation,
    Outlet,
    OutletFact,
    PermitLimit,
    Site,
    SiteName,
    SitePlace,
)
from fenhe.platform.registry.outletverbs import VERBS
from fenhe.platform.workflow.acts import Actor, local_actor
from fenhe.platform.workflow.models import AuditLog
from tests.platform.conftest import World

pytestmark = pytest.mark.django_db
MN = "010000A8900016F000169DC0"
FIRMS = ["firm,firm_name,region", "91140100MA0,某焦化,140105"]
OUTLETS = [
    "outlet,name,medium,firm,region,number,sector,reference_o2,stack_area,valid_from,lon,lat,datum",
    "DA001,焦炉烟囱,gas,91140100MA0,140105,DA001,coking,8,12.50,2026-01-01,112.5,37.8,wgs84",
    "DW001,总排口,废水,91140100MA0,140105,DW001,,,,,,,",
]
DEVICES = ["mn,firm,password,edition,minutes,key", f"{MN},91140100MA0,secret7,2025,10,{'30' * 16}"]
CHANNELS = [
    "mn,code,outlet,unit,unit_sum",
    f"{MN},a21026,DA001,mg/m3,kg",
    f"{MN},02,DA001,mg/m3,kg",
    f"{MN},w01001,DW001,,",
]
LIMITS = ["outlet,item,averaging,limit,low,unit,document",
          "DA001,a21026,hour,30.0,,mg/m3,排污许可证 1", "DW001,w01001,日,9,6,,"]  # fmt: skip
ALL = {"firms": FIRMS, "outlets": OUTLETS, "devices": DEVICES, "channels": CHANNELS,
       "limits": LIMITS}  # fmt: skip


def book(path: Path, sheets: dict[str, list[str]]) -> Path:
    """Write a workbook with a list on each sheet."""
    with xlsxwriter.Workbook(path) as made:
        for name, lines in sheets.items():
            sheet = made.add_worksheet(name)
            for row, line in enumerate(lines):
                sheet.write_row(row, 0, line.split(","))
    return path


def csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def entered(data: Path, world: World, tmp_path: Path) -> lists.Outcome:
    return lists.load(book(tmp_path / "all.xlsx", ALL), 5)


def test_a_workbook_brings_everything_in_whatever_order_its_sheets_have(
    data: Path, world: World, tmp_path: Path
) -> None:
    reverse = dict(reversed(ALL.items()))
    done = lists.load(book(tmp_path / "all.xlsx", reverse), 5)
    assert dict(done.rows) == {
        "firms": 1, "outlets": 2, "devices": 1, "channels": 3, "limits": 2,
    }  # fmt: skip
    stack = Site.objects.get(pk="outlet:DA001")
    assert (stack.kind, stack.region_id, stack.counts_for_city) == ("outlet", "140105", False)
    assert stack.organisation is not None
    assert stack.organisation.name_zh == "某焦化"
    assert Outlet.objects.get(site="outlet:DW001").medium == "water"
    assert SitePlace.objects.get(site=stack).lon == 112.5
    fact = Outlet.objects.get(site=stack).fact_on(date(2026, 3, 1))
    assert fact is not None
    assert (fact.sector, fact.reference_o2, fact.stack_area) == (
        "coking", Decimal(8), Decimal("12.50"),
    )  # fmt: skip
    assert fact.commit == 5
    device = Device.objects.get()
    assert (device.edition, device.minutes) == (2025, 10)
    assert device.password is not None
    assert device.password.reveal() == "secret7"
    assert device.keys.get().key.reveal() == "30" * 16
    items = dict(Channel.objects.values_list("code", "item"))
    assert items == {"a21026": "a21026", "02": "a21026", "w01001": "w01001"}
    limit = PermitLimit.objects.get(item="a21026")
    assert (str(limit.limit), limit.unit, limit.averaging) == ("30.0", "mg/m3", "hour")
    ph = PermitLimit.objects.get(item="w01001")
    assert (ph.low, ph.limit, ph.averaging) == (Decimal(6), Decimal(9), "day")


def test_the_same_lists_again_change_nothing(entered: lists.Outcome, tmp_path: Path) -> None:
    done = lists.load(book(tmp_path / "again.xlsx", ALL), 9)
    assert {name: count for name, count in done.changed.items() if count} == {}
    assert PermitLimit.objects.count() == 2
    assert Device.objects.get().keys.count() == 1


def test_a_changed_limit_holds_from_its_day_and_what_was_known_stays(
    entered: lists.Outcome, tmp_path: Path
) -> None:
    stricter = [
        "outlet,item,averaging,limit,unit,valid_from",
        "DA001,a21026,hour,20,mg/m3,2026-07-01",
    ]
    lists.load(csv(tmp_path / "limits.csv", stricter), 9)
    of = PermitLimit.objects.filter(item="a21026")

    def limit(day: date, as_of: int | None = None) -> list[str]:
        rows = of.filter(known(as_of), holding_on(day))
        return [str(row.limit) for row in rows]

    assert limit(date(2026, 6, 30)) == ["30.0"]
    assert limit(date(2026, 7, 1)) == ["20"]
    assert limit(date(2026, 7, 1), as_of=9) == ["30.0"]
    assert limit(date(2026, 7, 1), as_of=10) == ["20"]
    assert limit(date(2026, 7, 1), as_of=5) == []


def test_chinese_headers_are_understood(data: Path, world: World, tmp_path: Path) -> None:
    csv(tmp_path / "f.csv", ["统一社会信用代码,企业名称,行政区划", "A1,甲厂,140105"])
    lists.load(tmp_path / "f.csv", 0)
    csv(
        tmp_path / "o.csv",
        ["排放口编码,排放口名称,类别,企业编码,行政区划", "W1,总排口,废水,A1,140105"],
    )
    lists.load(tmp_path / "o.csv", 0)
    assert SiteName.objects.get(site="outlet:W1").name_zh == "总排口"


@pytest.mark.parametrize(
    ("sheet", "row", "column", "said"),
    [
        (
            "outlets",
            "X,口,gas,91140100MA0,999999,,,,,,,,",
            "region",
            "'999999' is not a known region",
        ),
        ("outlets", "X,口,smoke,91140100MA0,140105,,,,,,,,", "medium", "'smoke' is not one of"),
        ("outlets", "X,口,gas,NOBODY,140105,,,,,,,,", "firm", "'NOBODY' is not a known firm"),
        ("outlets", "X,口,gas,91140100MA0,140105,,,x,,,,,", "reference_o2", "'x' is not a number"),
        ("outlets", ",口,gas,91140100MA0,140105,,,,,,,,", "outlet", "is empty"),
        ("devices", "M2,NOBODY,,,,", "firm", "'NOBODY' is not a known firm"),
        ("devices", "M2,91140100MA0,,2018,,", "edition", "'2018' is not one of 2005, 2017, 2025"),
        ("devices", "M2,91140100MA0,,,7,", "minutes", "'7' is not one of"),
        ("devices", "M2,91140100MA0,,,,xyz", "key", "32 hexadecimal digits"),
        ("channels", "NO,a21026,DA001,mg/m3,", "mn", "'NO' is not a known device"),
        ("channels", f"{MN},a21026,DA009,mg/m3,", "outlet", "'outlet:DA009' is not a known outlet"),
        ("channels", f"{MN},a21002,DA001,mg/L,", "unit", "can not be converted"),
        ("channels", f"{MN},a21002,DA001,,", "unit", "must say its unit"),
        ("channels", f"{MN},a21002,DA001,ppq,", "unit", "unknown unit"),
        ("channels", f"{MN},w01001,DW001,mg/L,", "unit", "has no unit"),
        ("limits", "DA001,a21002,week,1,,mg/m3,", "averaging", "'week' is not one of"),
        ("limits", "DA001,a21002,hour,,,mg/m3,", "limit", "is empty"),
        ("limits", "DW001,w01001,hour,6,9,,", "low", "lies above the limit"),
    ],
)
def test_a_wrong_row_is_named_by_file_row_and_column_and_nothing_is_entered(  # noqa: PLR0917
    data: Path, world: World, tmp_path: Path, sheet: str, row: str, column: str, said: str
) -> None:
    sheets = {**ALL, sheet: [*ALL[sheet], row]}
    with pytest.raises(BadInput) as caught:
        lists.load(book(tmp_path / "wrong.xlsx", sheets), 0)
    text = str(caught.value)
    assert f"wrong.xlsx ({sheet}), row {len(ALL[sheet]) + 1}, column {column}" in text
    assert said in text
    assert "nothing was entered" in text
    assert not Organisation.objects.filter(code="91140100MA0").exists()
    assert not Device.objects.exists()


def test_every_wrong_row_is_named_and_no_secret_is(entered: lists.Outcome, tmp_path: Path) -> None:
    rows = [f"M{n},NOBODY,hunter{n},,,{'zz' * 16}" for n in range(40)]
    with pytest.raises(BadInput) as caught:
        lists.load(csv(tmp_path / "d.csv", [DEVICES[0], *rows]), 0)
    text = str(caught.value)
    assert text.count("column firm") == lists.MOST_ERRORS
    assert "and 10 more" in text
    assert "hunter" not in text


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["a,b", "1,2"], "is no list that is known"),
        (["mn,firm,colour", "1,2,3"], "a list of devices has no column colour"),
    ],
)
def test_a_table_that_is_no_list_is_refused(
    data: Path, world: World, tmp_path: Path, lines: list[str], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        lists.load(csv(tmp_path / "x.csv", lines), 0)


def test_an_outlet_stays_with_its_firm_and_its_place(
    entered: lists.Outcome, tmp_path: Path, world: World
) -> None:
    moved = [OUTLETS[0], "DA001,焦炉烟囱,gas,91140100MA0,140213,,,,,,,,"]
    with pytest.raises(BadInput, match="already lies in 140105"):
        lists.load(csv(tmp_path / "m.csv", moved), 0)
    sold = [OUTLETS[0], "DA001,焦炉烟囱,gas,F1,140105,,,,,,,,"]
    with pytest.raises(BadInput, match="already belongs to"):
        lists.load(csv(tmp_path / "s.csv", sold), 0)


def test_a_password_left_empty_stays(entered: lists.Outcome, tmp_path: Path) -> None:
    lists.load(csv(tmp_path / "d.csv", ["mn,firm,minutes", f"{MN.lower()},91140100MA0,5"]), 0)
    device = Device.objects.get()
    assert device.password is not None
    assert (device.password.reveal(), device.minutes, device.edition) == ("secret7", 5, 2025)


def test_the_log_of_an_import_holds_counts_and_no_secret(
    data: Path, world: World, tmp_path: Path
) -> None:
    act = outletacts.ImportOutlets(book(tmp_path / "all.xlsx", ALL), 3)
    act.run(local_actor())
    entry = AuditLog.objects.get(event="registry.import_outlets")
    assert entry.after["rows"]["devices"] == 1
    assert "secret7" not in str(entry.after)
    assert "30" * 16 not in str(entry.after)


# acts on devices


def run(verb: str, **args: Any) -> Any:
    return VERBS[verb](args, local_actor(), None)


def test_a_device_is_added_changed_and_listed_without_its_secrets(
    entered: lists.Outcome, data: Path
) -> None:
    run("add_device", mn="NEW1", firm="91140100MA0", password="hunter2", minutes=1)  # noqa: S106
    run("change_device", mn="new1", edition=2017, enabled=False, password="hunter3")  # noqa: S106
    told = run("add_key", mn="NEW1", key="AB" * 16)
    run("end_key", mn="NEW1", number=told["number"])
    rows = {row["mn"]: row for row in run("devices")}
    assert (rows["NEW1"]["edition"], rows["NEW1"]["enabled"], rows["NEW1"]["keys"]) == (
        2017, False, 0,
    )  # fmt: skip
    assert rows[MN]["sites"] == ["outlet:DA001", "outlet:DW001"]
    assert [key["valid"] for key in run("device_keys", mn="NEW1")] == [False]
    said = str(rows) + str(list(AuditLog.objects.values_list("before", "after", "reason")))
    for secret in ("hunter2", "hunter3", "ab" * 16, "AB" * 16, "secret7"):
        assert secret not in said
    device = outletacts.find("NEW1")
    assert device.password is not None
    assert device.password.reveal() == "hunter3"
    assert "hunter" not in repr(outletacts.AddDevice(device, "hunter2"))
    assert "ABAB" not in repr(outletacts.AddKey(device, "ABAB"))


@pytest.mark.parametrize(
    ("verb", "args", "said"),
    [
        ("add_device", {"mn": MN.lower(), "firm": "91140100MA0"}, "registered already"),
        ("add_device", {"mn": "a b", "firm": "91140100MA0"}, "can not be an MN"),
        ("add_device", {"mn": "N", "firm": "NOBODY"}, "there is no firm"),
        ("add_device", {"mn": "N", "firm": "91140100MA0", "minutes": 7}, "is not 7 minutes long"),
        ("change_device", {"mn": "N"}, "there is no device 'N'"),
        ("change_device", {"mn": MN, "edition": 1999}, "there is no edition 1999"),
        ("add_key", {"mn": MN, "key": "12"}, "32 hexadecimal digits"),
        ("add_key", {"mn": MN, "key": "30" * 16}, "entered already"),
        ("end_key", {"mn": MN, "number": 99}, "has no valid key 99"),
        ("map_channel", {"mn": MN, "code": "a21002", "outlet": "X"}, "there is no outlet"),
        ("map_channel", {"mn": MN, "code": "a21002", "outlet": "DA001"}, "must say its unit"),
        ("map_channel", {"mn": MN, "code": " ", "outlet": "DA001"}, "needs the code"),
        ("end_channel", {"mn": MN, "code": "zz"}, "has no channel"),
    ],
)
def test_what_can_not_be_is_refused(
    entered: lists.Outcome, data: Path, verb: str, args: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        run(verb, **args)


def test_a_channel_is_mapped_by_the_day_and_withdrawn(entered: lists.Outcome, data: Path) -> None:
    told = run(
        "map_channel", mn=MN, code="A21002", outlet="DA001", unit="ug/m3", since="2026-05-01"
    )
    assert (told["code"], told["item"], told["valid_from"]) == ("a21002", "a21002", "2026-05-01")
    run("map_channel", mn=MN, code="a21002", outlet="DA001", unit="mg/m3", since="2026-06-01")
    spans = [(row["unit"], row["valid_from"], row["valid_to"], row["kept_in"])
             for row in run("channels", mn=MN) if row["code"] == "a21002"]  # fmt: skip
    assert spans == [
        ("ug/m3", "2026-05-01", "2026-05-31", "mg/m³"),
        ("mg/m3", "2026-06-01", "9999-12-31", "mg/m³"),
    ]
    assert run("end_channel", mn=MN, code="a21002", reason="wrong")["withdrawn"] == 2
    assert not any(row["code"] == "a21002" for row in run("channels", mn=MN))
    assert Channel.objects.filter(code="a21002").count() == 3


def test_who_may_do_what(entered: lists.Outcome, world: World) -> None:
    device = outletacts.find(MN)
    for role, may in (("firm", False), ("county", False), ("analyst", False), ("admin", True)):
        act = outletacts.ChangeDevice(device, {"name": role})
        actor = Actor(world.people[role], role, "web")
        if may:
            act.run(actor)
        else:
            with pytest.raises(door.Denied):
                act.run(actor)
    assert Device.objects.get().name == "admin"
    site = Site.objects.get(pk="outlet:DA001")
    mapped = outletacts.MapChannel(device, "a34013", site, unit="mg/m3")
    mapped.run(Actor(world.people["analyst"], "analyst", "web"))
    assert Channel.objects.filter(code="a34013").exists()


def test_outlets_are_listed_with_what_belongs_to_them(entered: lists.Outcome, data: Path) -> None:
    rows = {row["site"]: row for row in run("outlets")}
    stack = rows["outlet:DA001"]
    assert (stack["name"], stack["firm"], stack["medium"]) == ("焦炉烟囱", "某焦化", "gas")
    assert (stack["channels"], stack["limits"], stack["devices"]) == (2, 1, [MN])
    assert OutletFact.objects.count() == 1
