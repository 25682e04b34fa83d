#!/usr/bin/env bash
# Installs the Python client that python-keys.contract.spec.ts drives, in an environment of its own outside the repository.
# Fails, without leaving a half of it, where there is no Python or no package index; the spec is skipped then.
set -euo pipefail
requirements="$(dirname "${BASH_SOURCE[0]}")/requirements.txt"
environment="${XDG_CACHE_HOME:-$HOME/.cache}/coffer/python-client"

if cmp -s "$requirements" "$environment/requirements.txt"; then exit 0; fi
rm -rf "$environment"
trap 'rm -rf "$environment"' ERR
python3 -m venv "$environment"
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --retries 1 --timeout 20 -r "$requirements"
cp "$requirements" "$environment/requirements.txt"
