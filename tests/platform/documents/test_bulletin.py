"""What the monthly bulletin says, from the numbers of Shanxi in November 2016."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import translation

from fenhe.platform.documents import bulletin
from fenhe.platform.documents.model import BarChart, Document, Paragraph, Table
from fenhe.platform.documents.monthly import Days, Dust, MonthlyReport, Name, Origin, PlaceMonth
from fenhe.platform.documents.wording import number
from tests.platform.documents.reports import judged, many, shanxi, without_values


def table(document: Document, start: str) -> Table:
    return next(b for b in document.blocks if isinstance(b, Table) and b.caption.startswith(start))


def answer(report: MonthlyReport, language: str = "en") -> str:
    blocks = bulletin.monthly(report, language).blocks  # type: ignore[arg-type]
    return next(b.text for b in blocks if isinstance(b, Paragraph) and b.kind == "answer")


def cells(found: Table, name: str) -> list[str]:
    return next(found.texts(row) for row in found.rows if name in row)


def test_answer_comes_first_in_both_languages() -> None:
    chinese = bulletin.monthly(shanxi(), "zh-CN")
    assert chinese.title == "山西省环境空气质量月报"
    assert chinese.subtitle == "2016年11月"
    first = chinese.blocks[0]
    assert isinstance(first, Paragraph)
    assert first.text.startswith("2016年11月，参加排名的 11 个城市中")
    assert "大同市（综合指数 6.62）" in first.text
    assert "临汾市（16.05）" in first.text
    assert "11 个城市综合指数全部上升" in first.text
    assert answer(shanxi()).startswith("In November 2016 the air was cleanest in Datong")


def test_language_does_not_depend_on_the_one_that_is_active() -> None:
    with translation.override("en"):
        chinese = bulletin.monthly(shanxi(), "zh-CN")
    with translation.override("zh-hans"):
        assert bulletin.monthly(shanxi(), "zh-CN") == chinese
        assert bulletin.monthly(shanxi(), "en").subtitle == "November 2016"


def test_statistics_are_told_as_given() -> None:
    found = table(bulletin.monthly(shanxi(), "en"), "Table 1")
    assert cells(found, "Linfen") == [
        "11", "Linfen", "171", "257", "238", "64", "5.4", "91", "30/30", "16.05", "PM2.5", "+95.5",
        "11",
    ]  # fmt: skip
    assert [row[0] for row in found.rows] == [str(n) for n in range(1, 12)]
    assert [(c.header, c.unit) for c in found.columns[2:7]] == [
        ("PM2.5", "µg/m³"), ("PM10", "µg/m³"), ("SO₂", "µg/m³"), ("NO₂", "µg/m³"), ("CO", "mg/m³"),
    ]  # fmt: skip


def test_days_and_good_share_against_the_year_before() -> None:
    found = table(bulletin.monthly(shanxi(), "en"), "Table 2")
    assert cells(found, "Datong") == [
        "Datong", "2", "22", "4", "2", "0", "0", "0", "80.0", "83.3", "−3.3",
    ]  # fmt: skip
    assert sum(int(cell) for cell in cells(found, "Linfen")[1:8]) == 30


def test_days_above_the_daily_limit() -> None:
    found = table(bulletin.monthly(without_values(shanxi()), "en"), "Table 3")
    assert found.caption == "Table 3: days above the daily limit by item"
    assert cells(found, "Daily limit")[1:3] == ["75 µg/m³", "150 µg/m³"]
    assert cells(found, "Linfen")[0] == "Linfen"
    assert cells(found, "Taiyuan")[1:] == ["—"] * 6


def test_exceedances_tell_met_from_missing() -> None:
    found = table(bulletin.monthly(without_values(judged(shanxi())), "en"), "Table 3")
    assert found.caption == "Table 3: exceedance multiple by item"
    assert found.notes[-1] == "Limits: grade II"
    assert cells(found, "Limit")[1:3] == ["35 µg/m³", "70 µg/m³"]
    assert cells(found, "Lüliang") == ["Lüliang", "0.50", "0.50", "0.50", "met", "met", "met"]
    assert cells(found, "Taiyuan")[1:] == ["—"] * 6


def test_limits_met_everywhere_are_said_to_be() -> None:
    def met(place: PlaceMonth) -> PlaceMonth:
        items = {c: replace(i, complies=True, multiple=None) for c, i in place.items.items()}
        return replace(place, items=items)

    report = replace(judged(shanxi()), places=tuple(map(met, shanxi().places)))
    texts = list(bulletin.monthly(report, "en").texts())
    assert "No item was above its limit in any place." in texts
    none = replace(shanxi(), places=(replace(shanxi().places[0], items={}),))
    assert "No item was compared with a limit." in list(bulletin.monthly(none, "en").texts())


def test_tables_are_numbered_as_they_come() -> None:
    for dust in (Dust("none_supplied"), shanxi().dust):
        blocks = bulletin.monthly(replace(shanxi(), dust=dust), "zh-CN").blocks
        captions = [b.caption for b in blocks if isinstance(b, Table)]
        assert [c.partition(" ")[0] for c in captions] == [
            f"表{n}" for n in range(1, len(captions) + 1)
        ]


def test_missing_is_a_dash_and_never_zero() -> None:
    document = bulletin.monthly(without_values(shanxi()), "en")
    first = table(document, "Table 1")
    assert cells(first, "Taiyuan") == ["—", "Taiyuan"] + ["—"] * 11
    assert first.rows[-1][1] == "Taiyuan"
    assert cells(table(document, "Table 2"), "Taiyuan")[1:] == ["—"] * 10
    texts = [b.text for b in document.blocks if isinstance(b, Paragraph)]
    assert "Taiyuan has no composite index: no data." in texts
    assert "of 10 ranked cities" in texts[0]


def test_ties_are_named_together() -> None:
    places = tuple(
        replace(p, rank=1, index=Decimal("6.62")) if p.rank in (1, 2) else p
        for p in shanxi().places
    )
    assert "cleanest in Datong, Shuozhou (composite" in answer(replace(shanxi(), places=places))


def test_one_place_and_none() -> None:
    one = replace(shanxi(), places=shanxi().places[:1])
    assert answer(one) == (
        "In November 2016 Taiyuan had the composite index 12.86. Against the same month of the "
        "year before the index changed by +66.8 %. Largest item: PM2.5."
    )
    assert answer(replace(shanxi(), places=())) == (
        "There is no composite index for any place in this month."
    )
    assert bulletin.monthly(replace(shanxi(), places=()), "zh-CN").blocks


def test_many_places_have_tables_and_no_chart() -> None:
    document = bulletin.monthly(many(shanxi(), 130), "zh-CN")
    assert [b for b in document.blocks if isinstance(b, BarChart)] == []
    assert len(table(document, "表1").rows) == 130
    assert len([b for b in bulletin.monthly(shanxi(), "en").blocks if isinstance(b, BarChart)]) == 2


def test_mean_of_the_region_stands_last_and_strong() -> None:
    mean = replace(
        shanxi().places[0], name=Name("全省平均", "Province"), rank=None, index=Decimal("10.40")
    )
    rule = Name("各市指数的平均", "mean of the city indices")
    found = table(bulletin.monthly(replace(shanxi(), mean=mean, mean_rule=rule), "en"), "Table 1")
    assert found.rows[-1][1] == "Province"
    assert found.strong == frozenset({11})
    assert found.notes[-1] == "Province: mean of the city indices"
    report = replace(shanxi(), mean=replace(mean, days=None))
    assert len(table(bulletin.monthly(report, "en"), "Table 2").rows) == 11


@pytest.mark.parametrize(
    ("change", "said"),
    [("-3.2", "fell in 1 and rose in 10 of 11"), ("0", "rose in 10 and stayed in 1 of 11")],
)
def test_changes_are_counted(change: str, said: str) -> None:
    first, *others = shanxi().places
    places = (replace(first, change=Decimal(change)), *others)
    line = answer(replace(shanxi(), places=places))
    assert all(part in line for part in said.split(" and "))


def test_unverified_values_are_told_with_meaning_edition_and_clause() -> None:
    found = table(bulletin.monthly(shanxi(), "zh-CN"), "表5")
    assert found.rows[0] == (
        "HJ663-2013/month_minimum",
        "月评价最少有效天数",
        "HJ 663-2013",
        "不详",
    )
    (unknown,) = bulletin.unverified_values(["HJ999-2000/none", "HJ999-2000/none"])
    assert (unknown.id, unknown.edition) == ("HJ999-2000/none", "HJ999-2000")
    (row,) = bulletin.unverified_values(["GB3095-2012/reference_states/so2"])
    assert row.meaning.zh


def test_a_draft_says_that_it_is_one() -> None:
    draft = replace(shanxi(), origin=Origin("trial", datetime(2016, 12, 1)), editions=())
    document = bulletin.monthly(draft, "zh-CN")
    assert document.frame.foot.startswith("草稿")
    assert any("草稿" in b.text for b in document.blocks if isinstance(b, Paragraph))
    origin = table(document, "表6")
    assert origin.texts(origin.rows[1]) == ["标准版本", "—"]


def test_frozen_run_is_named_on_every_page_and_in_full() -> None:
    document = bulletin.monthly(shanxi(), "zh-CN")
    assert "提交号 1234" in document.frame.foot
    assert "abababab" in document.frame.foot
    assert document.frame.under == "GB3095-2012、HJ633-2012、HJ663-2013、RANK-2018"
    assert ("结果的 SHA-256", "ab" * 32) in table(document, "表7").rows
    assert ("固定时间（北京时间）", "2016-12-13 09:30") in table(document, "表7").rows


def test_dust_without_a_list_says_so() -> None:
    for dust, said in ((Dust("none_supplied"), "未提供沙尘"), (Dust("list"), "本月无记录")):
        texts = list(bulletin.monthly(replace(shanxi(), dust=dust), "zh-CN").texts())
        assert any(said in text for text in texts)


def test_without_an_aqi_edition_no_days_are_told() -> None:
    texts = list(bulletin.monthly(replace(shanxi(), aqi_edition=None), "en").texts())
    assert [text for text in texts if "AQI level" in text] == []


def test_numbers_keep_their_decimals() -> None:
    assert number(Decimal("1.20")) == "1.20"
    assert number(Decimal("-0.5"), signed=True) == "−0.5"
    assert number(Decimal("3"), signed=True) == "+3"
    assert number(Decimal("0.0"), signed=True) == "0.0"
    assert number(Decimal("1E+2")) == "100"
    assert number(None) is None


def test_good_share_difference_needs_both() -> None:
    first, *others = shanxi().places
    lone = replace(first, days=Days((0, 0, 0, 0, 0, 0), 30, None))
    document = bulletin.monthly(replace(shanxi(), places=(lone, *others)), "en")
    row = cells(table(document, "Table 2"), "Taiyuan")
    assert row[1:8] == ["0"] * 6 + ["30"]
    assert row[8] == row[10] == "—"


def test_a_row_with_a_cell_too_few_is_refused() -> None:
    found = table(bulletin.monthly(shanxi(), "en"), "Table 1")
    with pytest.raises(ValueError, match="row 0 has 1 cells for 13 columns"):
        Table("wrong", found.columns, (("a",),))
