"""G2 and G3: SAC-Lagrangian's update (marvel.sac) and value pre-alignment (marvel.prealign)."""

import re

import numpy as np
import torch

from marvel.adam import Adam
from marvel.buffer import Batch
from marvel.critics import Critics, Stack
from marvel.hyperparameters import OFFICIAL, Hyperparameters
from marvel.multipliers import AdaptivePID, DualAscent
from marvel.networks import SquashedGaussianActor, copy_of
from marvel.prealign import prealign_step
from marvel.sac import SACLagrangian
from tests.replays.anchored import AnchoredSACLagrangian
from tests.replays.recording import Recording
from tests.replays.weights import Networks, Spy, members, replayed_noise

VPA_ENTROPY = 0.1  # a literal in the official routine, so no manifest has it


def official_agent(hp: dict) -> SACLagrangian:
    """An agent in the official form with the manifest's sizes and rates."""
    settings = OFFICIAL | {
        "hidden_layers": hp["actor_hidden_layers"],
        "hidden_units": hp["hidden_width"],
        "cost_critic_layers": hp["cost_critic_hidden_layers"],
        "discount": hp["discount"],
        "tau": hp["tau"],
        "actor_lr": hp["actor_lr"],
        "critic_lr": hp["critic_lr"],
        "cost_critic_lr": hp["cost_critic_lr"],
        "temperature": hp.get("alpha", 0.0),
        "reward_scale": 1.0,  # recorded rewards are what the critics saw
    }
    generator, sizes = torch.Generator(), (hp["obs_dim"], hp["act_dim"])
    arguments = (*sizes, Hyperparameters(**settings), generator)
    if "kl_coeff" in hp:
        widths = [hp["hidden_width"]] * hp["actor_hidden_layers"]
        frozen = SquashedGaussianActor(*sizes, widths, "tanh", generator)
        agent = AnchoredSACLagrangian(*arguments, anchor=frozen, kl_coefficient=hp["kl_coeff"])
    else:
        agent = SACLagrangian(*arguments)
    if (hp["num_q"], hp["num_qc"], hp["critic_hidden_layers"]) != (2, 1, hp["actor_hidden_layers"]):
        widths = [hp["hidden_width"]] * hp["critic_hidden_layers"]
        agent.reward_critic = Critics(hp["num_q"], sum(sizes), widths, generator)
        agent.cost_critic = Critics(hp["num_qc"], sum(sizes), agent.hp.cost_hidden, generator)
        agent.reward_target, agent.cost_target = copy_of(agent.reward_critic), copy_of(agent.cost_critic)
        agent.critics = Stack(agent.reward_critic, agent.cost_critic)
        agent.targets = Stack(agent.reward_target, agent.cost_target)
        agent.reward_optimizer = Adam(agent.reward_critic.parameters(), hp["critic_lr"])
        agent.cost_optimizer = Adam(agent.cost_critic.parameters(), hp["cost_critic_lr"])
    return agent


def networks(recording: Recording, agent: SACLagrangian, actor: str) -> Networks:
    """The agent with the recorded weights."""
    q, qc = members(("q_nets", recording.hp["num_q"])), members(("q_nets", recording.hp["num_qc"]))
    found = {
        actor: (agent.actor, None),
        "critic": (agent.reward_critic, q),
        "critic_target": (agent.reward_target, q),
        "cost_critic": (agent.cost_critic, qc),
        "cost_critic_target": (agent.cost_target, qc),
    }
    if isinstance(agent, AnchoredSACLagrangian):
        found["initial_actor"] = (agent.anchor, None)
    watched = Networks(recording, **found)
    watched.watch_gradients("critic", agent.reward_optimizer)
    watched.watch_gradients("cost_critic", agent.cost_optimizer)
    watched.watch_gradients(actor, agent.actor_optimizer)
    return watched


def minibatch(recording: Recording, index: int) -> Batch:
    """A recorded minibatch."""
    parts = (recording.tensor(f"mb.{name}")[index] for name in ("obs", "action", "reward", "cost", "next_obs"))
    return Batch(*parts, 1 - recording.tensor("mb.not_done")[index])


class Inside:
    """Spies on the parts of an update that files record, the same for SAC-Lagrangian and pre-alignment."""

    def __init__(self, agent: SACLagrangian):
        self.sample = Spy(agent.actor, "sample", also=lambda observations, *_: agent.actor(observations))
        self.loss = Spy(agent.critics, "regression_gradients", also=lambda *given: regressions(agent, *given))
        self.value = Spy(agent.targets, "smallest")

    def compare(self, recording: Recording, calls: int) -> None:
        """Check what the critics' steps computed; `calls` = calls of the actor (and of the targets) per update."""
        recording.check("next_action", self.value.arguments(1, every=calls))
        recording.check("next_E", self.sample.results(every=calls, part=1))
        for name, index in (("q", 0), ("qc", 1)):
            targets, values, losses = zip(*(found[index] for found in self.loss.also), strict=True)
            recording.check(f"target_{name}", [target.numpy() for target in targets])
            recording.check(f"current_{name}", [value.numpy() for value in values])
            recording.check("critic_loss" if name == "q" else "cost_critic_loss", [loss.numpy() for loss in losses])


def regressions(agent: SACLagrangian, observations, actions, targets) -> list[tuple]:
    """Targets, values and loss of reward and cost critic by themselves."""
    critics = (agent.reward_critic, agent.cost_critic)
    return [
        (rows, critic(observations, actions), critic.regression_loss(observations, actions, rows))
        for critic, rows in zip(critics, targets, strict=True)
    ]


def replay_sac(recording: Recording) -> None:
    """G2: calls of `train`, each a few minibatches with one episode cost."""
    hp, agent = recording.hp, official_agent(recording.hp)
    watched, inside = networks(recording, agent, "actor"), Inside(agent)
    # a loss of one's own is followed by autograd; else the loss is computed beside its gradients
    own = agent.has_own_loss()
    loss = Spy(agent, "actor_loss") if own else Spy(agent, "actor_gradients", also=agent.actor_loss)
    distance = Spy(agent, "distance_to_anchor") if isinstance(agent, AnchoredSACLagrangian) else None
    dual = DualAscent(hp["cost_limit"], lr=hp["lambda_lr"], value=hp.get("lagrangian_multiplier_init", 0.0))
    pid = AdaptivePID(hp["cost_limit"], **pid_settings(hp["pid"])) if hp["if_pid"] else None
    multiplier = dual if pid is None else pid
    trace, targets, per_call = [], [], hp["minibatches_per_call"]
    for index in range(hp["calls"] * per_call):
        cost = float(recording.input("episode_cost")[index // per_call])
        dual.update(cost)
        if pid is not None:
            pid.update(cost)
        noise = replayed_noise(recording, index)
        batch = minibatch(recording, index)
        metrics = agent.update(batch, multiplier.value, noise, target_noise=hp["so2_std"] if hp["so2"] else 0.0)
        targets.append([float(metrics["reward_q"]), float(metrics["cost_q"])])
        trace.append({"multiplier_used": multiplier.value, "dual_lambda": dual.value} | pid_state(pid))
        watched.record(index + 1)
    watched.compare()
    inside.compare(recording, calls=2)
    recording.check("pi_action", inside.sample.results(every=2, first=1, part=0))
    recording.check("pi_E", inside.sample.results(every=2, first=1, part=1))
    recording.check("pi_mu", [mean.numpy() for mean, _ in inside.sample.also[1::2]])
    recording.check("pi_log_std", [log_std.numpy() for _, log_std in inside.sample.also[1::2]])
    recording.check("q_pi", inside.value.results(every=2, first=1, part=0))
    recording.check("qc_pi", inside.value.results(every=2, first=1, part=1))
    recording.check("actor_loss", loss.results() if own else [value.numpy() for value in loss.also])
    if distance is not None:
        recording.unused("noise.kl_initial", recording.arrays["noise.pi"].shape)
        recording.check("kl_divergence", distance.results())
        targets = np.column_stack((targets, distance.results()))
    recording.check("returned", np.reshape(targets, (hp["calls"], per_call, -1)).mean(1))
    for name in trace[0]:
        relative = pid is not None and name != "dual_lambda"
        recording.check(name, [row[name] for row in trace], relative=relative)
    optimizer = agent.actor_optimizer
    for key, moments in (("exp_avg", optimizer.first), ("exp_avg_sq", optimizer.second)):
        recording.check(f"opt.actor.{key}_norm_final", [moment.double().norm().item() for moment in moments])


def pid_settings(text: str) -> dict:
    """Arguments of `AdaptivePID` from a manifest's words: "gains 0.1/0.01/0.01, delay 5, integrator 0.001 at start"."""
    number = r"([-+.\de]+)"
    gains = re.search(rf"gains {number}(?:/{number}/{number})?", text).groups()
    kp, ki, kd = (float(gain or gains[0]) for gain in gains)
    delay, integral = (float(re.search(rf"{word} {number}", text).group(1)) for word in ("delay", "integrator"))
    gains = {"kp": kp, "ki": ki, "kd": kd}
    return {"excess": "official", "tanh": False, "delay": int(delay), "value": integral} | gains


def pid_state(pid: AdaptivePID | None) -> dict:
    """Its internals under their recorded names."""
    if pid is None:
        return {}
    names = {"kp": "kp", "ki": "ki", "kd": "kd", "integral": "integral", "delta_p": "error", "cost_d": "cost"}
    return {f"pid_{name}": getattr(pid, attribute) for name, attribute in names.items()}


def replay_vpa(recording: Recording) -> None:
    """G3: calls of value pre-alignment under the frozen actor, with the entropy variant's bonus if it is one."""
    hp, agent = recording.hp, official_agent(recording.hp)
    watched, inside = networks(recording, agent, "initial_actor"), Inside(agent)
    bonus = VPA_ENTROPY if "entropy" in recording.manifest["title"] else 0.0
    for index in range(hp["calls"] * hp["minibatches_per_call"]):
        prealign_step(agent, minibatch(recording, index), replayed_noise(recording, index), bonus, bonus)
        watched.record(index + 1)
    watched.compare()
    inside.compare(recording, calls=1)
