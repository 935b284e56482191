"""Telling others: CloudEvents by webhook, signed, tried again; that it fails is logged and harms nothing."""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from lunarcloud.config import settings
from lunarcloud.lineage import Root
from lunarcloud.redaction import without_credentials
from lunarcloud.reprocessing.clock import Clock

if TYPE_CHECKING:  # slow to import, and most calls have nothing to tell
    from urllib.request import Request

#: What may have happened.
Kind: TypeAlias = Literal["run.published", "samples.rejected", "reprocess.failed"]

#: Header with the signature: ``sha256=`` and the HMAC-SHA256 of the body by the setting ``webhook_secret``.
SIGNATURE = "X-Lunarcloud-Signature"

_LOGGER = logging.getLogger("lunarcloud")
# Tries, and seconds before the second; each further pause is twice as long.
_TRIES, _PAUSE_S = 5, 1.0
_TIMEOUT_S = 10.0


def cloud_event(root: Root, kind: Kind, name: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """What happened, as a CloudEvent 1.0 in JSON.

    Parameters
    ----------
    root : Root
        Where it happened.
    kind : str
        What.
    name : str
        Its id: who gets it twice, as may be, knows it by that.
    at : datetime
        When, UTC.
    data : mapping
        What is to be known of it.
    """
    event = {
        "specversion": "1.0",
        "id": name,
        "source": without_credentials(root.url),
        "type": f"lunarcloud.{kind}",
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": dict(data),
    }
    return json.dumps(event, sort_keys=True).encode()


def tell(event: bytes, clock: Clock) -> dict[str, bool]:
    """Post an event to every webhook of the settings; by URL without credentials, whether it was taken.

    Parameters
    ----------
    event : bytes
        Of `cloud_event`.
    clock : Clock
        To wait between tries.
    """
    return {without_credentials(url): _told(url, event, clock) for url in settings().webhooks}


def signature(event: bytes, secret: str) -> str:
    """What the header says of an event."""
    return f"sha256={hmac.new(secret.encode(), event, 'sha256').hexdigest()}"


def _told(url: str, event: bytes, clock: Clock) -> bool:
    from http.client import HTTPException
    from urllib.request import urlopen

    for number in range(_TRIES):
        if number:
            clock.sleep(_PAUSE_S * 2 ** (number - 1))
        try:
            with urlopen(_request(url, event), timeout=_TIMEOUT_S):  # noqa: S310 - http, by the settings
                return True
        except (OSError, HTTPException) as error:
            _LOGGER.warning("webhook %s: %s", without_credentials(url), error)
    return False


def _request(url: str, event: bytes) -> Request:
    from urllib.request import Request

    secret = settings().webhook_secret
    signed = {SIGNATURE: signature(event, secret.get_secret_value())} if secret else {}
    headers = {"Content-Type": "application/cloudevents+json", **signed}
    return Request(url, data=event, headers=headers, method="POST")  # noqa: S310 - http, by the settings
