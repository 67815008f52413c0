# What `all` asks for, and the step from runs to scores.
TUNED = here(ROOT / "workflow/config/hyperparameters.tsv")  # says which tasks nobody tuned
REPORT = [
    f"{BASE}/scores.csv",
    f"{BASE}/report/index.html",
    *(f"{BASE}/tables/{name}" for name in ("final.md", "offline.md", "compare.csv", "claims.md")),
    *([f"{BASE}/tables/ranks.md"] if STUDY.ranks else []),
    *(f"{BASE}/figures/{name}.pdf" for name in STUDY.figures),
    *([f"{BASE}/figures/datasets.pdf"] if STUDY.needs_data() else []),
]


# The modules are inputs: a change redraws, never retrains.
rule scores:
    input:
        [f"{STUDY.run_folder(*run)}/progress.csv" for run in STUDY.runs],
        code=code_of("workflow.runs.scores"),
        made_by=code_of_runs(),  # scores says which runs were made by code that has changed since
    output:
        f"{BASE}/scores.csv",
    log:
        f"{BASE}/logs/scores.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        runs=lambda w, output: str(Path(output[0]).parent / "runs"),
        methods=[f"--method {shlex.join(words)}" for words in STUDY.runs_by_method],
        limit=STUDY.cost_limit,
        facts=[asdict(get_task(task)) for task in STUDY.tasks],
    shell:
        "python -m workflow.runs.scores --runs {params.runs:q} {params.methods} --cost-limit {params.limit:q}"
        " --out {output:q} 2>&1 | tee {log:q}"
