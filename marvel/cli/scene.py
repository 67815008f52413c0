"""What a simulator looks like at one moment, in plain shapes: drawn by Matplotlib, so no graphics library is needed."""

import math
from typing import NamedTuple

import numpy as np

from marvel.errors import InputError
from marvel.tasks import Task

FROM_ABOVE = ("Swimmer", "Ant")  # velocity tasks that are seen from above
CAPSULE = 3  # MuJoCo's number for a geom of this kind; spheres have one radius and no length
CIRCLE = 7.0  # radius of the zone of Bullet's Circle tasks, as Bullet-Safety-Gym draws it


class Scene(NamedTuple):
    """A robot at one moment, in metres.

    Attributes:
        place: (2,) where it is.
        ends: (k, 2, 2) end points of its k parts, each a capsule.
        radii: (k,) of the parts.
        root: (2,) what the speed is measured at, where a limit is set to it.
        speed: Metres per second over the last step, likewise.
    """

    place: np.ndarray
    ends: np.ndarray
    radii: np.ndarray
    root: np.ndarray | None = None
    speed: float | None = None


class Setting(NamedTuple):
    """What does not move.

    Attributes:
        view: "square" (the whole arena, from above), "track" (a long track, from above), "side" or "above" (the camera
            follows the robot).
        circles: (radius, whether it costs to leave it) around the origin.
        across, along: y and x of the lines beyond which it costs to be.
        limit: Of the speed, or None.
        half: Half of the visible height in metres; None fits it to the trail.
    """

    view: str
    circles: tuple = ()
    across: tuple = ()
    along: tuple = ()
    limit: float | None = None
    half: float | None = None


def setting_of(task: Task, simulator) -> Setting:
    """The setting of a task.

    Raises:
        InputError: Tasks of this suite are not drawn.
    """
    if task.suite == "toy":
        return Setting("square", circles=((1.0, True),), half=2.2)
    if task.suite == "bullet" and task.name.endswith("Circle"):
        x = float(simulator._env.task.x_lim)
        return Setting("square", circles=((CIRCLE, False),), along=(-x, x), half=10.0)
    if task.suite == "bullet":
        y = float(simulator._env.task.y_lim)
        return Setting("track", across=(-y, y), half=3.2)
    if task.suite == "velocity":
        limit = float(simulator._env._velocity_threshold)
        above = task.name.startswith(FROM_ABOVE)
        return Setting("above" if above else "side", limit=limit, half=1.6 if above else 1.2)
    raise InputError(f"{task.name} cannot be drawn yet; marvel watch knows the Bullet and the velocity tasks.")


def scene_of(task: Task, simulator, before: Scene | None = None) -> Scene:
    """The robot now; `before` is its scene one step earlier."""
    if task.suite == "toy":
        x, y, _, _ = simulator._state
        return Scene(np.array([x, y]), np.array([[[x, y], [x, y]]]), np.array([0.08]))
    if task.suite == "bullet":
        return _bullet(simulator._env.agent)
    return _mujoco(simulator._env, task.name, before)


def _bullet(agent) -> Scene:
    """Seen from above, x to the right."""
    position, quaternion = agent.bc.getBasePositionAndOrientation(agent.body_id)
    place, yaw = np.array(position[:2]), agent.bc.getEulerFromQuaternion(quaternion)[2]
    ahead = np.array([math.cos(yaw), math.sin(yaw)])
    kind = type(agent).__name__
    if kind == "Ant":
        links = range(agent.bc.getNumJoints(agent.body_id))
        places = {-1: place} | {link: np.array(agent.bc.getLinkState(agent.body_id, link)[0][:2]) for link in links}
        parent = {link: agent.bc.getJointInfo(agent.body_id, link)[16] for link in links}
        ends = [[places[parent[link]], places[link]] for link in links]
        return Scene(place, np.array([[place, place], *ends]), np.array([0.25, *[0.08] * len(ends)]))
    if kind == "Ball":
        return Scene(place, np.array([[place, place]]), np.array([0.5]))
    if kind == "Drone":
        across = np.array([-ahead[1], ahead[0]])
        arms = [0.6 * (sign * ahead + turn * across) for sign, turn in ((1, 1), (1, -1))]
        return Scene(place, np.array([[place - arm, place + arm] for arm in arms]), np.full(2, 0.16))
    axle = 0.35 * ahead
    return Scene(place, np.array([[place - axle, place + axle]]), np.array([0.22]))


def _mujoco(env, name: str, before: Scene | None) -> Scene:
    """The capsules and spheres of the model, seen from the side (x, z) or from above (x, y).

    The speed is the one that the cost is about: forward, of Ant in the plane.
    """
    model, data = env.model, env.data
    axes, ends, radii = [0, 1] if name.startswith(FROM_ABOVE) else [0, 2], [], []
    for geom in range(model.ngeom):
        if model.geom_bodyid[geom] == 0:  # the floor
            continue
        radius, half = model.geom_size[geom][:2]
        along = data.geom_xmat[geom].reshape(3, 3)[:, 2] * (half if model.geom_type[geom] == CAPSULE else 0.0)
        ends.append([(data.geom_xpos[geom] - along)[axes], (data.geom_xpos[geom] + along)[axes]])
        radii.append(radius)
    root, speed = data.qpos[:2].copy(), None
    if before is not None:
        moved = (root - before.root) / env.dt
        speed = float(np.linalg.norm(moved)) if name.startswith("Ant") else float(moved[0])
    ends = np.array(ends)
    return Scene(ends.mean(axis=(0, 1)), ends, np.array(radii), root, speed)


def outline(ends: np.ndarray, radius: float) -> np.ndarray:
    """A capsule's outline (24, 2).

    Args:
        ends: (2, 2) its end points.
        radius: Its radius.
    """
    first, last = ends
    angle = math.atan2(*(last - first)[::-1])
    turn = angle + np.linspace(-math.pi / 2, math.pi / 2, 12)
    cap = radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.concatenate([last + cap, first - cap])
