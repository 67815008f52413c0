# snakemake verify --config verify=5       a random sample of the study's runs is repeated and compared (marvel verify)
# The config's `verify` is how many. `verify_seed` draws another sample; a larger one holds the smaller of the same seed.
import random


def sampled_runs():
    """Folders of the sampled runs, relative to the study's; of all that have a record, the stages included."""
    runs = [path.removeprefix(f"{BASE}/") for path in STUDY.run_files() if path.endswith("/run.json")]
    random.Random(STUDY.config.get("verify_seed", 0)).shuffle(runs)
    return [path.removesuffix("/run.json") for path in runs[: STUDY.config.get("verify", 5)]]


# Repeated again when the code of runs has changed.
rule verify_run:
    input:
        run=f"{BASE}/{{run}}/run.json",
        code=code_of_runs(),
    output:
        touch(f"{BASE}/verified/{{run}}.equal"),
    log:
        f"{BASE}/logs/verify/{{run}}.log",
    wildcard_constraints:
        run=r"(offline|prealigned|runs)/.+/seed\d+",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m marvel.run --verify {input.run:q} 2>&1 | tee {log:q}"


rule verify:
    input:
        [f"{BASE}/verified/{run}.equal" for run in sampled_runs()],
