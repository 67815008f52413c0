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
        steps=lambda w: STUDY.online_steps(w.task),  # the budget of every method, in environment steps
        task=facts,
    shell:
        "(python -m baselines.random_actions --task {wildcards.task:q} --seed {wildcards.seed:q} --steps {params.steps:q}"
        " --cost-limit {params.limit:q} --out {output:q}"
        " && python -m marvel.run --check {output:q} --task {wildcards.task:q} --steps {params.steps:q} --cost-limit {params.limit:q}) > {log:q} 2>&1"
