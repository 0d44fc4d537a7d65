"""Histories of processes that change one table at once, each held to a model (tests/concurrency)."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "concurrency"))

import check  # noqa: E402

SEEDS = 2000 if os.environ.get("LAKEGATE_SOAK") else 200
GROUPS = 20


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    return check.build_faults(tmp_path_factory.mktemp("faults"))


@pytest.mark.parametrize("group", range(GROUPS))
def test_histories_are_those_of_one_after_the_other(request, faults, group):
    program = Path(request.config.getoption("--lakegate")).resolve()
    totals = check.Totals()
    for seed in range(group, SEEDS, GROUPS):
        violation = check.check_seed(program, seed, faults, totals)
        assert violation is None, f"seed {seed}: {violation}"
    # What the histories are made of: a fault that never happens finds nothing.
    assert totals.committed > SEEDS // GROUPS * check.OPERATIONS // 4, totals
    assert totals.killed > 0 and totals.failed > 0, totals
