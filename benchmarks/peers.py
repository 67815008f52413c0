"""Updates of packages that others publish, run by the environment that benchmarks/peers.sh makes.

`PEERS/bin/python benchmarks/peers.py NAME OBSERVATION_DIM ACTION_DIM LAYERS` serves one (serve.py). Sizes and rates
are this suite's; what it does not have, such as FSRL's second cost critic, is as the package has it by default.
"""

import sys

import gymnasium
import numpy as np
import torch
from serve import serve, transitions


class Spaces(gymnasium.Env):
    """An environment that is only asked for its spaces."""

    def __init__(self, observation_dim: int, action_dim: int):
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (observation_dim,))
        self.action_space = gymnasium.spaces.Box(-1, 1, (action_dim,))


def fsrl_sac(observation_dim: int, action_dim: int, layers: int):
    """A minibatch of FSRL's SAC-Lagrangian with one-step targets and a fixed temperature."""
    from fsrl.agent import SACLagAgent
    from tianshou.data import Batch, ReplayBuffer

    arrays = transitions(observation_dim, action_dim)
    rates = {"actor_lr": 5e-5, "critic_lr": 5e-3, "alpha": 1e-3, "auto_alpha": False, "tau": 0.005}
    env = Spaces(observation_dim, action_dim)
    policy = SACLagAgent(env, hidden_sizes=(256,) * layers, thread=1, n_step=1, **rates).policy
    policy.train()
    buffer = ReplayBuffer(20_000)
    for row in range(buffer.maxsize):
        done = bool(arrays["terminals"][row])
        keys = {"obs": "observations", "act": "actions", "rew": "rewards", "obs_next": "next_observations"}
        found = {name: arrays[key][row] for name, key in keys.items()}
        info = {"cost": float(arrays["costs"][row])}
        buffer.add(Batch(**found, terminated=done, truncated=False, done=done, info=info))
    policy.pre_update_fn({"cost": 10.0})
    return lambda: policy.update(64, buffer)


def osrl(name: str, observation_dim: int, action_dim: int, layers: int):
    """A step of OSRL's CPQ or BEAR-Lag, batch 512, with the trainers' own order."""
    from osrl.algorithms import BEARL, CPQ, BEARLTrainer, CPQTrainer

    hidden = {"a_hidden_sizes": [256] * layers, "c_hidden_sizes": [256] * layers, "vae_hidden_sizes": 400}
    shared = hidden | {"num_q": 2, "num_qc": 1, "beta": 0.5, "cost_limit": 20, "episode_len": 200}
    own = {"start_update_policy_step": 0} if name == "bear" else {}
    model = {"cpq": CPQ, "bear": BEARL}[name](observation_dim, action_dim, 1.0, **shared, **own)
    rates = {"critic_lr": 1e-3, "vae_lr": 1e-3}
    rates |= {"actor_lr": 1e-4, "alpha_lr": 1e-4} if name == "cpq" else {"actor_lr": 1e-3, "alpha_lr": 1e-3}
    trainer = {"cpq": CPQTrainer, "bear": BEARLTrainer}[name](model, Spaces(observation_dim, action_dim), **rates)
    arrays = transitions(observation_dim, action_dim)
    keys = ("observations", "next_observations", "actions", "rewards", "costs", "terminals")
    tensors = [torch.from_numpy(arrays[key].astype(np.float32)) for key in keys]

    def step():
        index = torch.randint(len(tensors[0]), (512,))
        trainer.train_one_step(*(tensor[index] for tensor in tensors))

    return step


def make(name: str, *numbers: int):
    """The step of "sac_minibatch" (FSRL), "cpq" or "bear" (OSRL)."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 (tianshou draws from it)
    return fsrl_sac(*numbers) if name == "sac_minibatch" else osrl(name, *numbers)


if __name__ == "__main__":
    serve(lambda: make(sys.argv[1], *map(int, sys.argv[2:])))
