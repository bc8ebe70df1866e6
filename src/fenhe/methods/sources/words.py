"""Words and columns the contracts of pollution sources share."""

from __future__ import annotations

from fenhe.methods.contract import Column

MG, MGL, PERCENT, CELSIUS, PASCAL = "mg/m³", "mg/L", "%", "°C", "Pa"
FLOW, KILOGRAM, SECONDS = "m³/h", "kg", "s"

#: How a file may say that something holds or does not.
YES, NO = ("yes", "true", "1"), ("no", "false", "0")

OUTLET = Column("outlet", "排放口", "outlet, as the file names it")
ITEM = Column("item", "因子", "factor code of HJ 212, e.g. a21026")
START = Column("start", "开始时间", "start of the record, Beijing time", "start")
START_OUT = Column("start", "开始时间", "start of the period, Beijing time")
STATUS = Column("status", "状态", "judged or not_judged")
REASON = Column("reason", "原因", "codes joined by ;, e.g. missing:o2")
UNVERIFIED = Column("unverified", "未核实依据", "ids of the unverified values it rests on")
PROVISIONAL = Column(
    "provisional", "暂定", "yes: rests on an unverified or undated limit or duty; no by itself"
)
CLAUSES = Column("clauses", "依据", "ids of the values and rows applied, joined by ;")
EDITION = Column("edition", "标准版本", "edition the row was judged by")
