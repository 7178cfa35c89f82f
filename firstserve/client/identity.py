"""Identity: who runs this program on Google Cloud -> a token that a Cloud Run service takes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from firstserve.client.errors import Unauthenticated, Unavailable

if TYPE_CHECKING:
    from google.auth.credentials import Credentials


class CloudRunToken:
    """Gives the identity token of this program's service account, for a client's `identity_token`.

    `audience` is the URL of the service, such as `https://add-abc123-ew.a.run.app`, also where it is asked by gRPC.
    The account is that of GOOGLE_APPLICATION_CREDENTIALS, a service account's key, else that of the metadata server of
    Cloud Run, GKE or Compute Engine. A token is kept until shortly before it expires. Needs google-auth and urllib3.

    Calling it raises Unauthenticated where there is no account or it gets no token, Unavailable where Google cannot be
    asked.
    """

    def __init__(self, audience: str) -> None:
        self._audience = audience
        self._credentials: Credentials | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """The token. Raises Unauthenticated or Unavailable."""
        import urllib3
        from google.auth.exceptions import GoogleAuthError, TransportError
        from google.auth.transport.urllib3 import Request
        from google.oauth2.id_token import fetch_id_token_credentials

        request = Request(urllib3.PoolManager())  # type: ignore[no-untyped-call]
        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials = fetch_id_token_credentials(  # type: ignore[no-untyped-call]
                        self._audience, request
                    )
                if not self._credentials.valid:
                    self._credentials.refresh(request)
            except TransportError as error:
                raise Unavailable(f"no identity token for {self._audience}, Google cannot be asked: {error}") from error
            except GoogleAuthError as error:
                raise Unauthenticated(f"no identity token for {self._audience}: {error}") from error
            return str(self._credentials.token)
