# From runs to scores, and from scores alone to tables and figures. The scripts are inputs: a change redraws, never retrains.
rule scores:
    input:
        expand(
            f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}/progress.csv",
            method=STUDY.methods,
            task=STUDY.tasks,
            seed=STUDY.seeds,
        ),
        "workflow/scripts/scores.py",
        code=STUDY.code_files(),  # scores says which runs were made by code that has changed since
    output:
        f"{BASE}/scores.csv",
    log:
        f"{BASE}/logs/scores.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        runs=lambda w, output: Path(output[0]).parent / "runs",
        methods=STUDY.methods,
        tasks=STUDY.tasks,
        seeds=STUDY.seeds,
        limit=STUDY.cost_limit,
    shell:
        "python -m workflow.scripts.scores --runs {params.runs} --methods {params.methods} --tasks {params.tasks}"
        " --seeds {params.seeds} --cost-limit {params.limit} --out {output} 2>&1 | tee {log}"


rule table:
    input:
        scores=f"{BASE}/scores.csv",
        code=[f"workflow/scripts/{name}.py" for name in ("tables", "intervals", "style")],
    output:
        f"{BASE}/tables/final.md",
        f"{BASE}/tables/final.csv",
        f"{BASE}/tables/per_seed.csv",
    log:
        f"{BASE}/logs/table.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: Path(output[0]).parent,
    shell:
        "python -m workflow.scripts.tables --scores {input.scores} --out-dir {params.out} > {log} 2>&1"


rule figure:
    input:
        scores=f"{BASE}/scores.csv",
        code=[f"workflow/scripts/{name}.py" for name in ("figures", "curves", "grids", "intervals", "style")],
    output:
        multiext(f"{BASE}/figures/curves_{{units}}", ".pdf", ".png", ".txt"),
    log:
        f"{BASE}/logs/figure/curves_{{units}}.log",
    wildcard_constraints:
        units="raw|normalized",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: Path(output[0]).with_suffix(""),
        window=config.get("figures", {}).get("window", 1),
    shell:
        "python -m workflow.scripts.figures curves --scores {input.scores} --units {wildcards.units}"
        " --window {params.window} --out {params.out} > {log} 2>&1"
