"""What Snakemake starts for the studies whose numbers are committed is what it started when they were made."""

import pandas as pd
import pytest
from run_commands import CONFIGS, TABLE, hashes


@pytest.mark.parametrize("config", CONFIGS)
def test_the_commands_of_all_runs_are_the_committed_ones(config):
    table = pd.read_csv(TABLE)
    expected = table[table["config"] == config].reset_index(drop=True)
    assert len(expected) > 5
    pd.testing.assert_frame_equal(hashes(config), expected)
