"""Slow (`./run test-slurm`): the smoke study through profiles/slurm, on a cluster of one node that the test starts."""

import re
import subprocess
import sys
import time

import pytest
import yaml
from conftest import ROOT
from loopback_slurm import cluster, missing_programs
from studies import Copy, environment, products

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(missing_programs()),
        reason=f"SLURM is not installed here ({', '.join(missing_programs())} missing); "
        "Debian and Ubuntu: apt-get install slurm-wlm munge",
    ),
]
SHORT_WAITS = ["--slurm-init-seconds-before-status-checks", "5", "--seconds-between-status-checks", "5"]


class Submitted:
    """Snakemake that submits a study through the profile.

    Args:
        copied: Where.
        config: The study's.
        variables: Of the cluster.
        words: More for Snakemake.
    """

    def __init__(self, copied: Copy, config: dict, variables: dict[str, str], *words: str):
        path = copied.folder / "config.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm", "--configfile", str(path)]
        self.variables = environment() | variables  # jobs find their Python by themselves
        self.log = copied.folder / "snakemake.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*command, *SHORT_WAITS, *words], cwd=copied.folder, env=self.variables, stdout=log, stderr=log
            )

    def slurm(self, *command: str) -> str:
        """What one of SLURM's commands says."""
        return subprocess.run(
            command, env=self.variables, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    def running(self, rule: str, but: tuple[str, ...] = ()) -> str:
        """The number of a job of a rule that runs now, waited for."""
        for _ in range(1500):
            for line in self.slurm("squeue", "-h", "-t", "RUNNING", "-o", "%i|%k").splitlines():
                number, comment = line.split("|", 1)
                if comment.startswith(f"rule_{rule}_") and number not in but:
                    return number
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        raise AssertionError(f"no job of {rule} ran within five minutes:\n{self.log.read_text()}")

    def finished(self) -> tuple[int, str]:
        """The exit status and the output, once it has ended."""
        try:
            return self.process.wait(timeout=900), self.log.read_text()
        except subprocess.TimeoutExpired:
            self.process.terminate()
            raise


@pytest.fixture(scope="module")
def variables():
    with cluster() as found:
        yield found


def test_smoke_study_on_a_cluster_ends_with_the_bytes_of_the_local_run(tmp_path, variables):
    config = yaml.safe_load((ROOT / "workflow" / "config" / "smoke.yaml").read_text())
    for name in ("local", "cluster"):
        (tmp_path / name).mkdir()
    local, remote = Copy(tmp_path / "local"), Copy(tmp_path / "cluster")
    result = local.run(config)
    assert result.returncode == 0, result.stdout

    study = Submitted(remote, config, variables)
    cancelled = study.running("pretrain")
    asked = study.slurm("scontrol", "show", "job", cancelled)
    study.slurm("scancel", cancelled)
    requeued = study.running("finetune")
    study.slurm("scontrol", "requeue", requeued)  # what preemption does
    time.sleep(1)
    study.slurm("scontrol", "update", f"JobId={requeued}", "StartTime=now")  # SLURM would wait two minutes
    status, said = study.finished()
    assert status == 0, said
    assert re.search(r"MinMemoryNode=\d{3,4}M", asked) and "TimeLimit=00:16" in asked, asked
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in said
    assert f"SLURM-job '{requeued}' failed" not in said
    expected, found = products(local.folder), products(remote.folder)
    assert found.keys() == expected.keys() and len(expected) > 25
    assert [name for name in expected if expected[name] != found[name]] == []


def test_a_job_cancelled_for_good_is_named_and_the_others_go_on(tmp_path, variables):
    config = yaml.safe_load((ROOT / "workflow" / "config" / "smoke.yaml").read_text())
    config["methods"] = {"from_scratch": config["methods"]["from_scratch"]}
    del config["offline"], config["offline_seed"], config["prealign"]
    copied = Copy(tmp_path)
    study = Submitted(copied, config, variables, "--retries", "0")
    cancelled = study.running("finetune")
    study.slurm("scancel", cancelled)
    status, said = study.finished()
    assert status != 0 and f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in said, said
    assert "Error in rule finetune" in said and f"external_jobid: {cancelled}" in said
    folders = [path.parent.name for path in (copied.folder / "results/smoke/runs").rglob("seed*/run.json")]
    assert len(folders) == 1, said
    status, said = Submitted(copied, config, variables).finished()  # the same command again goes on
    assert status == 0, said
