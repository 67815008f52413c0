#!/bin/sh
# Second step of environment.yml: packages whose own pins cannot be met on Python 3.11 (see requirements-nodeps.txt).
set -eu
python -m pip install --no-deps dsrl==0.1.0 safety-gymnasium==0.4.0 bullet-safety-gym==1.4.0
