# snakemake --cores 32                                            the paper's study
# snakemake --cores 2 --configfile workflow/config/quick.yaml     about ten minutes (./run quick)
#
# dataset -> pretrain -> prealign -> finetune -> scores -> tables, figures -> page
#                    \------------->/
from snakemake.utils import min_version

min_version("9.16")


if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/workflow/config/paper.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/offline.smk"
include: "workflow/rules/online.smk"
include: "workflow/rules/ranks.smk"
include: "workflow/rules/blocks.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/page.smk"
include: "workflow/rules/verify.smk"


# The runs are asked for by name: Snakemake looks past no output that is there, so a table made before a failed run would
# pass for finished.
rule all:
    default_target: True
    input:
        REPORT,
        STUDY.run_files(),


onsuccess:
    if (page := Path(f"{BASE}/report/index.html")).is_file():
        print(f"\nThe study's page: {here(page)}", file=sys.stderr)


onerror:
    files = " ".join(shlex.quote(here(Path(path))) for path in workflow.configfiles)
    print(
        f"\nTables and figures of the runs that are there:\n    ./run python -m workflow.redraw {files}",
        file=sys.stderr,
    )
