"""SO2 (Zhang et al., AAAI 2024, arXiv 2312.07685): noise on the next action of the targets smooths the values."""

from collections.abc import Iterator

from marvel.finetune import finetune, load_agent
from marvel.hyperparameters import Hyperparameters
from marvel.multipliers import controller as make_controller
from marvel.run.context import Context


def train(
    context: Context,
    hp: Hyperparameters,
    *,
    target_noise: float = 0.1,
    noise_clip: float | None = None,
    update_ratio: float | None = None,
    controller: str | dict = "adaptive_pid",
) -> Iterator[dict]:
    """Fine-tune the offline checkpoint with perturbed value updates.

    The defaults are those of Marvel's code. The original's other half is more value updates per environment step, here
    an option that is off at equal budgets; its ensemble of ten reward critics is not built, since the checkpoints to
    start from have two.

    Args:
        context: `start` is an offline checkpoint.
        hp: Shared hyperparameters.
        target_noise: Standard deviation of the Gaussian noise, added after the tanh; the original 0.3.
        noise_clip: Bound of the noise, which also clips the perturbed action to [-1, 1]; the original 0.6. None clips
            neither, as in Marvel's code.
        update_ratio: Minibatches per environment step; None makes hp.updates_per_round a round, as all methods do. The
            original makes 10 of the critics and one of the actor.
        controller: The multiplier's controller; aPID as in the paper, where all baselines have it.
    """
    agent = load_agent(context, hp)

    def update(batch, multiplier, draw):
        return agent.update(batch, multiplier, draw, target_noise, noise_clip)

    multiplier = make_controller(controller, context.cost_limit, hp)
    yield from finetune(context, hp, agent, multiplier, update=update, update_ratio=update_ratio)
