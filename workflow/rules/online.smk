# One rule for all methods of this project; a method that is a rule of its own is included by its path instead.
rule finetune:
    input:
        lambda w: STUDY.finetune_inputs(w.method, w.task, w.seed),
    output:
        f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}/progress.csv",
        f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}/episodes.csv",
        f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}/run.json",
    log:
        f"{BASE}/logs/finetune/{{method}}/{{task}}/seed{{seed}}.log",
    benchmark:
        f"{BASE}/benchmarks/finetune/{{method}}/{{task}}/seed{{seed}}.tsv"
    wildcard_constraints:
        method="|".join(STUDY.own_methods) or "none",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("finetune", w.task, w.method),
        runtime=time_limit(f"{BASE}/runs/{{method}}/{{task}}/seed{{seed}}"),
    params:
        spec=lambda w: STUDY.finetune_spec(w.method, w.task, w.seed),
        task=facts,
        numerics=NUMERICS,
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m marvel.run {params.spec:q} --out {params.out:q} --log {log:q}"


for path in STUDY.rule_files:

    include: str(ROOT / path)
