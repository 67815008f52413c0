# Table 1, where the config has a `ranks` section: critics beside Monte-Carlo returns, before and after pre-alignment.
if STUDY.ranks:

    rule monte_carlo:
        input:
            lambda w: STUDY.ranks_inputs(w.task, w.seed),
            code=code_of("marvel.ranks"),
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
            mem_mb=lambda w, attempt: attempt * STUDY.memory("ranks", w.task),
            runtime=lambda w, attempt: attempt * ranks_minutes(STUDY, w.task),
        params:
            options=[f"--{name}={STUDY.ranks[name]}" for name in ("points", "rollouts", "horizon")],
            task=facts,
            numerics=NUMERICS,
        shell:
            "python -m marvel.ranks {input[0]:q} {params.options:q} --out {output:q} > {log:q} 2>&1"

    rule ranks:
        input:
            files=expand(
                f"{BASE}/ranks/{{task}}/seed{{seed}}.csv", task=STUDY.ranks["tasks"], seed=STUDY.ranks["seeds"]
            ),
            code=code_of("workflow.tables.ranks"),
            known=here(ROOT / "workflow/reference/marvel_paper_known_numbers.csv"),
            tuned=here(ROOT / "workflow/config/hyperparameters.tsv"),
        output:
            f"{BASE}/tables/ranks.md",
            f"{BASE}/tables/ranks.csv",
        log:
            f"{BASE}/logs/ranks.log",
        localrule: True
        conda:
            "../../environment.yml"
        threads: 1
        params:
            out=lambda w, output: str(Path(output[0]).parent),
        shell:
            "python -m workflow.tables.ranks {input.files:q} --out-dir {params.out:q} > {log:q} 2>&1"
