"""Which runs of a study `snakemake verify` repeats."""

import random


def sampled_runs(study) -> list[str]:
    """Folders of a random sample of all runs that leave a record, the stages included; relative to the study's.

    The config's `verify` says how many (5), `verify_seed` which (0); a larger sample holds the smaller one of its seed.
    """
    runs = [path.removeprefix(f"{study.base}/") for path in study.run_files() if path.endswith("/run.json")]
    random.Random(study.config.get("verify_seed", 0)).shuffle(runs)
    return [path.removesuffix("/run.json") for path in runs[: study.config.get("verify", 5)]]
