rule dataset:
    output:
        f"{BASE}/data/{{task}}/dataset.hdf5",
        [f"{BASE}/data/{{task}}/{name}" for name in STUDY.data.source.outputs],
    log:
        f"{BASE}/logs/dataset/{{task}}.log",
    benchmark:
        f"{BASE}/benchmarks/dataset/{{task}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("dataset", w.task),
        runtime=time_limit(f"{BASE}/data/{{task}}"),
    params:
        command=lambda w: STUDY.data.command(w.task),
        task=facts,
    shell:
        "python -m {params.command:q} 2>&1 | tee {log:q}"


rule card:
    input:
        data=f"{BASE}/data/{{task}}/dataset.hdf5",
    output:
        f"{BASE}/data/{{task}}/card.json",
        f"{BASE}/data/{{task}}/scatter.png",
    log:
        f"{BASE}/logs/card/{{task}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("dataset", w.task),
    params:
        task=facts,
        code=code_version("marvel.datasets.card"),
    shell:
        "logged {log:q} python -m marvel.datasets card {input.data:q} --task {wildcards.task:q}"


rule filter:
    input:
        f"{BASE}/data/{{task}}/dataset.hdf5",
    output:
        f"{BASE}/filtered/{{task}}/dataset.hdf5",
    log:
        f"{BASE}/logs/filter/{{task}}.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * STUDY.memory("dataset", w.task),
        runtime=time_limit(f"{BASE}/filtered/{{task}}"),
    params:
        command=lambda w: STUDY.data.filter_command(w.task),
        task=facts,
    shell:
        "python -m {params.command:q} 2>&1 | tee {log:q}"
