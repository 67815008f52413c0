from workflow.figure_entries import figure_command, figure_inputs

FIGURE_CODE = ("curves", "summary", "sweeps", "compute", "sparsity", "offline")
TUNED = "workflow/config/hyperparameters.tsv"  # says which tasks nobody tuned
REPORT = [
    *(f"{BASE}/tables/{name}" for name in ("final.md", "offline.md", "compare.csv", "claims.md")),
    *([f"{BASE}/tables/ranks.md"] if STUDY.ranks else []),
    *(f"{BASE}/figures/{name}.pdf" for name in STUDY.figures),
    *([f"{BASE}/figures/datasets.pdf"] if STUDY.needs_data() else []),
]


# From runs to scores, and from scores alone to tables and figures. The scripts are inputs: a change redraws, never retrains.
rule scores:
    input:
        expand(
            f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}/progress.csv",
            method=STUDY.methods,
            task=STUDY.tasks,
            seed=STUDY.seeds,
        ),
        ["workflow/scripts/scores.py", *STATISTICS],
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
        tuned=TUNED,
        code=[
            *STATISTICS,
            *(f"workflow/scripts/{name}.py" for name in ("tables", "episodes", "captions", "tuning", "style")),
        ],
    output:
        f"{BASE}/tables/final.md",
        f"{BASE}/tables/final.csv",
        f"{BASE}/tables/per_seed.csv",
        f"{BASE}/tables/safety.csv",
    log:
        f"{BASE}/logs/table.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: Path(output[0]).parent,
    shell:
        "python -m workflow.scripts.tables --scores {input.scores} --out-dir {params.out} > {log} 2>&1"


# Table 2: the offline policies before any online training.
rule policies:
    input:
        scores=f"{BASE}/scores.csv",
        tuned=TUNED,
        code=[
            *STATISTICS,
            *(f"workflow/scripts/{name}.py" for name in ("policies", "tables", "captions", "tuning", "style")),
        ],
    output:
        f"{BASE}/tables/offline.md",
        f"{BASE}/tables/offline.csv",
    log:
        f"{BASE}/logs/policies.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: Path(output[0]).parent,
    shell:
        "python -m workflow.scripts.policies --scores {input.scores} --out-dir {params.out} > {log} 2>&1"


# Every published number of the study's tasks, ours beside it where the cost limit is the same.
rule compare:
    input:
        seeds=f"{BASE}/tables/per_seed.csv",
        code=[*STATISTICS, *(f"workflow/scripts/{name}.py" for name in ("compare", "beside"))],
        published=sorted(str(path) for path in Path("workflow/reference").glob("*.csv")),
    output:
        f"{BASE}/tables/compare.csv",
    log:
        f"{BASE}/logs/compare.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m workflow.scripts.compare --per-seed {input.seeds} --out {output} > {log} 2>&1"


# The paper's claims with verdicts. Table 1's numbers enter where the study has them.
rule claims:
    input:
        scores=f"{BASE}/scores.csv",
        claims="workflow/reference/claims.yaml",
        tuned=TUNED,
        ranks=[f"{BASE}/tables/ranks.csv"] if STUDY.ranks else [],
        code=[
            *STATISTICS,
            *(
                f"workflow/scripts/{name}.py"
                for name in ("claims", "records", "compare", "ledger", "tables", "captions", "tuning")
            ),
        ],
    output:
        f"{BASE}/tables/claims.md",
        f"{BASE}/tables/claims.csv",
        f"{BASE}/tables/verdicts.csv",
    log:
        f"{BASE}/logs/claims.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: Path(output[0]).parent,
        ranks=f"--ranks {BASE}/tables/ranks.csv" if STUDY.ranks else "",
    shell:
        "python -m workflow.scripts.claims --scores {input.scores} {params.ranks} --out-dir {params.out} > {log} 2>&1"


# One rule for all figures of the config's `figures` section.
rule figure:
    input:
        unpack(lambda w: figure_inputs(STUDY, w.figure)),
        tuned=TUNED,
        code=[
            *STATISTICS,
            *(
                f"workflow/scripts/{name}.py"
                for name in ("figures", *FIGURE_CODE, "panels", "grids", "captions", "tuning", "style")
            ),
        ],
    output:
        multiext(f"{BASE}/figures/{{figure}}", ".pdf", ".png", ".txt"),
    log:
        f"{BASE}/logs/figure/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(STUDY.figures),
    conda:
        "../../environment.yml"
    threads: 1
    params:
        command=lambda w: figure_command(STUDY, w.figure),
        out=lambda w, output: Path(output[0]).with_suffix(""),
    shell:
        "python -m workflow.scripts.figures {params.command} --out {params.out} > {log} 2>&1"


# All datasets on one page, from the files and their cards.
rule scatter:
    input:
        data=expand(f"{BASE}/data/{{task}}/dataset.hdf5", task=STUDY.tasks),
        cards=expand(f"{BASE}/data/{{task}}/card.json", task=STUDY.tasks),
        code=[f"workflow/scripts/{name}.py" for name in ("scatter", "style")],
    output:
        multiext(f"{BASE}/figures/datasets", ".pdf", ".png", ".txt"),
        table=f"{BASE}/tables/datasets.csv",
    log:
        f"{BASE}/logs/scatter.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        filters=list(config["dataset"].get("filters", {})),
        out=lambda w, output: Path(output[0]).with_suffix(""),
    shell:
        "python -m workflow.scripts.scatter --datasets {input.data} --filters {params.filters} --out {params.out}"
        " --table {output.table} > {log} 2>&1"
