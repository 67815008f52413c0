from workflow.figure_entries import figure_command, figure_inputs

TUNED = here(ROOT / "workflow/config/hyperparameters.tsv")  # says which tasks nobody tuned
REPORT = [
    f"{BASE}/scores.csv",
    *(f"{BASE}/tables/{name}" for name in ("final.md", "offline.md", "compare.csv", "claims.md")),
    *([f"{BASE}/tables/ranks.md"] if STUDY.ranks else []),
    *(f"{BASE}/figures/{name}.pdf" for name in STUDY.figures),
    *([f"{BASE}/figures/datasets.pdf"] if STUDY.needs_data() else []),
]


# From runs to scores, and from scores alone to tables and figures. The scripts are inputs: a change redraws, never retrains.
rule scores:
    input:
        [f"{STUDY.run_folder(*run)}/progress.csv" for run in STUDY.runs],
        code=code_of("workflow.scripts.scores"),
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
        "python -m workflow.scripts.scores --runs {params.runs:q} {params.methods} --cost-limit {params.limit:q}"
        " --out {output:q} 2>&1 | tee {log:q}"


rule table:
    input:
        scores=f"{BASE}/scores.csv",
        tuned=TUNED,
        code=code_of("workflow.scripts.tables"),
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
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow.scripts.tables --scores {input.scores:q} --out-dir {params.out:q} > {log:q} 2>&1"


# Table 2: the offline policies before any online training.
rule policies:
    input:
        scores=f"{BASE}/scores.csv",
        tuned=TUNED,
        code=code_of("workflow.scripts.policies"),
    output:
        f"{BASE}/tables/offline.md",
        f"{BASE}/tables/offline.csv",
    log:
        f"{BASE}/logs/policies.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow.scripts.policies --scores {input.scores:q} --out-dir {params.out:q} > {log:q} 2>&1"


# Every published number of the study's tasks, ours beside it where the cost limit is the same.
rule compare:
    input:
        seeds=f"{BASE}/tables/per_seed.csv",
        code=code_of("workflow.scripts.compare"),
        published=sorted(map(here, (ROOT / "workflow/reference").glob("*.csv"))),
    output:
        f"{BASE}/tables/compare.csv",
    log:
        f"{BASE}/logs/compare.log",
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m workflow.scripts.compare --per-seed {input.seeds:q} --out {output:q} > {log:q} 2>&1"


# The paper's claims with verdicts. Table 1's numbers enter where the study has them.
rule claims:
    input:
        scores=f"{BASE}/scores.csv",
        claims=here(ROOT / "workflow/reference/claims.yaml"),
        tuned=TUNED,
        ranks=[f"{BASE}/tables/ranks.csv"] if STUDY.ranks else [],
        code=code_of("workflow.scripts.claims"),
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
        out=lambda w, output: str(Path(output[0]).parent),
        ranks=["--ranks", f"{BASE}/tables/ranks.csv"] if STUDY.ranks else [],
    shell:
        "python -m workflow.scripts.claims --scores {input.scores:q} {params.ranks:q} --out-dir {params.out:q} > {log:q} 2>&1"


# One rule for all figures of the config's `figures` section.
rule figure:
    input:
        unpack(lambda w: figure_inputs(STUDY, w.figure)),
        tuned=TUNED,
        code=code_of("workflow.scripts.figures"),
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
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python -m workflow.scripts.figures {params.command} --out {params.out:q} > {log:q} 2>&1"


# All datasets on one page, from the files and their cards.
rule scatter:
    input:
        data=expand(f"{BASE}/data/{{task}}/dataset.hdf5", task=STUDY.tasks),
        cards=expand(f"{BASE}/data/{{task}}/card.json", task=STUDY.tasks),
        code=code_of("workflow.scripts.scatter"),
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
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python -m workflow.scripts.scatter --datasets {input.data:q} --filters {params.filters:q} --out {params.out:q}"
        " --table {output.table:q} > {log:q} 2>&1"
