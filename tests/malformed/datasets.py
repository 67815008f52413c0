"""Datasets and the filters that change them."""

import io
import os
import shutil

import h5py
import numpy as np

from malformed import World, save
from marvel import datasets
from marvel.datasets import __main__ as commands
from marvel.datasets import filters
from marvel.errors import InputError


def put(key, change):
    """Another array in the place of one."""

    def apply(file):
        old = file[key][()]
        del file[key]
        file[key] = change(old)

    return apply


def at(key, place, value):
    """Another value at one place, in double precision."""

    def change(old):
        new = old.astype("f8") if old.dtype.kind == "f" else old.copy()
        new[place] = value
        return new

    return put(key, change)


def npz() -> bytes:
    """NumPy's archive."""
    memory = io.BytesIO()
    np.savez(memory, observations=np.zeros(3))
    return memory.getvalue()


FILES = [
    (b"", "is empty (0 bytes)"),
    (b"\x89HDF\r\n\x1a\n", "cannot be read as HDF5"),
    (bytes(4096), "cannot be read as HDF5"),
    (npz(), "it is no HDF5 file"),
    (b"a,b\n1,2\n", "it is no HDF5 file"),
    (at("observations", (3, 1), np.nan), "observations[3, 1] is nan, not finite (1 such values)"),
    (at("next_observations", (0, 0), -np.inf), "next_observations[0, 0] is -inf, not finite"),
    (at("actions", (5, 0), 1e39), "actions[5, 0] is 1e+39, beyond float32's 3.4e+38"),
    (at("rewards", 7, np.nan), "rewards[7] is nan"),
    (at("costs", 7, -1e-9), "costs[7] is -1e-09 (1 such values), but costs are >= 0"),
    (at("timeouts", -1, False), "ends no episode, so the file seems cut off"),
    (put("timeouts", lambda a: a & False), "ends no episode"),
    (put("timeouts", lambda a: a * 0.5), "timeouts holds 0.5, but a flag is 0 or 1"),
    (put("timeouts", lambda a: np.where(a, np.nan, 0.0)), "timeouts holds nan, but a flag is 0 or 1"),
    (put("terminals", lambda a: -1 - a.astype("i1")), "terminals holds -1, but a flag is 0 or 1"),
    (
        put("observations", lambda a: a.T),
        "observations has shape (4, 1800), but Toy with 1,800 rewards needs (1800, 4)",
    ),
    (put("actions", lambda a: a[:, :1]), "actions has shape (1800, 1), but Toy with 1,800 rewards needs (1800, 2)"),
    (put("rewards", lambda a: a[:0]), "holds no steps"),
    (put("rewards", lambda a: "hello"), "rewards has values of variable length, not numbers"),
    (put("costs", lambda a: np.array([b"12"] * len(a), dtype="V2")), "not numbers; convert it to float32"),
    (put("costs", lambda a: np.concatenate([a, a])), "costs has shape (3600,)"),
    (lambda file: file.move("costs", "cost"), "lacks costs (it holds actions, cost"),
    # of the command line: arguments
    (["check", "\0"], "cannot be read (embedded null byte)"),
    (["check", "{dataset}", "--task", ""], "there is no task ''"),
    (["check", "{dataset}", "--task", "Tou"], "there is no task 'Tou'; did you mean Toy"),
    (["check", "/dev/zero"], "/dev/zero is no regular file"),
    (["get", "Toy", "--file", "{dataset}", "--out", "\0"], "cannot be written (embedded null byte)"),
    (["get", "Toy", "--file", "{dataset}", "--out", "x" * 300], "cannot be written (File name too long)"),
    (["get", "Toy", "--file", "~nobody_at_all/x", "--out", "x"], "begins with ~, and there is no such home"),
]
SHARE = "it must be a finite number >= 0 and <= 1 or null."
FILTERS = [
    ("[]", "filters is no JSON object: it is []; write a mapping in braces."),
    ("{", "filters is no JSON"),
    ("[" * 100_000, "filters is nested too deeply"),
    ('{"noise": 1, "noise": 2}', "filters: given twice: noise"),
    ('{"densty": 1}', "filters: 'densty' is no filter; did you mean density?"),
    (
        '{"cost_limit": 5}',
        "filters: 'cost_limit' is no filter; allowed are density, epsilon, inpaint, noise, outliers.",
    ),
    ('{"density": null}', "filters: density is null; it must be a finite number > 0 and <= 1."),
    ('{"density": NaN}', "density is nan; it must be a finite number > 0 and <= 1."),
    ('{"outliers": 2}', f"filters: outliers is 2; {SHARE}"),
    ('{"outliers": []}', f"filters: outliers is []; {SHARE}"),
    ('{"inpaint": 5}', "inpaint is 5; it must be a list of each a list of 4 values, each a finite number or null."),
    ('{"inpaint": [[0, 1]]}', "inpaint is [[0, 1]]; it must be a list"),
    ('{"inpaint": [[null, 1, 0, 1]]}', "inpaint is [[None, 1, 0, 1]]; it must be a list"),
    ('{"inpaint": [[0.9, 0.1, 0, 1]]}', "has a lowest share above its highest; write [cost, cost, return, return]."),
    ('{"inpaint": [[0, 1, 1, 0]]}', "has a lowest share above its highest"),
    ('{"inpaint": [[2, 3, 0, 1]]}', "inpaint: no episode costs between 2.0 and 3.0 of the range"),
    ('{"epsilon": "x"}', "filters: epsilon is 'x'; it must be a finite number or null."),
    ('{"noise": -1}', "filters: noise is -1; it must be a finite number >= 0 or null."),
    ('{"noise": 1e300}', "noise: with a scale of 1e+300, observations are no finite numbers any more; lower it."),
    ('{"noise": true}', "filters: noise is true"),
    (("{}", "--cost-limit=nan"), "filters: cost_limit is nan; it must be a finite number >= 0."),
    (("{}", "--cost-limit=-1"), "filters: cost_limit is -1.0; it must be a finite number >= 0."),
    (("{}", "--seed=-1"), "filters: seed is -1; it must be a whole number >= 0."),
    (("{}", "--out=/dev/null/x"), "/dev/null/x cannot be written (File exists)"),
]
CASES = FILES + FILTERS


def give(given, world: World, capfd) -> None:
    """Read a dataset, or filter the world's."""
    if isinstance(given, list):
        assert commands.main([word.replace("{dataset}", str(world.dataset)) for word in given]) == 1
        raise InputError(capfd.readouterr().err.removeprefix("error: ").removesuffix("\n"))
    if isinstance(given, str | tuple):
        text, *more = [given] if isinstance(given, str) else given
        words = [str(world.dataset), "--task=Toy", "--cost-limit=5", "--seed=0", f"--filters={text}"]
        assert filters.main([*words, f"--out={world.folder / 'filtered.hdf5'}", *more]) == 1
        assert not os.path.exists(world.folder / "filtered.hdf5")
        raise InputError(capfd.readouterr().err.removeprefix("error: ").removesuffix("\n"))
    if isinstance(given, bytes):
        path = save(world.folder, "d.hdf5", given)
    else:
        path = shutil.copy(world.dataset, world.folder / "d.hdf5")
        with h5py.File(path, "a") as file:
            given(file)
    datasets.read(path, "Toy")
