rule dataset:
    output:
        f"{BASE}/data/{{task}}/dataset.hdf5",
    log:
        f"{BASE}/logs/dataset/{{task}}.log",
    benchmark:
        f"{BASE}/benchmarks/dataset/{{task}}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    params:
        command=lambda w: STUDY.dataset_command(w.task),
    shell:
        "python -m {params.command} 2>&1 | tee {log}"
