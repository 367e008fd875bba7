"""How a question is proven to come from us. Decides nothing."""

from __future__ import annotations

from hub.canon.ports import Account, Call, NeverTry
from hub.kit.webhooks import signed_headers

SECRET = "signing_secret"  # noqa: S105 - the name of a field, no secret


def authorize(call: Call, account: Account) -> dict[str, str]:
    """The signature headers of a call that leaves now; the newest secret signs, the call's key is the message id."""
    secrets = account.secrets.get(SECRET, ())
    if not secrets or account.now is None:
        raise NeverTry("a question for rates needs its signing secret and the time")
    return signed_headers(secrets[0], call.key.replace(".", "-"), call.body, now=account.now)
