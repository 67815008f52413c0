# Offline training and Value Pre-Alignment: once per algorithm, task and seed, shared by all methods that ask for them.
rule pretrain:
    input:
        STUDY.dataset("{task}"),
    output:
        f"{BASE}/offline/{{algorithm}}/{{task}}/seed{{seed}}/checkpoint.pt",
        f"{BASE}/offline/{{algorithm}}/{{task}}/seed{{seed}}/progress.csv",
        f"{BASE}/offline/{{algorithm}}/{{task}}/seed{{seed}}/episodes.csv",
        f"{BASE}/offline/{{algorithm}}/{{task}}/seed{{seed}}/run.json",
    log:
        f"{BASE}/logs/pretrain/{{algorithm}}/{{task}}/seed{{seed}}.log",
    benchmark:
        f"{BASE}/benchmarks/pretrain/{{algorithm}}/{{task}}/seed{{seed}}.tsv"
    priority: 10  # the longest chain hangs on these
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("pretrain", w.task),
        runtime=time_limit(f"{BASE}/offline/{{algorithm}}/{{task}}/seed{{seed}}"),
    params:
        spec=lambda w: STUDY.pretrain_spec(w.algorithm, w.task, w.seed),
        task=facts,
        numerics=NUMERICS,
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m marvel.run {params.spec:q} --out {params.out:q} --log {log:q}"


rule prealign:
    input:
        lambda w: STUDY.offline_checkpoint(w.algorithm, w.task, w.seed),
        STUDY.dataset("{task}"),
    output:
        f"{BASE}/prealigned/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}/checkpoint.pt",
        f"{BASE}/prealigned/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}/progress.csv",
        f"{BASE}/prealigned/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}/episodes.csv",
        f"{BASE}/prealigned/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}/run.json",
    log:
        f"{BASE}/logs/prealign/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}.log",
    benchmark:
        f"{BASE}/benchmarks/prealign/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}.tsv"
    priority: 5
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("prealign", w.task),
        runtime=time_limit(f"{BASE}/prealigned/{{variant}}/{{algorithm}}/{{task}}/seed{{seed}}"),
    params:
        spec=lambda w: STUDY.prealign_spec(w.variant, w.algorithm, w.task, w.seed),
        task=facts,
        numerics=NUMERICS,
        out=lambda w, output: str(Path(output[0]).parent),
    shell:
        "python -m marvel.run {params.spec:q} --out {params.out:q} --log {log:q}"
