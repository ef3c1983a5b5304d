"""What is loaded in a thread while the rest is opened."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from sidecar.features import labels, matrix
from sidecar.pricing.warming import warm

log = logging.getLogger(__name__)


def warming() -> Future[None]:
    """Load the kernels; the first beat must find those of prices, the first bar those of features and labels."""
    pool = ThreadPoolExecutor(1, "warming")
    warmed = pool.submit(warm, log.warning)
    pool.submit(matrix.warm, log.warning)
    pool.submit(labels.warm)
    pool.shutdown(wait=False)
    return warmed
