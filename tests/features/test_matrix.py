import inspect
import re
from typing import Any

import numpy as np
import pytest

from sidecar.domain.bars import INPUTS, Bar
from sidecar.domain.errors import InputError
from sidecar.features import columns, kernel, matrix
from sidecar.features.matrix import FEATURE_HASH, NAMES, WARM_SESSIONS, Engine, batch, row_of, rows_of, warm
from tests.features import oracle
from tests.features.drawn import AT, Array, bars, put

CUTS = 12


@pytest.fixture(scope="module")
def rows() -> Array:
    """Twenty-six sessions, some short; one input in a hundred unknown."""
    return bars([100] * 10 + [60, 385, 210] + [100] * 13, holes=0.01)


def same(a: object, b: object) -> bool:
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


def scrambled(rows: Array, t: int, seed: int) -> Array:
    """The bars up to t as they are; all after it another market's."""
    draw, other = np.random.default_rng(seed), rows.copy()
    after = other[t + 1 :]
    kept = [AT["session"], AT["minute"], AT["minutes"]]
    clock = after[:, kept].copy()
    after *= np.exp(draw.normal(0.0, 0.3, after.shape))
    after[draw.random(after.shape) < 0.1] = np.nan
    after[:, kept] = clock
    return other


def cuts(rows: Array) -> list[int]:
    return sorted(np.random.default_rng(7).integers(50, len(rows) - 50, CUTS).tolist())


def test_no_vector_changes_when_everything_after_it_does(rows: Array) -> None:
    whole = batch(rows)
    for seed, t in enumerate(cuts(rows)):
        assert same(batch(scrambled(rows, t, seed))[: t + 1], whole[: t + 1]), t


@pytest.mark.parametrize("leak", oracle.LEAKS)
def test_the_same_test_sees_a_feature_that_looks_ahead(leak: str) -> None:
    rows = bars([100] * 6)
    made = oracle.LEAKS[leak]
    whole = made(oracle.frame(rows)).to_numpy()
    caught = [
        t
        for seed, t in enumerate(cuts(rows))
        if not same(made(oracle.frame(scrambled(rows, t, seed))).to_numpy()[: t + 1], whole[: t + 1])
    ]
    assert len(caught) >= CUTS * 2 // 3


def test_bar_by_bar_and_all_at_once_give_the_same_bits_through_a_snapshot_too(rows: Array) -> None:
    engine, vectors = Engine(), []
    for i, row in enumerate(rows):
        if i == len(rows) // 2:
            kept = engine.snapshot()
            engine = Engine()
            engine.restore([each.copy() for each in kept])
        vectors.append(engine.step(row))
    assert same(np.stack(vectors), batch(rows))


def test_a_batch_in_pieces_is_the_batch(rows: Array) -> None:
    engine = Engine()
    pieces = [engine.steps(part) for part in np.array_split(rows, 7)]
    assert same(np.concatenate(pieces), batch(rows))


def test_a_snapshot_is_a_copy_and_another_shape_is_refused(rows: Array) -> None:
    engine = Engine()
    engine.steps(rows[:300])
    kept = engine.snapshot()
    before = [each.copy() for each in kept]
    engine.steps(rows[300:])
    assert all(same(a, b) for a, b in zip(kept, before, strict=True))
    wrongs: list[list[Any]] = [[], [each[:-1] for each in kept], [each.astype(np.float32) for each in kept]]
    for wrong in wrongs:
        with pytest.raises(InputError, match="not a snapshot"):
            engine.restore(wrong)


@pytest.mark.parametrize(("sessions", "daily"), [(3, False), (WARM_SESSIONS, True)])
def test_a_new_engine_fed_the_last_sessions_says_what_one_that_saw_everything_says(sessions: int, daily: bool) -> None:
    lengths = [375] * 30
    rows = bars(lengths)
    start = sum(lengths[:-sessions])
    chosen = [i for i, each in enumerate(columns.FEATURES) if daily or each.sessions <= 1]
    whole, late = (each[:, chosen].astype(np.float64) for each in (batch(rows), batch(rows[start:])))
    assert len(chosen) > 40
    assert np.array_equal(np.isnan(whole[-375:]), np.isnan(late[-375:]))
    assert (np.nanmax(abs(whole[-375:] - late[-375:]), axis=0) <= 1e-9 * np.nanstd(whole, axis=0)).all()


def test_a_bar_that_is_not_later_than_the_last_is_not_taken(rows: Array) -> None:
    clean = batch(rows)
    late = rows[[700, 700, 650, 5]].copy()
    late[1, AT["minute"]] = np.nan
    late[3, AT["session"]] = np.nan
    mixed = np.concatenate([rows[:701], late, rows[701:]])
    vectors = batch(mixed)
    assert np.isnan(vectors[701:705]).all()
    assert same(np.delete(vectors, slice(701, 705), axis=0), clean)


@pytest.mark.parametrize("count", [0, 1])
def test_few_bars_are_no_error(count: int) -> None:
    assert batch(bars([60])[:count]).shape == (count, len(NAMES))


@pytest.mark.parametrize("wrong", [np.zeros((3, len(INPUTS) - 1)), np.zeros(len(INPUTS))])
def test_rows_of_another_width_are_refused(wrong: Array) -> None:
    with pytest.raises(InputError, match="rows"):
        batch(wrong)


def test_no_form_in_which_arrays_come_is_compiled_anew(rows: Array) -> None:
    warm()
    step: Any = kernel.step
    before, few = list(step.signatures), rows[:200]
    frozen = few.copy()
    frozen.setflags(write=False)
    strided = np.repeat(few, 2, axis=0)[::2]
    for form in (few, frozen, strided, np.asfortranarray(few)):
        assert same(batch(form), batch(few))
    batch(few.astype(np.float32))
    Engine().step(frozen[0])
    assert step.signatures == before


def test_the_set_has_a_name_that_its_code_and_table_make(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", FEATURE_HASH)
    assert matrix._hash() == FEATURE_HASH
    table = columns.FEATURES
    monkeypatch.setattr(columns, "FEATURES", (table[1], table[0], *table[2:]))
    swapped = matrix._hash()
    monkeypatch.setattr(columns, "FEATURES", (table[0]._replace(formula="another"), *table[1:]))
    reworded = matrix._hash()
    monkeypatch.undo()
    real = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda room: real(room).replace("2.0 / 21.0", "2.0 / 22.0"))
    assert len({FEATURE_HASH, swapped, reworded, matrix._hash()}) == 4


def test_a_bar_and_a_table_of_bars_become_the_same_rows() -> None:
    numbers = {name: float(i) for i, name in enumerate(INPUTS)}
    bar = Bar("NIFTY", 0, 60, 60, "live", False, **numbers)
    assert row_of(bar).tolist() == list(numbers.values())
    table = {name: np.array([value, value + 1.0]) for name, value in numbers.items()}
    assert rows_of(table | {"source": np.array(["live", "live"], object)})[0].tolist() == row_of(bar).tolist()
    del table["vix"]
    with pytest.raises(InputError, match="vix"):
        rows_of(table)


def test_unknown_inputs_never_become_numbers(rows: Array) -> None:
    blind = rows.copy()
    for name in ("atm_iv", "vix", "oi_put"):
        put(blind, name, np.nan)
    vectors = dict(zip(NAMES, batch(blind).T, strict=True))
    for name in ("atm_iv", "d_atm_iv_15", "iv_term", "iv30", "iv_rank", "vix", "vix_chg", "vrp", "pcr_oi", "oi_chg_15"):
        assert np.isnan(vectors[name]).all(), name


def test_every_file_that_goes_into_the_kernel_is_watched_and_part_of_the_set() -> None:
    watched = {each.__name__ for each in (*kernel.SOURCES, kernel)}
    for room in (*kernel.SOURCES, kernel):
        for line in re.findall(r"^from (sidecar\S*) import ([^(\n]+)", inspect.getsource(room), re.MULTILINE):
            named = {line[0]} if line[0] != "sidecar.features" else {f"{line[0]}.{line[1].split(' as ')[0]}"}
            assert named <= watched | {"sidecar.domain.bars", "sidecar.pricing.compiling"}, room.__name__
    assert "../domain/bars.py" in kernel._FILES
