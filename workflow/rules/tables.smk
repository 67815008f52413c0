# From scores to tables: a rule for each entry of TABLES in workflow/tables/__init__.py.
from workflow.names import label_words
from workflow.report import Caption

RANKS = (
    [f"{BASE}/ranks/{task}/seed{seed}.csv" for task in STUDY.ranks["tasks"] for seed in STUDY.ranks["seeds"]]
    if STUDY.ranks
    else []
)


def table_version(name):
    """Hash of the code and data files that a table is made by: as a parameter, so that it is drawn again with them."""
    entry = TABLE_ENTRIES[name]
    return [code_version(module) for module in ("workflow.tables.__main__", entry.module, *entry.code)]


for table in DRAWN:

    rule:
        name:
            f"table_{table}"
        input:
            scores=f"{BASE}/scores.csv",
            missing=f"{BASE}/tables/missing.csv",
            ranks=RANKS if TABLE_ENTRIES[table].ranks else [],
        output:
            report(
                f"{BASE}/tables/{table}.md",
                caption="caption.rst",
                category="Tables",
                labels={"table": table, "file": "Markdown"},
            ),
            [
                report(
                    f"{BASE}/tables/{file}",
                    caption="caption.rst",
                    category="Tables",
                    labels={"table": table, "file": file},
                )
                for file in TABLE_ENTRIES[table].csv
            ],
            f"{BASE}/tables/{table}.tex",
        log:
            f"{BASE}/logs/tables/{table}.log",
        localrule: True
        conda:
            "../../environment.yml"
        threads: 1
        params:
            table=table,
            ranks=["--ranks", *RANKS] if RANKS and TABLE_ENTRIES[table].ranks else [],
            labels=label_words(STUDY.labels),
            caption=lambda w, output: Caption(output[0]),
            code=table_version(table),
        shell:
            "logged {log:q} python -m workflow.tables {params.table:q} --scores {input.scores:q}"
            " {params.ranks:q} {params.labels:q}"
