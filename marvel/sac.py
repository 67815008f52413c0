"""SAC-Lagrangian: soft actor-critic with a cost critic, weighed by a multiplier that comes from outside.

The losses are methods of one agent that knows no environment, file or logger. All noise is asked from `draw(name,
*shape)`, which returns standard-normal tensors, so that recorded noise can be injected.
"""

import torch
from torch import Tensor

from marvel.adam import Adam
from marvel.buffer import Batch
from marvel.critics import Critics, Stack
from marvel.errors import InputError
from marvel.hyperparameters import Hyperparameters
from marvel.networks import Draw, Policy, SquashedGaussianActor, copy_of, move_towards


class SACLagrangian:
    """Actor, twin reward critics, cost critic, their targets and optimisers.

    Args:
        observation_dim: Length of an observation.
        action_dim: Length of an action.
        hp: Sizes, rates, fixed temperature and the form of the update.
        generator: Source of the initial weights.
    """

    PARTS = ("actor", "reward_critic", "cost_critic", "reward_target", "cost_target")
    OPTIMIZERS = ("actor_optimizer", "reward_optimizer", "cost_optimizer")
    # Settings under which a checkpoint means what it says; pre-alignment and finetuning must agree on them.
    FORM = (
        *("trunk_activation", "cost_critic_layers", "restore_actor_optimizer", "layer_norm"),
        *("reward_scale", "discount"),
    )

    def __init__(self, observation_dim: int, action_dim: int, hp: Hyperparameters, generator: torch.Generator):
        self.hp = hp
        width = observation_dim + action_dim
        self.actor = SquashedGaussianActor(observation_dim, action_dim, hp.hidden, hp.trunk_activation, generator)
        self.reward_critic = Critics(2, width, hp.hidden, generator, hp.layer_norm)
        self.cost_critic = Critics(1, width, hp.cost_hidden, generator, hp.layer_norm)
        self.reward_target, self.cost_target = copy_of(self.reward_critic), copy_of(self.cost_critic)
        # evaluated side by side; loaded, saved and moved one by one
        self.critics = Stack(self.reward_critic, self.cost_critic)
        self.targets = Stack(self.reward_target, self.cost_target)
        self.actor_optimizer = Adam(self.actor.parameters(), hp.actor_lr)
        self.reward_optimizer = Adam(self.reward_critic.parameters(), hp.critic_lr)
        self.cost_optimizer = Adam(self.cost_critic.parameters(), hp.cost_critic_lr)

    def update(
        self, batch: Batch, multiplier: float, draw: Draw, target_noise: float = 0.0, noise_clip: float | None = None
    ) -> dict[str, Tensor]:
        """One minibatch: critics, actor, targets, in the official order.

        Args:
            batch: Transitions; rewards unscaled.
            multiplier: Weight of the cost value in the actor's loss.
            draw: Source of noise, asked for "next_action", "so2" (if `target_noise`) and "pi".
            target_noise: Standard deviation of noise on the next action in the targets (SO2).
            noise_clip: Bound of that noise, with which the noisy action is clipped to [-1, 1] too; None clips neither.

        Returns:
            Means of the two targets, "reward_q" and "cost_q", as tensors.
        """
        with torch.no_grad():
            noise = draw("next_action", *batch.actions.shape)
            next_actions, log_prob = self.actor.sample(batch.next_observations, noise, self.hp.log_prob)
            if target_noise:
                noise = target_noise * draw("so2", *batch.actions.shape)
                if noise_clip is None:
                    next_actions = next_actions + noise
                else:
                    next_actions = (next_actions + noise.clamp(-noise_clip, noise_clip)).clamp(-1, 1)
            bonus = -self.hp.temperature * (log_prob.mean() if self.hp.entropy_in_target == "batch_mean" else log_prob)
        metrics = self.fit_critics(batch, next_actions, reward_bonus=bonus)
        if self.has_own_loss():
            self.actor_optimizer.descend(self.actor_loss(batch.observations, multiplier, draw))
        else:
            self.actor_optimizer.step(self.actor_gradients(batch.observations, multiplier, draw))
        self.update_targets()
        return metrics

    def fit_critics(
        self, batch: Batch, next_actions: Tensor, reward_bonus: Tensor | float = 0.0, cost_bonus: Tensor | float = 0.0
    ) -> dict[str, Tensor]:
        """One Adam step of both critics down the squared error to their one-step targets (`Critics.regression_loss`).

        y  = scale * r + discount * (1 - terminal) * (min_i Q'_i(s', a') + reward_bonus)
        yc =         c + discount * (1 - terminal) * (Qc'(s', a') + cost_bonus)

        Args:
            batch: Transitions.
            next_actions: (batch, action_dim).
            reward_bonus: Entropy bonus of the reward target, one number or (batch,).
            cost_bonus: The same for the cost target.

        Returns:
            Means of the two targets, "reward_q" and "cost_q".
        """
        with torch.no_grad():
            discount = self.hp.discount * (1 - batch.terminals)
            reward_next, cost_next = self.targets.smallest(batch.next_observations, next_actions)
            reward_targets = self.hp.reward_scale * batch.rewards + discount * (reward_next + reward_bonus)
            cost_targets = batch.costs + discount * (cost_next + cost_bonus)
        targets = [reward_targets, cost_targets]
        gradients = self.critics.regression_gradients(batch.observations, batch.actions, targets)
        self.reward_optimizer.step(gradients[0])
        self.cost_optimizer.step(gradients[1])
        return {"reward_q": reward_targets.mean(), "cost_q": cost_targets.mean()}

    def actor_loss(self, observations: Tensor, multiplier: float, draw: Draw) -> Tensor:
        """mean[temperature * log pi(a|s) - min_i Q_i(s, a) + multiplier * Qc(s, a)], critics live or target.

        An update follows `actor_gradients`; where a subclass has another loss, that one's gradients by autograd.
        """
        critics = self.critics if self.hp.actor_critics == "live" else self.targets
        noise = draw("pi", len(observations), self.actor.mu_layer.out_features)
        actions, log_prob = self.actor.sample(observations, noise, self.hp.log_prob)
        reward_value, cost_value = critics.smallest(observations, actions)
        loss = self.hp.temperature * log_prob - reward_value + multiplier * cost_value
        return (loss / (1 + multiplier) if self.hp.divide_by_multiplier else loss).mean()

    def actor_gradients(self, observations: Tensor, multiplier: float, draw: Draw) -> list[Tensor]:
        """Gradients of `actor_loss` for the actor's parameters, by hand: a quarter faster than by autograd."""
        critics = self.critics if self.hp.actor_critics == "live" else self.targets
        noise = draw("pi", len(observations), self.actor.mu_layer.out_features)
        weights = torch.as_tensor(1 + multiplier if self.hp.divide_by_multiplier else 1.0).reshape(-1, 1)
        return self.actor.loss_gradients(
            *(observations, noise, self.hp.log_prob),
            lambda actions: critics.action_gradients(observations, actions, (-1.0, multiplier)),
            self.hp.temperature,
            1 / (len(observations) * weights),
        )

    def has_own_loss(self) -> bool:
        """Whether `actor_loss` or the actor's class is another than here, so that its gradients are autograd's."""
        loss = getattr(self.actor_loss, "__func__", None)
        return loss is not SACLagrangian.actor_loss or type(self.actor) is not SquashedGaussianActor

    def update_targets(self, tau: float | None = None) -> None:
        """Polyak step of both targets (by default with hp.tau)."""
        tau = self.hp.tau if tau is None else tau
        move_towards(self.targets, self.critics, tau)

    def policy(self) -> Policy:
        """The actor as it is now, for playing episodes."""
        return Policy(self.actor)

    def state_dict(self) -> dict:
        """Everything that learning changes; as a checkpoint it is of kind "sac_lagrangian"."""
        names = self.PARTS + self.OPTIMIZERS
        return {"kind": "sac_lagrangian", "form": self.form()} | {
            name: getattr(self, name).state_dict() for name in names
        }

    def form(self) -> dict:
        """The settings in `FORM`."""
        return {name: getattr(self.hp, name) for name in self.FORM}

    def load_state_dict(self, state: dict) -> None:
        """Go back to a snapshot; the configured learning rates stay.

        Raises:
            InputError: It was made under another form, or parts are missing, unknown or of another shape.
        """
        if odd := {"kind", "form", *self.PARTS, *self.OPTIMIZERS} ^ set(state):
            raise InputError(f"the checkpoint lacks or should not have {', '.join(map(str, odd))}; make it again.")
        if odd := set(self.FORM) - set(state["form"]):
            raise InputError(f"the checkpoint does not say its {', '.join(sorted(odd))}; make it again.")
        check_form(self.hp, state)
        for name in self.PARTS:
            load_strictly(getattr(self, name), state[name], name.replace("_", " "))
        for name in self.OPTIMIZERS:
            load_optimizer(getattr(self, name), state[name], name)

    @classmethod
    def load(
        cls, checkpoint: dict, hp: Hyperparameters, observation_dim: int, action_dim: int, generator: torch.Generator
    ) -> "SACLagrangian":
        """An agent that goes on from a checkpoint: all of a pre-aligned one; actor and critics of an offline one.

        Of an offline checkpoint the targets start as copies of the critics (Q10) and the optimisers fresh, unless
        hp.restore_actor_optimizer keeps the offline actor's moments *and learning rate* (Q9). A critic that the offline
        algorithm trained in another shape (BEAR-Lag's groups) or not at all (BC) starts from random weights, and with
        `cost_critic_layers` set the offline cost critic is taken tensor by tensor where name and shape agree (Q8).

        Raises:
            InputError: The checkpoint's networks do not fit `hp`; offline critics have no layer_norm; the optimiser to
                be kept is missing.
        """
        agent = cls(observation_dim, action_dim, hp, generator)
        if checkpoint["kind"] == "sac_lagrangian":
            agent.load_state_dict(checkpoint)
        else:
            if hp.layer_norm and "reward_critic" in checkpoint:
                raise InputError(
                    "layer_norm is true, but the offline checkpoint's critics have none; "
                    "start from a prealign entry with fresh_critics: true and layer_norm: true."
                )
            load_strictly(agent.actor, checkpoint["actor"], "actor")
            if "reward_critic" in checkpoint:
                check_form(hp, checkpoint)
                load_strictly(agent.reward_critic, checkpoint["reward_critic"], "reward critic")
            if "cost_critic" in checkpoint:
                if hp.cost_critic_layers:
                    own = agent.cost_critic.state_dict()
                    fits = {k: v for k, v in checkpoint["cost_critic"].items() if k in own and own[k].shape == v.shape}
                    agent.cost_critic.load_state_dict(own | fits)
                else:
                    load_strictly(agent.cost_critic, checkpoint["cost_critic"], "cost critic")
            agent.reward_target.load_state_dict(agent.reward_critic.state_dict())
            agent.cost_target.load_state_dict(agent.cost_critic.state_dict())
        if hp.restore_actor_optimizer:
            if "actor_optimizer" not in checkpoint:
                raise InputError("restore_actor_optimizer is true, but the checkpoint holds no actor_optimizer.")
            load_optimizer(agent.actor_optimizer, checkpoint["actor_optimizer"], "actor_optimizer")
            agent.actor_optimizer.lr = checkpoint["actor_optimizer"]["lr"]
        return agent


def check_form(hp: Hyperparameters, checkpoint: dict) -> None:
    """Compare the settings that a checkpoint was made under with those it is loaded under.

    Raises:
        InputError: They differ.
    """
    for name, value in checkpoint.get("form", {}).items():
        if name not in SACLagrangian.FORM:
            raise InputError(f"the checkpoint was made under a setting {name!r} that does not exist; make it again.")
        if getattr(hp, name) != value:
            raise InputError(
                f"the checkpoint was made with {name} {value}, not {getattr(hp, name)}; "
                "give both entries, the stage's and the method's, the same."
            )


def load_strictly(module: torch.nn.Module, state: dict, name: str) -> None:
    """load_state_dict, with one sentence where names or shapes differ."""
    own = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in state.items()}
    if own != given:
        raise InputError(
            f"the checkpoint's {name} has tensors {given} and the configured one {own}; "
            "give both stages the same hidden_layers and hidden_units."
        )
    module.load_state_dict(state)


def load_optimizer(optimizer: Adam, state: dict, name: str) -> None:
    """load_state_dict, with one sentence where the state is none of this optimiser's."""
    if (fault := optimizer.fault(state)) is not None:
        raise InputError(
            f"the checkpoint's {name} {fault}; make it again, with the same hidden_layers and hidden_units."
        )
    optimizer.load_state_dict(state)
