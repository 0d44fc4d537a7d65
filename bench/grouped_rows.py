"""Rows of which ten or so share a key, with three columns to order them by, and an id."""

import numpy as np
import pyarrow as pa


def grouped_rows(count):
    choose = np.random.default_rng(6)
    return pa.table({
        "k": choose.integers(0, max(1, count // 10), count),
        "a": choose.integers(0, 1000, count).astype(np.int32),
        "b": choose.integers(0, 1_000_000, count),
        "c": choose.integers(0, 100, count).astype(np.int16),
        "id": np.arange(count),
    })
