# A baseline as a rule of its own: any program, in any language or environment, that writes progress.csv at this path.
# In the config:  random_actions: {rule: baselines/random_actions.smk}
rule random_actions:
    output:
        f"{BASE}/runs/random_actions/{{task}}/seed{{seed}}/progress.csv",
    log:
        f"{BASE}/logs/random_actions/{{task}}/seed{{seed}}.log",
    conda:
        "../environment.yml"
    threads: 1
    params:
        limit=STUDY.cost_limit,
        episodes=lambda w: STUDY.online_episodes(w.task),
    shell:
        "(python -m baselines.random_actions --task {wildcards.task} --seed {wildcards.seed} --episodes {params.episodes}"
        " --cost-limit {params.limit} --out {output} && python -m marvel.run --check {output}) > {log} 2>&1"
