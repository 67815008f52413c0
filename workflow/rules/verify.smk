# snakemake --config verify=5 --cores 2 verify       a random sample of the study's runs is repeated and compared
from workflow.sample import sampled_runs


# Repeated again when the code of runs has changed. A run that differs leaves nothing here; its log says where and why.
rule verify_run:
    input:
        f"{BASE}/{{run}}/run.json",
    output:
        touch(f"{BASE}/verified/{{run}}.equal"),
    log:
        f"{BASE}/logs/verify/{{run}}.log",
    wildcard_constraints:
        run="(offline|prealigned|runs)/.+",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=version_of_runs(),
    shell:
        "python -m marvel.run --verify {input:q} 2>&1 | tee {log:q}"


rule verify:
    input:
        [f"{BASE}/verified/{run}.equal" for run in sampled_runs(STUDY)],
