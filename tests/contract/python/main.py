"""Runs the cases of one api-version against a Coffer and prints a JSON line for each; `--cases` prints what there is to run."""

import json
import logging
import re
import sys
import traceback
from importlib.metadata import version as version_of

import crypto_cases  # noqa: F401 (registers its cases)
from azure.keyvault.keys import ApiVersion
from cases import CASES
from coffer_client import Coffer, VERSIONS


class Warnings(logging.Handler):
    """A local operation that fails is repeated by the vault, with a warning: that would hide a key which the client cannot use."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def cases_of(version):
    age = VERSIONS.index(version)
    return [(name, run) for name, (run, since) in CASES.items() if age >= VERSIONS.index(since)]


def run_version(version):
    coffer, warnings = Coffer(version), Warnings()
    logging.getLogger("azure.keyvault.keys").addHandler(warnings)
    for name, run in cases_of(version):
        try:
            data = run(coffer, re.sub("[^a-z0-9A-Z]", "-", f"py-{version}-{name}"))
            assert not warnings.messages, warnings.messages
            result = {"error": None, "data": data}
        except Exception:  # every kind of failure is the result of its case
            result = {"error": traceback.format_exc(), "data": None}
        warnings.messages.clear()
        print(json.dumps({"case": name, **result, "exchanges": coffer.recorder.take()}), flush=True)


if sys.argv[1] == "--cases":
    known = {version.value for version in ApiVersion}
    assert known == set(VERSIONS), f"the client knows {sorted(known)}"
    cases = {version: [name for name, _ in cases_of(version)] for version in VERSIONS}
    print(json.dumps({"client": f"azure-keyvault-keys {version_of('azure-keyvault-keys')}", "cases": cases}))
else:
    run_version(sys.argv[1])
