"""G4 and G5: CPQ's official step (tests.replays.official_cpq) and its live form (marvel.cpq); BEAR-Lag."""

from unittest import mock

import numpy as np
import torch
from torch import Tensor

from marvel import bear
from marvel.bear import BEAR, ValuePID
from marvel.buffer import Batch
from marvel.cpq import CPQ, discounted_limit
from marvel.critics import Critics
from tests.replays.official_cpq import OfficialCPQ
from tests.replays.recording import Recording
from tests.replays.weights import Networks, Spy, members, replayed_noise


def shared_arguments(hp: dict) -> dict:
    """Arguments that CPQ and BEAR-Lag have in common, from a manifest.

    Raises:
        ValueError: The recording asks for something this suite does not have.
    """
    if hp["max_action"] != 1.0 or hp["log_alpha_start"] != 0.0:
        raise ValueError("max_action other than 1 and log_alpha_start other than 0 have no counterpart here")
    threshold = discounted_limit(hp["cost_limit"], hp["gamma"], hp["episode_len"])
    named = hp.get("q_thres", hp["qc_thres"])
    if abs(threshold - named) > 1e-9 * named:
        raise ValueError(f"the discounted limit is {threshold}, the manifest's {named}")
    return {
        "observation_dim": hp["obs_dim"],
        "action_dim": hp["act_dim"],
        "hidden": hp["hidden_sizes"],
        "threshold": threshold,
        "generator": torch.Generator(),
        "discount": hp["gamma"],
        "tau": hp["tau"],
        "actor_lr": hp["actor_lr"],
        "critic_lr": hp["critic_lr"],
        "reward_scale": 1.0,  # recorded rewards are what the critics saw
        "members": (hp["num_q"], hp["num_qc"]),
    }


def branch_arguments(hp: dict) -> dict:
    """Arguments of the VAE and the sampled actions."""
    return {
        "vae_lr": hp["vae_lr"],
        "alpha_lr": hp["alpha_lr"],
        "beta": hp["beta"],
        "samples": hp["sample_action_num"],
        "vae_hidden": hp["vae_hidden"],
        "latent_dim": hp["latent_dim"],
    }


def minibatch(recording: Recording, index: int) -> Batch:
    """A recorded batch."""
    names = ("obs", "action", "reward", "cost", "next_obs", "done")
    return Batch(*(recording.tensor(f"batch.{name}")[index] for name in names))


def cpq_networks(recording: Recording, agent: CPQ, whole: bool) -> Networks:
    """A CPQ agent with the recorded weights; the live form lacks the branch's networks."""
    q, qc = members(("q_nets", recording.hp["num_q"])), members(("q_nets", recording.hp["num_qc"]))
    found = {
        "actor": (agent.actor, None),
        "critic": (agent.reward_critic, q),
        "critic_old": (agent.reward_target, q),
        "cost_critic": (agent.cost_critic, qc),
        "cost_critic_old": (agent.cost_target, qc),
    }
    if whole:
        found |= {"vae": (agent.vae, None), "actor_old": (agent.actor_target, None)}
    return Networks(recording, **found)


def replay_cpq(recording: Recording) -> None:
    """G4: the whole official step, then the live form on the same batches, which must end in the same bits.

    Raises:
        ValueError: The two forms differ in a weight of actor, critics or targets.
    """
    hp = recording.hp
    shared = shared_arguments(hp)
    positional = [shared.pop(name) for name in ("observation_dim", "action_dim", "hidden", "threshold", "generator")]
    agent = OfficialCPQ(*positional, **shared, **branch_arguments(hp), scale=hp["qc_scalar"])
    if abs(agent.penalty_threshold - hp["qc_thres"]) > 1e-9 * hp["qc_thres"]:
        raise ValueError(f"the penalty's threshold is {agent.penalty_threshold}, the manifest's {hp['qc_thres']}")
    watched = cpq_networks(recording, agent, whole=True)
    for prefix, optimizer in (("vae", "vae"), ("critic", "reward"), ("cost_critic", "cost"), ("actor", "actor")):
        watched.watch_gradients(prefix, getattr(agent, f"{optimizer}_optimizer"))
    vae, loss = Spy(agent.vae, "losses"), Spy(agent, "actor_loss")
    reward_loss, cost_loss = regression(agent.reward_critic), regression(agent.cost_critic)
    # Calls per step: the target cost critic values the samples, then the next actions of both backups.
    cost_old, unlikely, ood = Spy(agent.cost_target, "smallest"), Spy(agent, "unlikeliness"), Spy(agent, "ood_cost")
    reward_pi, cost_pi = Spy(agent.reward_critic, "smallest"), Spy(agent.cost_critic, "smallest")
    penalties, log_alphas = [], []
    for index in range(hp["steps"]):
        metrics = agent.update(minibatch(recording, index), replayed_noise(recording, index))
        penalties.append(float(metrics["penalty"]))
        log_alphas.append(agent.log_alpha)
        watched.record(index + 1)
    watched.compare()
    compare_vae(recording, vae, hp["beta"])
    rows = (hp["steps"], hp["batch_size"], hp["act_dim"])
    recording.unused("noise.discarded", rows)
    recording.unused("noise.vae_ood", (hp["steps"], hp["sample_action_num"] * hp["batch_size"], hp["latent_dim"]))
    recording.check("next_action_critic", cost_old.arguments(1, every=3, first=1))
    recording.check("next_qc_in_critic", cost_old.results(every=3, first=1))
    recording.check("target_q", reward_loss.arguments(2))
    recording.check("target_qc", cost_loss.arguments(2))
    recording.check("critic_loss", [loss.numpy() for loss in reward_loss.also])
    recording.check("cost_critic_loss", np.array([loss.item() for loss in cost_loss.also]) - penalties)
    samples = (hp["steps"], hp["sample_action_num"], hp["batch_size"])
    recording.check("qc_sampled", np.reshape(cost_old.results(every=3), samples))
    recording.check("qc_ood_mean", ood.results())
    recording.check("ood_kl", unlikely.results())
    recording.check("kl_quantile", [np.quantile(kl, 0.75) for kl in unlikely.results()])
    recording.check("actor_loss", loss.results())
    recording.check("pi_action", reward_pi.arguments(1))
    recording.check("q_pi", reward_pi.results())
    recording.check("qc_pi", cost_pi.results())
    recording.check("log_alpha", log_alphas)

    live = CPQ(*positional, **shared)
    cpq_networks(recording, live, whole=False)
    for index in range(hp["steps"]):
        live.update(minibatch(recording, index), replayed_noise(recording, index))
    for part in CPQ.PARTS:
        pairs = zip(getattr(agent, part).parameters(), getattr(live, part).parameters(), strict=True)
        if not all(torch.equal(published, kept) for published, kept in pairs):
            raise ValueError(f"the live form of CPQ ends in another {part.replace('_', ' ')} than the official step")


def regression(critics: Critics) -> Spy:
    """Watches the steps of critics, their loss beside."""
    return Spy(critics, "regression_gradients", also=critics.regression_loss)


def compare_vae(recording: Recording, spy: Spy, beta: float) -> None:
    """The VAE's loss and its parts."""
    reconstruction, kl = np.array(spy.results(part=0)), np.array(spy.results(part=1))
    recording.check("vae_recon_loss", reconstruction)
    recording.check("vae_kl_loss", kl)
    recording.check("vae_loss", reconstruction + beta * kl)


def laplacian_mmd(x: Tensor, y: Tensor, width: float) -> Tensor:
    """`bear.mmd` with OSRL's other kernel, exp(-|x - y|_1 / (2 width)), which no task uses."""

    def mean_kernel(a: Tensor, b: Tensor) -> Tensor:
        distance = (a.unsqueeze(2) - b.unsqueeze(1)).abs().sum(-1)
        return (-distance / (2 * width)).exp().mean((1, 2))

    return (mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y) + 1e-6).sqrt()


def replay_bear(recording: Recording) -> None:
    """G5: BEAR-Lag's step with the manifest's kernel."""
    hp = recording.hp
    agent = BEAR(
        **shared_arguments(hp),
        **branch_arguments(hp),
        mixture=hp["lmbda"],
        kernel_width=hp["mmd_sigma"],
        mmd_threshold=hp["target_mmd_thresh"],
        matched=hp["num_samples_mmd_match"],
        policy_from=hp["start_update_policy_step"],
        pid=hp["PID"],
    )
    q, qc = (members(("q1_nets", hp[number]), ("q2_nets", hp[number])) for number in ("num_q", "num_qc"))
    watched = Networks(
        recording,
        actor=(agent.actor, None),
        actor_old=(agent.actor_target, None),
        critic=(agent.reward_groups, q),
        critic_old=(agent.reward_target, q),
        cost_critic=(agent.cost_groups, qc),
        cost_critic_old=(agent.cost_target, qc),
        vae=(agent.vae, None),
    )
    for prefix, optimizer in (("vae", "vae"), ("critic", "reward"), ("cost_critic", "cost"), ("actor", "actor")):
        watched.watch_gradients(prefix, getattr(agent, f"{optimizer}_optimizer"))
    vae, loss = Spy(agent.vae, "losses"), Spy(agent, "actor_loss")
    reward_loss, cost_loss = regression(agent.reward_groups), regression(agent.cost_groups)
    cost_pi = Spy(agent.cost_groups, "smallest", also=agent.reward_groups.smallest)
    kernel = mock.patch.object(bear, "mmd", {"gaussian": bear.mmd, "laplacian": laplacian_mmd}[hp["kernel"]])
    kernel.start()
    matched = Spy(bear, "mmd")
    state = {"multiplier": [], "log_alpha": [], "pid_error_old": [], "pid_integral": [], "n_train_steps": []}
    for index in range(hp["steps"]):
        metrics = agent.update(minibatch(recording, index), replayed_noise(recording, index))
        controller = agent.multiplier
        now = (metrics["multiplier"], agent.log_alpha, controller.error, controller.integral, agent.steps)
        for values, value in zip(state.values(), now, strict=True):
            values.append(value)
        watched.record(index + 1)
    matched.undo()
    kernel.stop()
    watched.compare()
    compare_vae(recording, vae, hp["beta"])
    recording.check("target_q", reward_loss.arguments(2))
    recording.check("target_qc", cost_loss.arguments(2))
    recording.check("critic_loss", [loss.numpy() for loss in reward_loss.also])
    recording.check("cost_critic_loss", [loss.numpy() for loss in cost_loss.also])
    recording.check("actor_loss", loss.results(part=0))
    recording.check("mmd", loss.results(part=1))
    cost_values = np.array(cost_pi.results())
    recording.check("q_pi", [value.numpy() for value in cost_pi.also])
    recording.check("qc_pi", cost_values)
    recording.check("qc_penalty", (cost_values.mean(1) - agent.threshold) * state["multiplier"])
    recording.check("raw_vae_actions", matched.arguments(0))
    recording.check("raw_actor_actions", matched.arguments(1))
    for name, values in state.items():
        recording.check(name, values)


def replay_controller(recording: Recording) -> None:
    """G5: BEAR-Lag's controller alone.

    Raises:
        ValueError: It starts from other values than 0.
    """
    for case, hp in recording.hp.items():
        if hp["error_start"] or hp["integral_start"]:
            raise ValueError("the controller starts at error 0 and integral 0 here")
        pid = ValuePID(hp["KP"], hp["KI"], hp["KD"], hp["threshold"])
        steps = [(pid.update(values), pid.error, pid.integral) for values in recording.tensor(f"{case}.qc")]
        for name, values in zip(("multiplier", "error", "integral"), np.transpose(steps), strict=True):
            recording.check(f"{case}.{name}", values)
