"""How the official Python client reaches a Coffer under test, and what it leaves behind of every call."""

import os
import socket
from urllib.parse import urlparse

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.identity import ClientSecretCredential
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient

# Oldest first.
VERSIONS = ["2016-10-01", "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"]

# *.localhost is the loopback interface (RFC 6761); not every system's resolver knows it.
_getaddrinfo = socket.getaddrinfo


def _resolve(host, *args, **kwargs):
    is_local = isinstance(host, str) and host.endswith(".localhost")
    return _getaddrinfo("127.0.0.1" if is_local else host, *args, **kwargs)


socket.getaddrinfo = _resolve


class Recorder(SansIOHTTPPolicy):
    """Keeps method, path, status and body of every answer, for the spec to hold against the description."""

    def __init__(self):
        self.exchanges = []
        self._note = 0

    def on_response(self, request, response):
        # The challenge of the first call is described nowhere.
        if response.http_response.status_code == 401:
            return
        self.exchanges.append(
            {
                "method": request.http_request.method,
                "path": urlparse(request.http_request.url).path,
                "status": response.http_response.status_code,
                "body": response.http_response.text() or None,
            }
        )

    def note_from_here(self):
        self._note = len(self.exchanges)

    def since_note(self):
        return self.exchanges[self._note :]

    def take(self):
        taken, self.exchanges = self.exchanges, []
        return taken


class Coffer:
    """Clients of one api-version; all that differs from Azure comes from the environment."""

    clients = (KeyClient, CryptographyClient, ClientSecretCredential)

    def __init__(self, version):
        self.version = version
        self.vault_url = os.environ["VAULT_URL"]
        self.recorder = Recorder()
        ca = os.environ["CA_FILE"]
        keys, self._cryptography, credential = self.clients
        self.credential = credential(
            self.tenant(),
            os.environ["CLIENT_ID"],
            os.environ["CLIENT_SECRET"],
            authority=os.environ["LOGIN_URL"],
            disable_instance_discovery=True,
            connection_verify=ca,
        )
        self._options = {
            "api_version": version,
            "connection_verify": ca,
            "per_retry_policies": [self.recorder],
        }
        self.keys = self._facing(keys(self.vault_url, self.credential, **self._options))

    def tenant(self):
        return "adfs"

    def _facing(self, client):
        """The client as cases want to call it."""
        return client

    def since(self, version):
        """Whether the api-version under test has what came with `version`."""
        return VERSIONS.index(self.version) >= VERSIONS.index(version)

    def crypto(self, key):
        """A client that does what it can by itself: it has the public half."""
        return self._facing(self._cryptography(key, self.credential, **self._options))

    def remote(self, key):
        """A client that asks the vault for everything: it never learns the key."""
        client = self._cryptography(key.id, self.credential, **self._options)
        client._initialized = True  # its switch for "the key may not be read" (keys/get is forbidden)
        return self._facing(client)

    def owner(self, jwk):
        """A client with the whole key, which knows no vault."""
        return self._facing(self._cryptography.from_jwk(jwk))
