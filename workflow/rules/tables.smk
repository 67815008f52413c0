# From scores to tables.
rule table:
    input:
        scores=f"{BASE}/scores.csv",
        tuned=TUNED,
        code=code_of("workflow.tables.final"),
    output:
        f"{BASE}/tables/final.md",
        f"{BASE}/tables/final.csv",
        f"{BASE}/tables/per_seed.csv",
        f"{BASE}/tables/safety.csv",
    log:
        f"{BASE}/logs/table.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow.tables.final --scores {input.scores:q} --out-dir {params.out:q} > {log:q} 2>&1"


# Table 2: the offline policies before any online training.
rule policies:
    input:
        scores=f"{BASE}/scores.csv",
        tuned=TUNED,
        code=code_of("workflow.tables.policies"),
    output:
        f"{BASE}/tables/offline.md",
        f"{BASE}/tables/offline.csv",
    log:
        f"{BASE}/logs/policies.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m workflow.tables.policies --scores {input.scores:q} --out-dir {params.out:q} > {log:q} 2>&1"


# Every published number of the study's tasks, ours beside it where the cost limit is the same.
rule compare:
    input:
        seeds=f"{BASE}/tables/per_seed.csv",
        code=code_of("workflow.tables.compare"),
        published=sorted(map(here, (ROOT / "workflow/reference").glob("*.csv"))),
    output:
        f"{BASE}/tables/compare.csv",
    log:
        f"{BASE}/logs/compare.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    shell:
        "python -m workflow.tables.compare --per-seed {input.seeds:q} --out {output:q} > {log:q} 2>&1"


# The paper's claims with verdicts. Table 1's numbers enter where the study has them.
rule claims:
    input:
        scores=f"{BASE}/scores.csv",
        claims=here(ROOT / "workflow/reference/claims.yaml"),
        tuned=TUNED,
        ranks=[f"{BASE}/tables/ranks.csv"] if STUDY.ranks else [],
        code=code_of("workflow.tables.claims"),
    output:
        f"{BASE}/tables/claims.md",
        f"{BASE}/tables/claims.csv",
        f"{BASE}/tables/verdicts.csv",
    log:
        f"{BASE}/logs/claims.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        out=lambda w, output: str(Path(output[0]).parent),
        ranks=["--ranks", f"{BASE}/tables/ranks.csv"] if STUDY.ranks else [],
    shell:
        "python -m workflow.tables.claims --scores {input.scores:q} {params.ranks:q} --out-dir {params.out:q} > {log:q} 2>&1"
