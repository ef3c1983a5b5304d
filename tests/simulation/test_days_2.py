"""Virtual trading days: every invariant after every event. One chunk of the seeds."""

from tests.simulation.chunks import days, lived


@days(2)
def test_a_day_of_faults_breaks_no_invariant(seed: int) -> None:
    lived(seed)
