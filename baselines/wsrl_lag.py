"""WSRL-Lag: warm-start RL (Zhou et al. 2024, arXiv 2412.07762) under a multiplier.

The offline policy, frozen, first fills the buffer; then many updates per step follow, without any offline data. It is
the rival of Value Pre-Alignment: critics re-fitted on the policy's own episodes instead of on the dataset. The
original's LayerNorm and ensemble of ten critics are not built, since the checkpoints to start from have two plain ones.
"""

from collections.abc import Iterator

from marvel.errors import InputError
from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    warmup_steps: int = 5_000,
    update_ratio: float | None = 4.0,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """Fine-tune after warm-up episodes, which count like all others.

    Args:
        context: `start` is a checkpoint, offline or pre-aligned.
        hp: Shared hyperparameters.
        warmup_steps: Environment steps that the frozen policy plays at least, in whole rounds; the original 5,000. The
            multiplier rests with it. 0 is Warm Start (or Marvel, from a pre-aligned checkpoint) at this update ratio.
        update_ratio: Minibatches per environment step after the warm-up, the original 4; None makes
            hp.updates_per_round a round, as all methods do.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    before_last_round = (hp.rounds - 1) * hp.episodes_per_round * context.task.max_episode_steps
    if warmup_steps > before_last_round:
        raise InputError(
            f"{context.method}: warmup_steps is {warmup_steps} and leaves no round for learning on "
            f"{context.task.name}; it must be at most {before_last_round}, or online_episodes larger."
        )
    agent = load_agent(context, hp)
    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier, update_ratio=update_ratio, warmup_steps=warmup_steps)
