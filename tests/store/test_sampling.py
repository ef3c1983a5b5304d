"""A sample holds what is new since the last one."""

from typing import Any

from sidecar.store.sampling import Sampler
from tests.store.build import NOW, OPTION, contracts, published


def test_contracts_listed_later_are_added_and_another_market_starts_afresh() -> None:
    sampler = Sampler(quotes=True)
    first, second = contracts(2), (*contracts(2), OPTION)

    def counts(*listed: Any) -> tuple[int, int]:
        made = sampler.tables([published(1, NOW, each) for each in listed])
        instruments = made.get("instruments")
        return (instruments.num_rows if instruments else 0, made["quotes"].num_rows)

    assert counts(first) == (2, 2)
    assert counts(first) == (0, 0)
    assert counts(second) == (1, 1)
    assert counts((OPTION,)) == (1, 1)
    assert counts(first, (OPTION,), first) == (3, 5)
    sampler.forget()
    assert counts(first) == (2, 2)
