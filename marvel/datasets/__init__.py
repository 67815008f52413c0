"""Offline datasets in DSRL's HDF5 schema.

    python -m marvel.datasets check FILE... [--task TASK]      a card per file; exit status 1 if one is faulty
    python -m marvel.datasets card FILE... [--task TASK]       the same, kept beside the file with a picture
    python -m marvel.datasets get TASK [--file PATH] --out DIR/dataset.hdf5      find or download, check, link, card

`episodes`, `read` and `write` are imported on first use: the workflow imports `marvel.datasets.sources` for every job,
and that needs no HDF5 library.
"""


def __getattr__(name: str):
    from marvel.datasets.arrays import Episodes, episodes
    from marvel.datasets.hdf5 import write
    from marvel.datasets.validate import read

    public = {"Episodes": Episodes, "episodes": episodes, "read": read, "write": write}
    if name not in public:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return public[name]
