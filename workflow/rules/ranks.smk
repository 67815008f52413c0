# Table 1, where the config has a `ranks` section: critics beside Monte-Carlo returns, before and after pre-alignment.
STATISTICS = sorted(str(path) for path in Path("workflow/statistics").glob("*.py"))  # every report reads them
RANKS_CODE = [
    *(f"marvel/{name}.py" for name in ("ranks", "rollout", "problem", "networks", "sac", "datasets")),
    *sorted(str(path) for path in Path("marvel/simulators").glob("*.py")),
]

if STUDY.ranks:

    rule monte_carlo:
        input:
            lambda w: STUDY.ranks_inputs(w.task, w.seed),
            RANKS_CODE,
        output:
            f"{BASE}/ranks/{{task}}/seed{{seed}}.csv",
        log:
            f"{BASE}/logs/ranks/{{task}}/seed{{seed}}.log",
        benchmark:
            f"{BASE}/benchmarks/ranks/{{task}}/seed{{seed}}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=lambda w: STUDY.memory("ranks", w.task),
        params:
            options=" ".join(f"--{name} {STUDY.ranks[name]}" for name in ("points", "rollouts", "horizon")),
        shell:
            "python -m marvel.ranks {input[0]} {params.options} --out {output} > {log} 2>&1"

    rule ranks:
        input:
            files=expand(f"{BASE}/ranks/{{task}}/seed{{seed}}.csv", task=STUDY.ranks["tasks"], seed=STUDY.seeds),
            code=[
                *STATISTICS,
                *(f"workflow/scripts/{name}.py" for name in ("ranks", "tables", "captions", "tuning")),
            ],
            known="workflow/reference/marvel_paper_known_numbers.csv",
            tuned="workflow/config/hyperparameters.tsv",
        output:
            f"{BASE}/tables/ranks.md",
            f"{BASE}/tables/ranks.csv",
        log:
            f"{BASE}/logs/ranks.log",
        conda:
            "../../environment.yml"
        threads: 1
        params:
            out=lambda w, output: Path(output[0]).parent,
        shell:
            "python -m workflow.scripts.ranks {input.files} --out-dir {params.out} > {log} 2>&1"
