"""The exceptions that end a run with one sentence instead of a traceback; all others are faults of the code."""


class InputError(ValueError):
    """A fault of the user's input, told in one sentence: the place, the value, what was allowed, what to do."""


class SimulatorError(RuntimeError):
    """A simulator returned something that no task allows, such as a reward that is not finite."""


class Diverged(RuntimeError):
    """A number that learning moves is no longer finite: a result, not a fault; the run keeps its rows and says so."""


class Interrupted(Exception):
    """The process was asked to stop; `signal` is the signal's number."""

    def __init__(self, sentence: str, signal: int):
        super().__init__(sentence)
        self.signal = signal
