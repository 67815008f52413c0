# From scores, datasets and offline runs to figures.
from workflow.figures.entries import figure_code, figure_command, figure_inputs


# One rule for all figures of the config's `figures` section.
rule figure:
    input:
        unpack(lambda w: figure_inputs(STUDY, w.figure)),
    output:
        multiext(f"{BASE}/figures/{{figure}}", ".pdf", ".png", ".txt"),
    log:
        f"{BASE}/logs/figure/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(STUDY.figures),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=lambda w: figure_code(STUDY, w.figure),
        command=lambda w: figure_command(STUDY, w.figure),
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python -m workflow.figures {params.command} --out {params.out:q} > {log:q} 2>&1"


# All datasets on one page, from the files and their cards.
rule scatter:
    input:
        data=expand(f"{BASE}/data/{{task}}/dataset.hdf5", task=STUDY.tasks),
        cards=expand(f"{BASE}/data/{{task}}/card.json", task=STUDY.tasks),
    output:
        multiext(f"{BASE}/figures/datasets", ".pdf", ".png", ".txt"),
        table=f"{BASE}/tables/datasets.csv",
    log:
        f"{BASE}/logs/scatter.log",
    conda:
        "../../environment.yml"
    threads: 1
    params:
        code=code_version("workflow.figures.scatter"),
        filters=list(config["dataset"].get("filters", {})),
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
    shell:
        "python -m workflow.figures.scatter --datasets {input.data:q} --filters {params.filters:q} --out {params.out:q}"
        " --table {output.table:q} > {log:q} 2>&1"
