# A study in parts, for machines that are lent for some hours: a block is one task and seed with all its stages and methods,
#     snakemake results/reference/blocks/BallRun/seed0.json --cores 2 --configfile workflow/config/reference.yaml
# made on one CPU model, one of its runs repeated from its record and compared.
rule block:
    input:
        files=lambda w: STUDY.block_files(w.task, int(w.seed)),
    output:
        f"{BASE}/blocks/{{task}}/seed{{seed}}.json",
    log:
        f"{BASE}/logs/block/{{task}}/seed{{seed}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt
        * max(STUDY.memory("finetune", w.task, method) for method in STUDY.own_methods),
        runtime=lambda w, attempt: attempt * minutes(STUDY, STUDY.repeated_run(w.task, int(w.seed))),
    params:
        repeat=lambda w: STUDY.repeated_run(w.task, int(w.seed)),
        code=code_version("workflow.runs.block"),
    shell:
        "python -m workflow.runs.block {input.files:q} --repeat {params.repeat:q} --out {output:q} 2>&1 | tee {log:q}"
