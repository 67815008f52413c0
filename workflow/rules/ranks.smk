# Table 1, where the config has a `ranks` section: critics beside Monte-Carlo returns, before and after pre-alignment.
if STUDY.ranks:

    rule monte_carlo:
        input:
            lambda w: STUDY.ranks_inputs(w.task, w.seed),
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
            code=code_version("marvel.ranks"),
        shell:
            "logged {log:q} python -m marvel.ranks {input[0]:q} {params.options:q} --out {output:q}"
