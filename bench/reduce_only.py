"""The gate of a stopped desk on random small books, against every set of fills made one by one.

    python -m bench.reduce_only [books] [seed]

Up to five contracts of seven (two expiries, one that ends today), up to two working orders, real margins and stress
losses. A false acceptance is an order that passes as reducing though some set of fills lets it raise something; there
may be none. A false refusal is one that could have passed: the gate argues from ends and gaps, on the safe side.
"""

from __future__ import annotations

import sys
from random import Random
from time import perf_counter

from bench.loop import table
from sidecar.risk.gate import check
from tests.risk.reducing import case, harmless, request, view


def main() -> int:
    asked = [int(text) for text in sys.argv[1:3]]
    books, seed = (*asked, *(10_000, 1)[len(asked) :])
    random, began = Random(seed), perf_counter()
    accepted = refused = false_accepts = false_refusals = 0
    for _ in range(books):
        one = case(random)
        passes, free = check(request(*one.order), view(one)).accepted, harmless(one)
        accepted += passes
        refused += not passes
        false_accepts += passes and not free
        false_refusals += free and not passes
        if passes and not free:
            print(f"false acceptance: {one}")
    counts = (books, accepted, refused, false_accepts, false_refusals)
    took = f"{1e3 * (perf_counter() - began) / books:.2f}"
    heads = ("books", "accepted", "refused", "false acceptances", "false refusals", "ms a book", "seed")
    table(heads, [(*map(str, counts), took, str(seed))])
    return 1 if false_accepts else 0


if __name__ == "__main__":
    sys.exit(main())
