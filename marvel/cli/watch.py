"""`marvel watch`: a clip of a run, the offline policy beside the fine-tuned one."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

from marvel.cli.common import make_parser
from marvel.errors import InputError

KINDS = (".gif", ".png")


def main(arguments: list[str]) -> int:
    """Play an episode with each policy and draw it."""
    parser = make_parser(
        "watch",
        "A clip of a run: the same episode under the offline policy and under the fine-tuned one, both deterministic,\n"
        "with every step that cost something marked. An animated GIF, or a strip of five moments (PNG). Bullet and\n"
        "velocity tasks; no display is needed.",
        "marvel watch results/quick/runs/marvel/BallCircle/seed0/run.json",
        "marvel watch results/quick/runs/marvel/BallRun/seed0/run.json --out strip.png --seed 3",
    )
    parser.add_argument("run", type=Path, metavar="run.json")
    parser.add_argument("--out", type=Path, metavar="FILE", help=".gif or .png; by default watch.gif beside run.json")
    parser.add_argument("--seed", type=int, default=0, help="the episode (%(default)s)")
    parser.add_argument("--frames", type=int, default=80, help="pictures of the GIF at most (%(default)s)")
    options = parser.parse_args(arguments)
    out = options.out or options.run.with_name("watch.gif")
    if out.suffix not in KINDS or options.frames < 2 or options.seed < 0:
        parser.error("--out must end in .gif or .png, --frames be at least 2, --seed at least 0")
    facts = watch(options.run, out, options.seed, options.frames)
    if options.json:
        print(json.dumps(facts, indent=1))
    else:
        for clip in facts["policies"]:
            print(f"{clip['label']}: return {clip['return']:.4g}, cost {clip['cost']:.4g}, {clip['steps']} steps")
        print(out)
    return 0


class Clip(NamedTuple):
    """One episode of one policy.

    Attributes:
        label: Whose.
        scenes: T + 1 moments.
        rewards, costs: (T,) of the steps between them.
    """

    label: str
    scenes: list
    rewards: list
    costs: list


def watch(path: Path, out: Path, seed: int = 0, frames: int = 80) -> dict:
    """Play, draw and write a clip.

    Args:
        path: run.json of an online run.
        out: A .gif or .png.
        seed: Of the episode.
        frames: Pictures of a GIF at most.

    Returns:
        "out", "task", "method", "seed", "cost_limit" and "policies" (label, return, cost, steps of each).

    Raises:
        InputError: The run keeps no actor, or its task cannot be drawn.
    """
    from marvel.cli.clip import write_gif, write_strip
    from marvel.cli.scene import setting_of
    from marvel.run.spec import read_spec
    from marvel.simulators import make_env

    spec = read_spec(str(path))
    if spec["stage"] != "finetune":
        raise InputError(f"{path} is the record of the stage {spec['stage']}; give the run.json of an online run.")
    actors = policies(path, spec)
    env = make_env(spec["task"])
    try:
        setting = setting_of(env.task, env.simulator)
        clips = [play(env, policy, seed, label) for label, policy in actors]
    finally:
        env.close()
    title = f"{spec['method']} on {spec['task']}, seed {spec['seed']}, episode {seed}"
    draw = write_gif if out.suffix == ".gif" else write_strip
    draw(out, clips, setting, title, spec["cost_limit"], frames)
    results = [
        {"label": clip.label, "return": sum(clip.rewards), "cost": sum(clip.costs), "steps": len(clip.rewards)}
        for clip in clips
    ]
    facts = {"out": str(out), "task": spec["task"], "method": spec["method"], "seed": seed}
    return facts | {"cost_limit": spec["cost_limit"], "policies": results}


def policies(path: Path, spec: dict) -> list[tuple]:
    """(label, policy) of the offline policy, where the run had one, and of the fine-tuned one.

    Raises:
        InputError: A file is missing.
    """
    from marvel.run.verify import find_input

    trained = path.with_name("actor.pt")
    if not trained.is_file():
        raise InputError(
            f"{trained} does not exist: the run learned nothing, diverged, or was made by an earlier version; "
            f"`marvel run {path} --out FOLDER` repeats it."
        )
    found, record = [], json.loads(path.read_text(encoding="utf-8")).get("record", {})
    if spec["start"] is not None:
        start = find_input(path, "start", spec["start"], record)
        found.append(("offline policy", policy(start, spec["task"], offline_activation(start))))
    activation = spec["hyperparameters"].get("trunk_activation", "relu")
    label = "fine-tuned" if found else "after training"
    return [*found, (label, policy(trained, spec["task"], activation))]


def offline_activation(start: Path) -> str:
    """The last activation of the actor in a checkpoint as it was trained, from the records of the stages before it.

    Pre-alignment hands the offline actor on as it is, but the official one names the online activation (Q7).
    """
    from marvel.run.spec import read_spec
    from marvel.run.verify import find_input

    activation = "relu"
    while (record := start.with_name("run.json")).is_file():
        spec = read_spec(str(record))
        activation = spec["hyperparameters"].get("trunk_activation", "relu")
        if spec["start"] is None:
            break
        try:
            start = find_input(record, "start", spec["start"], json.loads(record.read_text()).get("record", {}))
        except InputError as fault:
            print(f"warning: {fault} The offline policy is drawn as the later stage read it.", file=sys.stderr)
            break
    return activation


def policy(path: Path, task_name: str, activation: str):
    """The deterministic policy of an actor in a file.

    Raises:
        InputError: The file is none, or of another task.
    """
    import torch

    from marvel.networks import Policy, SquashedGaussianActor
    from marvel.run.start import read_checkpoint
    from marvel.tasks import get_task

    state, task = read_checkpoint(path)["actor"], get_task(task_name)
    widths = [len(state[name]) for name in state if name.startswith("net.") and name.endswith("bias")]
    sizes = (task.observation_dim, task.action_dim)
    actor = SquashedGaussianActor(*sizes, widths, activation, torch.Generator().manual_seed(0))
    try:
        actor.load_state_dict(state)
    except RuntimeError:
        raise InputError(f"{path} holds an actor of another task than {task_name}, or of another form.") from None
    return Policy(actor)


def play(env, policy, seed: int, label: str) -> Clip:
    """An episode with a look at the simulator before and after every step."""
    from marvel.cli.scene import scene_of

    observation, _ = env.reset(seed=seed)
    clip, ended = Clip(label, [scene_of(env.task, env.simulator)], [], []), False
    while not ended:
        observation, reward, terminated, truncated, info = env.step(policy(observation))
        clip.scenes.append(scene_of(env.task, env.simulator, clip.scenes[-1]))
        clip.rewards.append(reward)
        clip.costs.append(info["cost"])
        ended = terminated or truncated
    return clip
