from __future__ import annotations

from decimal import Decimal

import pytest

from sidecar.servers.numerals import decoded, named
from sidecar.servers.problems import Problem


def test_a_number_keeps_the_digits_it_was_sent_with() -> None:
    assert decoded(b'{"price": 83.40, "quantity": 65}') == {"price": Decimal("83.40"), "quantity": 65}


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'{"a": {"price": NaN}}', "a.price: NaN is not a number"),
        (b'{"quantity": ' + b"9" * 5_000 + b"}", "quantity: the number is too long"),
        (b'{"a": 1, "a": 2}', "body: names a field twice"),
        (b"[1]", "body: is not a JSON object"),
        (b"{", "body: is not JSON"),
        (b"[" * 100_000, "body: is not JSON"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(raw: bytes, problem: str) -> None:
    with pytest.raises(Problem) as refused:
        decoded(raw)
    assert refused.value.status_code == 422
    assert str(refused.value.detail).startswith(problem)


def test_a_field_s_name_is_cut_and_holds_no_half_characters() -> None:
    assert named(["limits", "x" * 100]) == "limits." + "x" * 64
    assert named(["\ud800"]) == "\\ud800"
