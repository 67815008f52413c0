# From scores, tables, cards and records to the study's page.
from workflow.page.command import page_words

TEMPLATES = sorted((ROOT / "workflow/page/templates").iterdir())


# One file that opens from disk; what it links to lies beside it in the study's folder.
rule page:
    input:
        scores=f"{BASE}/scores.csv",
        tables=[f"{BASE}/tables/{file}" for name in DRAWN for file in files_of(name)],
        cards=[f"{BASE}/data/{task}/card.json" for task in STUDY.tasks] if STUDY.needs_data() else [],
    output:
        report(f"{BASE}/report/index.html", caption="page.rst", category="Page"),
    log:
        f"{BASE}/logs/page.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        command=shlex.join(page_words(STUDY)),
        code=code_version("workflow.page.__main__", *TEMPLATES),
    shell:
        "logged {log:q} python -m workflow.page {params.command} --out {output:q}"
