# What `all` asks for, and the step from runs to scores.
from workflow.tables import TABLES as TABLE_ENTRIES
from workflow.tables import files_of

DRAWN = [name for name in TABLE_ENTRIES if name != "ranks" or STUDY.ranks]
REPORT = [
    f"{BASE}/scores.csv",
    f"{BASE}/report/index.html",
    *(f"{BASE}/tables/{name}.md" for name in DRAWN),
    *(f"{BASE}/figures/{name}.pdf" for name in STUDY.figures),
    *([f"{BASE}/figures/datasets.pdf"] if STUDY.needs_data() else []),
]


# All runs of the study, none left out: `python -m workflow.redraw CONFIG` makes scores and reports of those that are there.
rule scores:
    input:
        [f"{STUDY.run_folder(*run)}/progress.csv" for run in STUDY.runs],
    output:
        scores=f"{BASE}/scores.csv",
        missing=f"{BASE}/tables/missing.csv",
    log:
        f"{BASE}/logs/scores.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        runs=lambda w, output: str(Path(output[0]).parent / "runs"),
        methods=[f"--method {shlex.join(words)}" for words in STUDY.runs_by_method],
        limit=STUDY.cost_limit,
        facts=[asdict(get_task(task)) for task in STUDY.tasks],
        code=code_version("workflow.runs.scores"),
        made_by=version_of_runs(),  # scores says which runs were made by code that has changed since
    shell:
        "python -m workflow.runs.scores --runs {params.runs:q} {params.methods} --cost-limit {params.limit:q}"
        " --out {output.scores:q} 2>&1 | tee {log:q}"
