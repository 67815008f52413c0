"""A cluster of one node on the loopback address: munge, slurmctld and slurmd, without accounting and without root."""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
PATH = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"  # where Debian has the daemons, not on every user's PATH
MEMORY_MB = 4000
CONF = """
ClusterName=loopback
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory}
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


def missing_programs() -> list[str]:
    """What of SLURM is not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]


@contextlib.contextmanager
def cluster() -> Iterator[dict[str, str]]:
    """A cluster that is ready for jobs; yields the environment variables under which SLURM's commands reach it."""
    with tempfile.TemporaryDirectory(prefix="slurm-") as name, contextlib.ExitStack() as daemons:
        folder = Path(name)  # a short one: the path of a socket has 108 bytes at most
        for part in ("state", "spool"):
            (folder / part).mkdir()
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        conf = folder / "slurm.conf"
        facts = {"folder": folder, "user": getpass.getuser(), "ports": free_ports(2), "memory": MEMORY_MB}
        conf.write_text(CONF.format(cpus=len(os.sched_getaffinity(0)), **facts))
        variables = os.environ | {"PATH": f"{folder}/bin{os.pathsep}{PATH}", "SLURM_CONF": str(conf)}
        write_srun(folder / "bin", conf)
        files = {"key-file": key, "socket": folder / "munge.socket"}
        files |= {f"{part}-file": folder / f"munge.{part}" for part in ("pid", "log", "seed")}
        options = [f"--{option}={path}" for option, path in files.items()]
        for command in (
            ["munged", "--foreground", "--force", *options],
            ["slurmctld", "-D"],
            ["slurmd", "-D", "-N", "localhost"],
        ):
            log = daemons.enter_context(open(folder / f"{command[0]}.log", "w"))
            daemon = subprocess.Popen(command, env=variables, stdout=log, stderr=log)
            daemons.callback(stop, daemon)
            time.sleep(1)
        daemons.callback(subprocess.run, ["scancel", "--user", getpass.getuser()], env=variables, timeout=60)
        wait_until_idle(folder, variables)
        yield variables


def write_srun(folder: Path, conf: Path) -> None:
    """An srun that knows the cluster: Snakemake calls it without SLURM's variables, as if conf were in /etc."""
    folder.mkdir()
    program = folder / "srun"
    program.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun", path=PATH)} "$@"\n')
    program.chmod(0o755)


def wait_until_idle(folder: Path, variables: dict[str, str]) -> None:
    """Return when the node takes jobs; raises RuntimeError with the ends of the logs after a minute."""
    for _ in range(60):
        found = subprocess.run(["sinfo", "-h", "-o", "%T"], env=variables, capture_output=True, text=True)
        if found.stdout.strip() == "idle":
            return
        time.sleep(1)
    logs = "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(folder.glob("*.log")))
    raise RuntimeError(f"the loopback cluster takes no jobs: {found.stdout}{found.stderr}\n{logs}")


def stop(daemon: subprocess.Popen) -> None:
    """End a daemon that was started here."""
    daemon.terminate()
    try:
        daemon.wait(timeout=30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
