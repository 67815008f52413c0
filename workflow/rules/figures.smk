# From scores, datasets and offline runs to figures.
from workflow.figures.entries import figure_code, figure_command, figure_inputs
from workflow.report import Caption
from workflow.resources import report_mb


# One rule for all figures of the config's `figures` section.
rule figure:
    input:
        unpack(lambda w: figure_inputs(STUDY, w.figure)),
    output:
        multiext(f"{BASE}/figures/{{figure}}", ".pdf", ".txt"),
        report(
            f"{BASE}/figures/{{figure}}.png",
            caption="caption.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
    log:
        f"{BASE}/logs/figure/{{figure}}.log",
    wildcard_constraints:
        figure="|".join(STUDY.figures),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * report_mb(len(STUDY.runs)),
    params:
        code=lambda w: figure_code(STUDY, w.figure),
        command=lambda w: figure_command(STUDY, w.figure),
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
        caption=lambda w, output: Caption(output[1]),
    shell:
        "logged {log:q} python -m workflow.figures {params.command} --out {params.out:q}"


# All datasets on one page: a rule of its own and no kind of figure, since it writes a table besides and needs no run.
rule scatter:
    input:
        data=expand(f"{BASE}/data/{{task}}/dataset.hdf5", task=STUDY.tasks),
        cards=expand(f"{BASE}/data/{{task}}/card.json", task=STUDY.tasks),
    output:
        multiext(f"{BASE}/figures/datasets", ".pdf", ".txt"),
        report(
            f"{BASE}/figures/datasets.png",
            caption="caption.rst",
            category="Figures",
            labels={"figure": "datasets"},
        ),
        table=f"{BASE}/tables/datasets.csv",
    log:
        f"{BASE}/logs/scatter.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda w, attempt: attempt * report_mb(len(STUDY.runs)),
    params:
        code=code_version("workflow.figures.scatter"),
        filters=list(config["dataset"].get("filters", {})),
        out=lambda w, output: str(Path(output[0]).with_suffix("")),
        caption=lambda w, output: Caption(output[1]),
    shell:
        "logged {log:q} python -m workflow.figures.scatter --datasets {input.data:q} --filters {params.filters:q}"
        " --out {params.out:q} --table {output.table:q}"
