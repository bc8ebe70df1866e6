from fenhe.base.errors import BadInput, MissingExtra, Place, UnknownValue


def test_a_place_names_what_is_known() -> None:
    error = BadInput("'abc' is not a number", place=Place("a.csv", 7, "so2"))
    assert str(error) == "a.csv, row 7, column so2: 'abc' is not a number"
    assert str(BadInput("empty", place=Place("a.csv"))) == "a.csv: empty"
    assert str(BadInput("empty")) == "empty"


def test_unknown_value_keeps_its_id() -> None:
    error = UnknownValue("HJ663-2026/percentile", "the text was not seen; set it in an overlay")
    assert error.value_id == "HJ663-2026/percentile"
    assert "set it in an overlay" in str(error)


def test_missing_extra_says_what_to_install() -> None:
    assert "pip install 'fenhe[excel]'" in str(MissingExtra("excel", "reading a workbook"))
