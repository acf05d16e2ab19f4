"""Numbers that no database reckons with."""

import pytest

from nurture.runner import intake_cells as cells


def test_a_whole_number_of_more_than_15_digits_is_a_name() -> None:
    assert cells.scalars({"id": 10**15, "age": -(10**15) + 1}, ("id", "age")) == {
        "id": "1000000000000000",
        "age": -(10**15) + 1,
    }


@pytest.mark.parametrize("value", [1e300, float("inf"), float("nan"), -1e-301])
def test_a_number_beyond_reckoning_is_refused(value: float) -> None:
    with pytest.raises(cells.BadRow, match="score is a number beyond reckoning"):
        cells.scalars({"score": value}, ("score",))
