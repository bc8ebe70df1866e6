"""The standing questions about outlets; they are made when there is an outlet to ask about."""

from __future__ import annotations

from fenhe.methods.sources.judging import DEFAULT as JUDGING
from fenhe.methods.sources.rules import DEFAULT as GAS
from fenhe.methods.sources.rules import WATER_DEFAULT as WATER
from fenhe.platform.verdicts.hours import question_of
from fenhe.platform.verdicts.models import Assessment
from fenhe.platform.verdicts.outlets.cells import EXCEEDANCE, HOURLY, Asked

HOURS_GAS, HOURS_WATER = "outlet-hours-gas", "outlet-hours-water"
VERDICTS = "outlet-exceedance-1h"
_PLANNED = (
    (HOURS_GAS, "废气排放口有效小时值", "Valid hours of gas outlets", HOURLY, GAS,
     {"period": "hour", "medium": "gas"}),
    (HOURS_WATER, "废水排放口有效小时值", "Valid hours of water outlets", HOURLY, WATER,
     {"period": "hour", "medium": "water"}),
    (VERDICTS, "排放口小时超标判定", "Hours of outlets against their limits", EXCEEDANCE, JUDGING,
     {"averaging": "1h"}),
)  # fmt: skip


def create() -> list[Assessment]:
    """Create the questions that are not there yet; return all of them."""
    return [
        Assessment.objects.get_or_create(
            key=key,
            defaults={
                "title_zh": f"{zh}（{edition}）",
                "title_en": f"{en} ({edition})",
                "method": method,
                "edition_policy": f"fixed:{edition}",
                "parameters": parameters,
                "subject": Assessment.Subject.OUTLET,
                "grain": Assessment.Grain.HOUR,
            },
        )[0]
        for key, zh, en, method, edition, parameters in _PLANNED
    ]


def asked() -> Asked:
    """Return what is asked, creating what is not there."""
    by_key = {one.key: question_of(one) for one in create()}
    return Asked(by_key[HOURS_GAS], by_key[HOURS_WATER], by_key[VERDICTS])
