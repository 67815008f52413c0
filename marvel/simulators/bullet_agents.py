"""The agents and tasks of Bullet-Safety-Gym: what a step computes, with few calls of Bullet and NumPy.

The stock environment asks Bullet for the same state about eight times a step, joint by joint, and computes with NumPy
arrays of two or three numbers. Here each state is read once, all joints in one call, and single numbers are Python's
floats. Results are equal to the last bit because IEEE 754 fixes sums, products, quotients and square roots; what it
does not fix stays with the routine that the stock environment uses: NumPy's dot products (which norms are made of) and
sines may round differently on another processor, and what is float32 there is computed in float32.

Formulas: bullet_safety_gym/envs/agents.py and tasks.py, in the order of operations used there.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pybullet  # prints a greeting unless Bullet-Safety-Gym was imported before

NEAR_LIMIT = float(np.float32(0.99))  # NumPy compares a float32 array with 0.99 in float32


class Agent:
    """The moving body.

    Attributes:
        advance: Function that lets Bullet simulate the time of one step.
        position: Of the base, (x, y, z) in metres.
        velocity: Of the base, (x, y, z) in metres per second.
        specific_reward: What the agent itself contributes to the reward of a step.
        alive: False if it has failed, which ends the episode.

    Each kind has ``act(action)``, which hands Bullet an action (action_dim,), float32, clipped to [-1, 1], and
    ``observe() -> list[float]``, the agent's part of the observation.

    Args:
        agent: The stock environment's agent.
    """

    specific_reward, alive = 0.0, True

    def __init__(self, agent):
        body, client = agent.body_id, agent.bc._client
        bind = functools.partial
        self.advance = bind(pybullet.stepSimulation, client)
        self._base_pose = bind(pybullet.getBasePositionAndOrientation, body, client)
        self._base_velocity = bind(pybullet.getBaseVelocity, body, client)
        self._joints = [joint.index for joint in agent.motor_list]
        self._joint_states = bind(pybullet.getJointStates, body, self._joints, client)
        self._control_joints = bind(pybullet.setJointMotorControlArray, body, physicsClientId=client)
        self._push = bind(pybullet.applyExternalForce, body, physicsClientId=client)
        # body 0 is the ground; asked once for the whole agent, not for each of its links
        self._ground_contacts = bind(pybullet.getContactPoints, body, 0, linkIndexB=-1, physicsClientId=client)
        self._action = np.zeros(agent.act_dim, np.float32)

    def read(self) -> None:
        """Fetch the state after a step or a reset. The base is the root link of all four agents."""
        self.position, self._quaternion = self._base_pose()
        self.velocity, self._spin = self._base_velocity()


def clipped(action: np.ndarray) -> list[float]:
    """The numbers of an action, clipped to [-1, 1]; ``np.clip`` takes 2 us."""
    return [min(max(number, -1.0), 1.0) for number in action.tolist()]


class Ball(Agent):
    """A ball that is pushed."""

    def __init__(self, agent):
        super().__init__(agent)
        self._max_force = agent.max_force

    def act(self, action):
        x, y = clipped(action)
        self._push(-1, (x * self._max_force, y * self._max_force, 0.0), self.position, pybullet.WORLD_FRAME)
        self._action = np.array((x, y), np.float32)

    def read(self):
        super().read()
        self.specific_reward = -0.5 * float(np.sqrt(self._action.dot(self._action)))

    def observe(self):
        (x, y, _), (vx, vy, _), (wx, wy, wz) = self.position, self.velocity, self._spin
        return [0.1 * x, 0.1 * y, 0.2 * vx, 0.2 * vy, 0.1 * wx, 0.1 * wy, 0.1 * wz]


class Car(Agent):
    """A race car with two driven wheels and two that are steered."""

    def __init__(self, agent):
        super().__init__(agent)
        self._driven, self._steered = agent.motorized_wheels, agent.steering_links
        self._speed, self._angle = agent.speed_multiplier, agent.steering_multiplier
        self._forces = [agent.max_force] * 2

    def act(self, action):
        throttle, steering = clipped(action)
        speeds, angles = [throttle * self._speed] * 2, [steering * self._angle] * 2
        self._control_joints(self._driven, pybullet.VELOCITY_CONTROL, targetVelocities=speeds, forces=self._forces)
        self._control_joints(self._steered, pybullet.POSITION_CONTROL, targetPositions=angles)

    def observe(self):
        (x, y, _), (vx, vy, _) = self.position, self.velocity
        yaw = pybullet.getEulerFromQuaternion(self._quaternion)[2]
        return [0.1 * x, 0.1 * y, vx, vy, float(np.sin(yaw)), float(np.cos(yaw)), 0.1 * self._spin[2]]


class Drone(Agent):
    """A quadcopter; Bullet knows no air, so the thrust of each rotor is applied as a force."""

    def __init__(self, agent):
        super().__init__(agent)
        self._range, self._hover_speeds = agent.action_range, agent.hover_velocities
        self._directions = agent.propeller_directions.tolist()
        self._forces = [motor.max_force for motor in agent.motor_list]
        # the constants of the stock `calculate_thrust_force`
        self._pitch, self._density = agent.propeller_pitch, agent.air_density * agent.area
        diameter = (4.0 * agent.area / np.pi) ** 0.5
        self._efficiency = (agent.k1 * diameter / agent.propeller_pitch) ** agent.k2

    def act(self, action):
        factors = 1 + self._range * np.array(clipped(action), np.float32)
        speeds = (self._hover_speeds * factors).tolist()
        self._control_joints(self._joints, pybullet.VELOCITY_CONTROL, targetVelocities=speeds, forces=self._forces)
        # the third column of the rotation matrix, which is its product with (0, 0, 1)
        up = np.array(pybullet.getMatrixFromQuaternion(self._quaternion)[2::3])
        climb = float(np.array(self.velocity).dot(up))
        for joint, direction, speed in zip(self._joints, self._directions, speeds, strict=True):
            advance = speed * direction / (2 * np.pi) * self._pitch
            thrust = self._density * (advance**2 - advance * climb) * self._efficiency
            self._push(joint, (0.0, 0.0, thrust), (0.0, 0.0, 0.0), pybullet.LINK_FRAME)

    def read(self):
        super().read()
        self._angles = pybullet.getEulerFromQuaternion(self._quaternion)
        roll, pitch, _ = self._angles
        self.alive = abs(pitch) <= 0.5 * np.pi and abs(roll) <= 0.5 * np.pi
        touching = {contact[3] for contact in self._ground_contacts()}
        spin = np.array(self._spin)
        spin_penalty = 0.01 * math.sqrt(spin.dot(spin)) ** 2
        self.specific_reward = (1.0 if self.alive else -10.0) - spin_penalty - len(touching)

    def observe(self):
        (x, y, z), (vx, vy, vz), (wx, wy, wz) = self.position, self.velocity, self._spin
        rotor_speeds = np.array([state[1] for state in self._joint_states()])
        return [
            *(0.1 * x, 0.1 * y, 0.1 * z),
            *(0.2 * vx, 0.2 * vy, 0.2 * vz),
            *pybullet.getQuaternionFromEuler(self._angles),
            *(0.1 * wx, 0.1 * wy, 0.1 * wz),
            *(2.5e-3 * (rotor_speeds - self._hover_speeds)).tolist(),
        ]


class Ant(Agent):
    """A walker on four legs with two joints each."""

    def __init__(self, agent):
        super().__init__(agent)
        self._torques = [agent.max_force * motor.power_coefficient for motor in agent.motor_list]
        limits = [(motor.lower_limit, motor.upper_limit) for motor in agent.motor_list]
        self._ranges = [(0.5 * (lower + upper), upper - lower) for lower, upper in limits]
        self._feet = {foot.index: number for number, foot in enumerate(agent.feet)}
        self._power_factor, self._torque_factor = agent.electricity_factor, agent.stall_torque_factor
        self._limit_factor = agent.joints_at_limit_factor

    def act(self, action):
        torques = [torque * number for torque, number in zip(self._torques, clipped(action), strict=True)]
        self._control_joints(self._joints, pybullet.TORQUE_CONTROL, forces=torques)
        self._action = action

    def read(self):
        super().read()
        self._contacts = [0.0] * len(self._feet)
        for contact in self._ground_contacts():
            if contact[3] in self._feet:
                self._contacts[self._feet[contact[3]]] = 1.0
        turns = []  # per joint the angle, scaled so that its limits are -1 and 1, and the speed
        for state, (middle, width) in zip(self._joint_states(), self._ranges, strict=True):
            turns += (2 * (state[0] - middle) / width, 0.1 * state[1])
        turns = np.array(turns, np.float32)
        self._turns = turns.tolist()
        at_limit = sum(abs(angle) > NEAR_LIMIT for angle in self._turns[::2])
        # means in float32, of which the division by eight joints is exact
        power = float(np.add.reduce(np.abs(self._action * turns[1::2]))) / len(self._joints)
        torque = float(np.add.reduce(self._action * self._action)) / len(self._joints)
        effort = self._power_factor * power + self._torque_factor * torque
        self.alive = self.position[2] > 0.26
        self.specific_reward = effort + self._limit_factor * at_limit + (1.0 if self.alive else -1)

    def observe(self):
        (x, y, z), (vx, vy, vz), (wx, wy, wz) = self.position, self.velocity, self._spin
        return [
            *(0.1 * x, 0.1 * y, 0.1 * z),
            *(0.3 * vx, 0.3 * vy, 0.3 * vz),
            *self._quaternion,
            *(0.15 * wx, 0.15 * wy, 0.15 * wz),
            *[0.5 * turn for turn in self._turns],
            *self._contacts,
        ]


class Circle:
    """Run around a circle, clockwise; leaving the strip between two lines costs.

    Args:
        task: The stock environment's task.
    """

    def __init__(self, task):
        self._task, self._radius, self._scale = task, task.circle.radius, task.world.env_dim

    def begin(self) -> None:
        """Nothing of an episode is remembered."""

    def evaluate(self, agent: Agent) -> tuple[float, float, list[float]]:
        """Reward, cost and the task's part of the observation of the step that has led to the agent's state."""
        (x, y, _), (vx, vy, _) = agent.position, agent.velocity
        place = np.array((x, y))
        offset = math.sqrt(place.dot(place)) - self._radius
        reward = 0.1 * float(place.dot(np.array((-vy, vx)))) / (1 + abs(offset)) + 0.01 * agent.specific_reward
        return reward, float(abs(x) > self._task.x_lim), [offset / self._scale]


class Run:
    """Run along the x-axis; leaving the track and exceeding the agent's speed limit cost.

    Args:
        task: The stock environment's task.
    """

    def __init__(self, task):
        self._task, self._potential = task, 0.0

    def begin(self) -> None:
        """Take the potential of the episode's start, which the reset has computed."""
        self._potential = float(self._task.old_potential)

    def evaluate(self, agent: Agent) -> tuple[float, float, list[float]]:
        """Reward, cost and the task's part of the observation of the step that has led to the agent's state."""
        (x, y, _), (vx, vy, _) = agent.position, agent.velocity
        to_goal, velocity = np.array((x - 1e3, y)), np.array((vx, vy))  # metres to the goal, a thousand ahead
        potential = -math.sqrt(to_goal.dot(to_goal)) * 60
        reward, self._potential = potential - self._potential + agent.specific_reward, potential
        too_fast = math.sqrt(velocity.dot(velocity)) > self._task.agent.velocity_constraint
        return reward, float(too_fast or abs(y) > self._task.y_lim), []


AGENTS = {"Ball": Ball, "RaceCar": Car, "Drone": Drone, "Ant": Ant}  # by the stock classes' names
TASKS = {"CircleTask": Circle, "RunTask": Run}
