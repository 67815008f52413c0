#!/bin/sh
# sh benchmarks/peers.sh [FOLDER]   makes the environment of the packages that ./run bench compares with (default .peers).
# fast-safe-rl and osrl-lib are installed with --no-deps: their own pins, torch 1.13 among them, cannot be met on
# Python 3.11. What they import stands below, with torch and NumPy as in requirements.txt.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-.peers}
"${PYTHON:-python3.11}" -m venv "$folder"
pip() { "$folder/bin/python" -m pip install -q --disable-pip-version-check "$@"; }
pip torch==2.13.0 'numpy>=1.26.4,<2' 'scipy>=1.11,<1.16' gymnasium==0.28.1 h5py tianshou==0.5.0 tensorboard pyrallis wandb
pip --no-deps osrl-lib==0.1.0 fast-safe-rl==0.1.0 dsrl==0.1.0
echo "made $folder; ./run bench finds it there, or with --peers $folder" >&2
