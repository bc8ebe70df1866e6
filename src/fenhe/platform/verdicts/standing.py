"""The standing assessments every installation begins with."""

from __future__ import annotations

from fenhe import standards
from fenhe.platform.verdicts.models import Assessment
from fenhe.standards import Edition

METHOD = "air.aqi_hourly"
STANDARD = "HJ633"
AREA_STANDARD = "HJ663"
_TITLES = {
    Assessment.Subject.SITE: ("站点小时空气质量指数", "Hourly AQI of stations"),
    Assessment.Subject.CITY: ("城市小时空气质量指数", "Hourly AQI of cities"),
}


def key_of(subject: str, edition: str) -> str:
    """Return the key of the hourly assessment of sites or cities under an edition."""
    return f"aqi-hourly-{subject}-{edition}"


def _parameters(subject: Assessment.Subject, edition: Edition) -> dict[str, str]:
    """City means follow the edition of HJ 663 that was in force when this edition began.

    Which edition of HJ 663 goes with a re-scoring is not said in law: so it is a parameter.
    """
    if subject is Assessment.Subject.SITE:
        return {}
    area = standards.catalogue().on(AREA_STANDARD, edition.in_force_from)
    return {"area_edition": area.id}


def create() -> list[Assessment]:
    """Create hourly AQI of sites and cities under every edition of HJ 633; keep what is there."""
    made = []
    for edition in standards.catalogue().editions(STANDARD):
        for subject, (zh, en) in _TITLES.items():
            found, _ = Assessment.objects.get_or_create(
                key=key_of(subject.value, edition.id),
                defaults={
                    "title_zh": f"{zh}（{edition.id}）",
                    "title_en": f"{en} ({edition.id})",
                    "method": METHOD,
                    "edition_policy": f"fixed:{edition.id}",
                    "parameters": _parameters(subject, edition),
                    "subject": subject,
                },
            )
            made.append(found)
    return made
