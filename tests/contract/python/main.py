"""
`main.py (sync|async) <api-version>`: runs its cases against a Coffer by this kind of client, and prints a JSON line for each.
`main.py (sync|async) --cases`: prints what there is to run.
"""

import json
import logging
import re
import sys
import traceback
from importlib.metadata import version as version_of

import crypto_cases  # noqa: F401 (registers its cases)
from azure.keyvault.keys import ApiVersion
from cases import CASES
from coffer_async import AsyncCoffer
from coffer_client import Coffer, VERSIONS

KINDS = {"sync": ("", Coffer), "async": (" (aio)", AsyncCoffer)}


class Warnings(logging.Handler):
    """A local operation that fails is repeated by the vault, with a warning: that would hide a key which the client cannot use."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def cases_of(kind, version):
    age = VERSIONS.index(version)
    cases = CASES.items()
    return [(name, run) for name, (run, since, only) in cases if age >= VERSIONS.index(since) and only in (None, kind)]


def run_version(kind, version):
    coffer, warnings = KINDS[kind][1](version), Warnings()
    logging.getLogger("azure.keyvault.keys").addHandler(warnings)
    for name, run in cases_of(kind, version):
        try:
            data = run(coffer, re.sub("[^a-z0-9A-Z]", "-", f"py-{kind}-{version}-{name}"))
            assert not warnings.messages, warnings.messages
            result = {"error": None, "data": data}
        except Exception:  # every kind of failure is the result of its case
            result = {"error": traceback.format_exc(), "data": None}
        warnings.messages.clear()
        print(json.dumps({"case": name, **result, "exchanges": coffer.recorder.take()}), flush=True)


kind, what = sys.argv[1:]
if what == "--cases":
    known = {version.value for version in ApiVersion}
    assert known == set(VERSIONS), f"the client knows {sorted(known)}"
    cases = {version: [name for name, _ in cases_of(kind, version)] for version in VERSIONS}
    client = f"azure-keyvault-keys {version_of('azure-keyvault-keys')}{KINDS[kind][0]}"
    print(json.dumps({"client": client, "cases": cases}))
else:
    run_version(kind, what)
