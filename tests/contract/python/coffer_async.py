"""The asynchronous clients, for cases that are written for the others: every call is waited for."""

import asyncio
import inspect
import os

from azure.identity.aio import ClientSecretCredential
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto.aio import CryptographyClient

from coffer_client import Coffer

# What waits for an end is a call here, and no poller.
CALLS = {"begin_delete_key": "delete_key", "begin_recover_deleted_key": "recover_deleted_key"}


class Ended:
    """Stands for a poller whose work is done."""

    def __init__(self, result):
        self._result = result

    def result(self):
        return self._result


class Pages:
    """What an asynchronous listing gives."""

    def __init__(self, wait, listing):
        self._wait, self._listing = wait, listing

    def __iter__(self):
        return iter(self._wait(_all(self._listing)))

    def by_page(self):
        async def pages():
            return [await _all(page) async for page in self._listing.by_page()]

        return self._wait(pages())


async def _all(listing):
    return [each async for each in listing]


class Waiting:
    """An asynchronous client with the face of the other one."""

    def __init__(self, wait, client):
        self._wait, self._client = wait, client

    def __getattr__(self, name):
        member = getattr(self._client, CALLS.get(name, name))
        if not inspect.ismethod(member):
            return member

        def call(*args, **kwargs):
            answer = member(*args, **kwargs)
            if hasattr(answer, "by_page"):
                return Pages(self._wait, answer)
            assert inspect.isawaitable(answer), f"{name} is not asynchronous"
            result = self._wait(answer)
            return Ended(result) if name in CALLS else result

        return call


class AsyncCoffer(Coffer):
    """`Coffer` by `azure.keyvault.keys.aio`."""

    clients = (KeyClient, CryptographyClient, ClientSecretCredential)

    def __init__(self, version):
        self._loop = asyncio.new_event_loop()
        super().__init__(version)

    def tenant(self):
        # `adfs` is MSAL's, which is not asynchronous: this credential knows tenants alone.
        return os.environ["TENANT_ID"]

    def _facing(self, client):
        return Waiting(self._loop.run_until_complete, client)
