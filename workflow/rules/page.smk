# From scores, tables, cards and records to the study's page.
TEMPLATES = [here(path) for path in sorted((ROOT / "workflow/page/templates").iterdir())]


# One file that opens from disk; what it links to lies beside it in the study's folder.
rule page:
    input:
        scores=f"{BASE}/scores.csv",
        tables=[f"{BASE}/tables/{name}" for name in ("final.md", "offline.md", "compare.csv", "claims.md")],
        read=[f"{BASE}/tables/{name}.csv" for name in ("final", "safety", "offline", "claims", "verdicts")],
        ranks=[f"{BASE}/tables/ranks.md"] if STUDY.ranks else [],
        cards=[f"{BASE}/data/{task}/card.json" for task in STUDY.tasks] if STUDY.needs_data() else [],
        tuned=TUNED,
        code=code_of("workflow.page.__main__"),
        templates=TEMPLATES,
    output:
        f"{BASE}/report/index.html",
    log:
        f"{BASE}/logs/page.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        study=BASE,
        methods=[f"--method {shlex.join(words)}" for words in STUDY.runs_by_method],
        steps=[
            f"--steps {shlex.join([name, ','.join(entry.get('tasks', STUDY.tasks)), ','.join(entry['methods'])])}"
            for name, entry in STUDY.figures.items()
            if entry["kind"] == "steps"
        ],
    shell:
        "python -m workflow.page --study {params.study:q} {params.methods} {params.steps} --out {output:q} > {log:q} 2>&1"
