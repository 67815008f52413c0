"""Changes that make a good HDF5 file one of those that other people have: {name: change of the open file}."""

import os

import h5py
import numpy as np


def replaced(key, *data, **how):
    """A change of an open file: another dataset, or link, in the place of one array."""

    def apply(file):
        old = file[key][()]
        del file[key]
        values = data[0](old) if data else None
        if how or values is None:
            file.create_dataset(key, data=values, **how)
        else:
            file[key] = values

    return apply


def each(change, keys=("observations", "next_observations", "actions", "rewards", "costs")):
    def apply(file):
        for key in keys:
            replaced(key, change)(file)

    return apply


def enumerations(file):
    flags = h5py.enum_dtype({"no": 0, "yes": 1}, basetype="i1")
    replaced("timeouts", lambda a: a.astype("i1"), dtype=flags)(file)


def soft_links(file):
    file["data/first/rewards"] = file["rewards"][()]
    file["elsewhere"] = h5py.SoftLink("/data/first")
    del file["rewards"]
    file["rewards"] = h5py.SoftLink("elsewhere/rewards")


def more_keys(file):
    file["infos/cost"] = np.zeros(3)
    file["metadata"] = "made by hand"
    file.attrs["version"] = 2


def minari(count):
    def apply(file):
        for key in list(file):
            del file[key]
        for number in range(count):
            file[f"episode_{number}/rewards"] = np.zeros(3)

    return apply


def many_groups(file):
    del file["costs"]
    for number in range(1000):
        file.create_group(f"trajectory {number}")


def latin1_name(file):
    del file["costs"]
    file["co\xfbt".encode("latin1")] = 1.0


def unknown_filter(file):
    data = file["rewards"][()]
    del file["rewards"]
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk(data.shape)
    settings.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))  # zstd's number
    space = h5py.h5s.create_simple(data.shape)
    made = h5py.h5d.create(file.id, b"rewards", h5py.h5t.IEEE_F32LE, space, settings)
    made.write_direct_chunk((0,), data.tobytes())


def odd_floats(file):
    """Float32 with another bias of the exponent: one flipped bit of a header, and all numbers are others."""
    data = file["rewards"][()]
    del file["rewards"]
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_ebias(126)
    made = h5py.h5d.create(file.id, b"rewards", kind, h5py.h5s.create_simple(data.shape))
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, data)


def external_storage(file):
    del file["rewards"]
    secret = os.path.join(os.path.dirname(file.filename), "secret")
    with open(secret, "wb") as raw:
        raw.write(b"root:x:0" * 300)
    file.create_dataset("rewards", (600,), np.float32, external=[(secret, 0, 2400)])


def external_link(target):
    def apply(file):
        other = os.path.join(os.path.dirname(file.filename), "other.hdf5")
        with h5py.File(other, "w") as there:
            there["rewards"] = file["rewards"][()]
        del file["rewards"]
        file["rewards"] = h5py.ExternalLink(target, "/rewards")

    return apply


def external_link_on_the_way(file):
    external_link("other.hdf5")(file)
    del file["rewards"]
    file["there"], file["rewards"] = h5py.ExternalLink("other.hdf5", "/"), h5py.SoftLink("/there/rewards")


def virtual(there):
    def apply(file):
        other = os.path.join(os.path.dirname(file.filename), "other.hdf5")
        if there:
            with h5py.File(other, "w") as source:
                source["rewards"] = file["rewards"][()]
        del file["rewards"]
        layout = h5py.VirtualLayout((600,), np.float32)
        layout[:] = h5py.VirtualSource(other, "rewards", (600,))
        file.create_virtual_dataset("rewards", layout)

    return apply


def soft_link_loop(file):
    del file["rewards"]
    file["rewards"], file["other"] = h5py.SoftLink("/other"), h5py.SoftLink("/rewards")


def group(file):
    del file["observations"]
    file["observations/camera"], file["observations/speed"] = np.zeros((600, 4)), np.zeros((600, 3))


ACCEPTED = {
    "half precision": each(lambda a: a.astype("f2")),
    "double precision": each(lambda a: a.astype("f8")),
    "long double": replaced("rewards", lambda a: a.astype("g")),
    "big endian": each(lambda a: a.astype(">f8")),
    "integer costs": replaced("costs", lambda a: a.astype("i8")),
    "unsigned costs": replaced("costs", lambda a: a.astype("u2")),
    "bool costs": replaced("costs", lambda a: a > 0),
    "number flags": each(lambda a: a.astype("f4"), ("terminals", "timeouts")),
    "enumerations": enumerations,
    "columns": each(lambda a: a[:, None], ("rewards", "costs", "terminals", "timeouts")),
    "gzip": replaced("observations", lambda a: a, compression="gzip", chunks=(7, 3)),
    "lzf": replaced("observations", lambda a: a, compression="lzf"),
    "checksum": replaced("rewards", lambda a: a, fletcher32=True, chunks=(100,)),
    "may grow": replaced("rewards", lambda a: a, maxshape=(None,)),
    "flag never written": replaced("terminals", shape=(600,), dtype=bool),
    "soft links": soft_links,
    "more keys": more_keys,
}


REFUSED = {
    "minari": (minari(4), r"is in Minari's layout \(a group for each of 4 episodes\)"),
    "minari with 1000": (minari(1000), r"a group for each of 1,000 episodes"),
    "many groups": (many_groups, r"lacks costs \(it holds actions, .* and 998 more\)"),
    "latin1 name": (latin1_name, r"lacks costs \(it holds actions, co.*xfbt"),
    "other name": (lambda file: file.move("costs", "cost"), r"lacks costs \(it holds actions, cost, next_"),
    "empty dataset": (replaced("rewards", lambda a: h5py.Empty("f4")), "rewards is empty"),
    "one number": (replaced("rewards", lambda a: 3.0), "rewards is one number"),
    "complex": (replaced("rewards", lambda a: a.astype("c8")), "rewards has dtype complex64.*convert it to float32"),
    "variable length": (
        replaced("rewards", shape=(600,), dtype=h5py.vlen_dtype(np.float32)),
        "rewards has values of variable length.*convert it to float32",
    ),
    "records": (replaced("terminals", lambda a: np.zeros(600, "i4,f4")), "terminals has dtype .*convert it to bool"),
    "group": (group, "observations is no array but a group of camera, speed"),
    "unknown filter": (unknown_filter, r"compression filter number 32015, which is not installed.*gzip"),
    "odd floats": (odd_floats, "rewards has numbers of an unknown format"),
    "beyond float32": (
        replaced("rewards", lambda a: np.where(np.arange(600) == 7, 1e39, a)),
        r"rewards\[7\] is 1e\+39, beyond float32's 3.4e\+38 \(1 such values\)",
    ),
    "infinite": (
        replaced("costs", lambda a: np.where(np.arange(600) == 7, np.inf, a)),
        r"costs\[7\] is inf, not finite",
    ),
    "external storage": (external_storage, r"values of rewards lie in other files \(external storage\)"),
    "external link": (external_link("other.hdf5"), "rewards points to another file, other.hdf5; copy"),
    "broken external link": (external_link("gone.hdf5"), "another file, gone.hdf5, which is not there"),
    "external link on the way": (external_link_on_the_way, "rewards points to another file, other.hdf5"),
    "virtual": (virtual(True), r"values of rewards lie in other files \(a virtual dataset\)"),
    "virtual without source": (virtual(False), r"values of rewards lie in other files \(a virtual dataset\)"),
    "broken soft link": (
        replaced("rewards", lambda a: h5py.SoftLink("/gone")),
        "is a link to gone, which is not there",
    ),
    "soft-link loop": (soft_link_loop, "rewards is a link that leads to itself"),
    "huge, in chunks": (
        replaced("observations", shape=(10**12, 7), dtype="f4", chunks=(1000, 7)),
        "claims shape .*0 of 1,000,000,000 chunks were written",
    ),
    "huge, in one piece": (replaced("rewards", shape=(10**12,), dtype="f4"), "0 of 4,000,000,000,000 bytes were writ"),
    "huge flags": (
        replaced("timeouts", shape=(10**12,), dtype=bool),
        "claims to hold 1,000,0.* bytes of data, but has",
    ),
    "never written": (
        replaced("costs", shape=(600,), dtype="f4", chunks=(100,)),
        "costs .* 0 of 6 chunks were written",
    ),
    "a row per episode": (
        each(lambda a: a.reshape(6, 100, -1)),
        r"rewards has shape \(6, 100, 1\)|observations has sh",
    ),
    "third axis": (
        replaced("actions", lambda a: a[..., None]),
        r"actions has shape \(600, 2, 1\), .* needs \(600, 2\)",
    ),
    "fewer rows": (replaced("timeouts", lambda a: a[:599]), r"timeouts has shape \(599,\), .* needs \(600,\)"),
}
