"""The standing assessments every installation begins with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fenhe import standards
from fenhe.platform.verdicts import dirty
from fenhe.platform.verdicts.models import Assessment
from fenhe.standards import Edition

METHOD = "air.aqi_hourly"
STANDARD = "HJ633"
AREA_STANDARD = "HJ663"
LIMITS = "GB3095"
DAY_METHOD, PERIOD_METHOD, AQI_DAILY = "air.evaluate", "air.evaluate", "air.aqi_daily"
PERIODS = (Assessment.Grain.MONTH, Assessment.Grain.QUARTER, Assessment.Grain.YEAR)

Subject, Grain = Assessment.Subject, Assessment.Grain
_WHOSE = {
    Subject.SITE: ("站点", "of stations"),
    Subject.CITY: ("城市", "of cities"),
    Subject.PUBLISHED: ("城市公布日值", "of cities, from published daily values"),
}
_GRAINS = {
    Grain.DAY: ("日", "Daily"),
    Grain.MONTH: ("月", "Monthly"),
    Grain.QUARTER: ("季", "Quarterly"),
    Grain.YEAR: ("年", "Yearly"),
}


def key_of(subject: str, edition: str) -> str:
    """Return the key of the hourly assessment of sites or cities under an edition."""
    return f"aqi-hourly-{subject}-{edition}"


def air_key(grain: str, subject: str, edition: str) -> str:
    """Return the key of the evaluation of a day, month, quarter or year under GB 3095."""
    return f"air-{grain}-{subject}-{edition}"


def daily_key(subject: str, edition: str) -> str:
    """Return the key of the daily AQI under an edition of HJ 633."""
    return f"aqi-daily-{subject}-{edition}"


@dataclass(frozen=True)
class _Planned:
    key: str
    zh: str
    en: str
    method: str
    edition: Edition
    subject: Assessment.Subject
    grain: Assessment.Grain
    parameters: dict[str, str]
    active: bool = True


def create() -> list[Assessment]:
    """Create the standing assessments under every edition; keep what is there.

    Hourly and daily AQI under HJ 633, the evaluation of days, months, quarters and years under
    GB 3095. Those under limits that begin later than the newest edition of HJ 633 wait,
    inactive. Where new ones join a folder with data, every day is looked at again.
    """
    made = [_made(plan) for plan in (*_hourly(), *_daily(), *_aqi_daily())]
    if any(new for _, new in made):
        dirty.mark_everything()
    return [assessment for assessment, _ in made]


def _made(plan: _Planned) -> tuple[Assessment, bool]:
    return Assessment.objects.get_or_create(
        key=plan.key,
        defaults={
            "title_zh": f"{plan.zh}（{plan.edition.id}）",
            "title_en": f"{plan.en} ({plan.edition.id})",
            "method": plan.method,
            "edition_policy": f"fixed:{plan.edition.id}",
            "parameters": plan.parameters,
            "subject": plan.subject,
            "grain": plan.grain,
            "active": plan.active,
        },
    )


def _hourly() -> Iterator[_Planned]:
    """City means follow the edition of HJ 663 that was in force when this edition began.

    Which edition of HJ 663 goes with a re-scoring is not said in law: so it is a parameter.
    """
    for edition in standards.catalogue().editions(STANDARD):
        area = standards.catalogue().on(AREA_STANDARD, edition.in_force_from)
        for subject in (Subject.SITE, Subject.CITY):
            zh, en = _WHOSE[subject]
            parameters = {"area_edition": area.id} if subject is Subject.CITY else {}
            yield _Planned(
                key_of(subject.value, edition.id),
                f"{zh}小时空气质量指数",
                f"Hourly AQI {en}",
                METHOD,
                edition,
                subject,
                Grain.HOUR,
                parameters,
            )


def _daily() -> Iterator[_Planned]:
    """Days of a city rest on those of its stations, longer periods on the days."""
    newest = standards.catalogue().editions(STANDARD)[-1].in_force_from
    for edition in standards.catalogue().editions(LIMITS):
        for subject, (zh, en) in _WHOSE.items():
            for grain, (zh_grain, en_grain) in _GRAINS.items():
                base = {"period": grain.value}
                if grain is not Grain.DAY:
                    base["rests_on"] = air_key("day", subject.value, edition.id)
                elif subject is Subject.CITY:
                    base["rests_on"] = air_key("day", "site", edition.id)
                yield _Planned(
                    air_key(grain.value, subject.value, edition.id),
                    f"{zh}{zh_grain}评价",
                    f"{en_grain} evaluation {en}",
                    DAY_METHOD,
                    edition,
                    subject,
                    grain,
                    base,
                    active=edition.in_force_from <= newest,
                )


def _aqi_daily() -> Iterator[_Planned]:
    """The daily AQI reads the days evaluated under the limits in force when its edition began."""
    for edition in standards.catalogue().editions(STANDARD):
        limits = standards.catalogue().on(LIMITS, edition.in_force_from)
        for subject, (zh, en) in _WHOSE.items():
            yield _Planned(
                daily_key(subject.value, edition.id),
                f"{zh}日空气质量指数",
                f"Daily AQI {en}",
                AQI_DAILY,
                edition,
                subject,
                Grain.DAY,
                {"rests_on": air_key("day", subject.value, limits.id)},
            )
