#!/bin/sh
# Second step of environment.yml: packages whose own pins cannot be met on Python 3.11 (see requirements-nodeps.txt).
set -eu
python -m pip install --no-deps dsrl==0.1.0 safety-gymnasium==0.4.0 bullet-safety-gym==1.4.0
# The command `marvel`, where this is the project's folder; Snakemake's jobs, which may run elsewhere, do not need it.
! grep -qs '^name = "marvel"$' pyproject.toml || python -m pip install --no-deps --no-build-isolation -e .
