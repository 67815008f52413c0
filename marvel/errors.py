"""The one exception that stands for a fault of the user's input."""


class InputError(ValueError):
    """A fault of the input, told in one sentence: the place, the value, what was allowed, what to do.

    Command lines print it without a traceback; every other exception is a fault of the program or of a method and keeps
    its own.
    """
