"""Numerics are pinned before anything is computed, change no weight where they only save time, and give known bytes."""

import os
import subprocess
import sys

import pytest
import torch
from agents import ACT, OBS, SMALL, generator, make_agent, make_batch
from conftest import ROOT

from marvel import numerics
from marvel.cpq import CPQ
from marvel.errors import InputError
from marvel.networks import gaussian
from marvel.prealign import prealign_step
from marvel.run.record import processor
from tests.numerics import PATH, RUNS, differences


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    variables = {name: value for name, value in os.environ.items() if name not in numerics.PORTABLE} | environment
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_native_mode_sets_one_thread_and_leaves_the_rest_alone():
    environment = {"MKL_NUM_THREADS": "4"}
    assert numerics.set_environment(environment, loaded={"numpy": None}) is None
    assert environment == {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "4"}


def test_portable_mode_sets_its_variables_and_has_to_come_first():
    environment = {"MARVEL_NUMERICS": "portable"}
    fault = numerics.set_environment(dict(environment), loaded={"torch": None})
    assert "torch had been imported before marvel" in fault and "\n" not in fault
    assert numerics.set_environment(environment, loaded={"json": None}) is None
    assert numerics.PORTABLE.items() <= environment.items()
    # a process that inherits all of them may import in any order
    assert numerics.set_environment(environment, loaded={"numpy": None, "torch": None}) is None


def test_a_mode_that_does_not_exist_is_a_fault_of_the_input(monkeypatch):
    fault = numerics.set_environment({"MARVEL_NUMERICS": "fast"}, loaded={})
    assert fault == "MARVEL_NUMERICS is 'fast'; it must be one of native, portable."
    monkeypatch.setattr(numerics, "_fault", fault)
    with pytest.raises(InputError, match="MARVEL_NUMERICS is 'fast'"):
        numerics.pin()


def test_settings_say_what_holds_in_this_process():
    show = "import marvel.networks; from marvel import numerics; print(numerics.settings())"
    native, portable = (eval(python(show, MARVEL_NUMERICS=mode)) for mode in numerics.MODES)
    assert native == {"mode": "native", "threads": 1, "flush_denormal": True} | dict.fromkeys(numerics.PORTABLE)
    assert portable == native | {"mode": "portable"} | numerics.PORTABLE


def test_the_package_alone_loads_neither_numpy_nor_torch():
    """The workflow imports it for every job, and the variables are read when these two are loaded."""
    assert python("import sys, marvel; print(sorted({'numpy', 'torch'} & set(sys.modules)))") == "[]"


def test_updates_load_no_compiler():
    """Half a second of every job: torch.optim imports it when an optimiser is made."""
    code = "from agents import *; from marvel.networks import gaussian; "
    code += "make_agent().update(make_batch(), 0.3, gaussian(generator())); "
    code += "import sys; print('torch._dynamo' in sys.modules)"
    assert python(code, PYTHONPATH=f"{ROOT}:{ROOT / 'tests'}") == "False"


def learn(name: str, flush: bool, minibatches: int, age: float, **sizes) -> tuple[list[torch.Tensor], int]:
    """Learn with units that die on the way; returns all weights and how many of Adam's moments are denormal.

    Args:
        name: The algorithm.
        flush: Whether denormals are flushed.
        minibatches: How many.
        age: What the moments are multiplied by when the units die; a small number saves waiting for their decay.
        **sizes: Hyperparameters that are not `SMALL`'s.
    """
    torch.set_flush_denormal(flush)
    draw, hidden = gaussian(generator(5)), SMALL.hidden_units
    try:
        if name == "cpq":
            agent = CPQ(OBS, ACT, [sizes.get("hidden_units", hidden)] * 2, 3.0, generator())
        else:
            agent = make_agent(**sizes)
        for number in range(minibatches):
            batch = make_batch(8, seed=number)
            if number == 20:
                with torch.no_grad():
                    for layer in (agent.reward_critic.biases[0], agent.cost_critic.biases[0]):
                        layer[..., : layer.shape[-1] // 2] = -1e3
                    for moment in agent.reward_optimizer.first + agent.cost_optimizer.first:
                        moment *= age
            if name == "vpa":
                prealign_step(agent, batch, draw, 0.1, 0.01)
            elif name == "sac":
                agent.update(batch, 0.3, draw)
            else:
                agent.update(batch, draw)
        moments = torch.cat([moment.flatten() for moment in agent.cost_optimizer.first + agent.reward_optimizer.first])
        smallest = torch.finfo(torch.float32).tiny
        denormal = int(((moments != 0) & (moments.abs() < smallest)).sum())
        return [p.detach().clone() for part in agent.PARTS for p in getattr(agent, part).parameters()], denormal
    finally:
        torch.set_flush_denormal(True)


@pytest.mark.parametrize("name", ["sac", "vpa", "cpq"])
def test_flushing_denormals_changes_no_weight(name):
    kept, denormal = learn(name, flush=False, minibatches=200, age=1e-30)
    flushed, none = learn(name, flush=True, minibatches=200, age=1e-30)
    assert denormal > 20 and none == 0
    assert all(torch.equal(a, b) for a, b in zip(kept, flushed, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sac", "vpa", "cpq"])
def test_flushing_denormals_changes_no_weight_of_networks_in_use(name):
    sizes = {"hidden_units": 256, "actor_lr": 5e-5, "critic_lr": 5e-3, "cost_critic_lr": 5e-3}
    kept, denormal = learn(name, flush=False, minibatches=4000, age=1.0, **sizes)
    flushed, _ = learn(name, flush=True, minibatches=4000, age=1.0, **sizes)
    assert denormal > 1000
    assert all(torch.equal(a, b) for a, b in zip(kept, flushed, strict=True))


@pytest.mark.skipif(not PATH.exists(), reason="no bytes are recorded: ./run python -m tests.numerics")
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("mode", numerics.MODES)
def test_bytes_are_the_recorded_ones(name, mode):
    """Native ones on the same type of processor, portable ones on any."""
    reason = differences(name, mode)
    if reason is None and mode == "native":
        pytest.skip(f"no native bytes are recorded on {processor()}")
    assert not reason, reason


def test_numpy_says_nothing_about_flushed_denormals():
    code = "import marvel.networks, numpy as np; np.finfo(np.float32).smallest_normal; import gymnasium; "
    code += "gymnasium.spaces.Box(-np.inf, np.inf, (2,)); print('quiet')"
    assert python(f"import warnings; warnings.simplefilter('error'); {code}") == "quiet"
