"""Acts on tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from fenhe.base.errors import BadInput
from fenhe.platform.api import tokens
from fenhe.platform.api.models import ApiToken
from fenhe.platform.registry import door
from fenhe.platform.workflow.acts import Act, Actor
from fenhe.protocols.tables import feeds


def _ask_for(actor: Actor, event: str, owner: User) -> None:
    """Ask the door for every place the owner has a role in: a token can do what they can."""
    places = [m.organisation or m.region for m in door.memberships(owner)]
    for place in places or [None]:
        door.ask(actor.user, event, place)


@dataclass
class CreateToken(Act[tuple[ApiToken, str]]):
    """Give a person's programs a token; its text is returned once and kept nowhere."""

    event = "registry.create_token"
    owner: User
    name: str
    scopes: tuple[str, ...] = (ApiToken.Scope.READ,)
    feed: str = ""
    expires_at: datetime | None = None

    def check(self, actor: Actor) -> None:
        """Ask for every place of the owner."""
        _ask_for(actor, self.event, self.owner)

    def do(self, actor: Actor) -> tuple[ApiToken, str]:
        """Make it. Raises ``BadInput`` for a name, scope, feed or end that can not be."""
        if not self.name.strip() or len(self.name) > 80:
            raise BadInput("a token needs a name of at most 80 characters")
        unknown = [scope for scope in self.scopes if scope not in ApiToken.Scope.values]
        if unknown or not self.scopes:
            known = ", ".join(ApiToken.Scope.values)
            raise BadInput(f"a token needs scopes out of {known}; not '{', '.join(unknown)}'")
        if self.feed:
            feeds.load(self.feed)
        if self.expires_at is not None and self.expires_at <= timezone.now():
            raise BadInput("the token would have expired already")
        token = ApiToken(
            owner=self.owner,
            name=self.name.strip(),
            scopes=list(dict.fromkeys(self.scopes)),
            feed=self.feed,
            expires_at=self.expires_at,
        )
        return token, tokens.make(token)

    def after(self, result: tuple[ApiToken, str]) -> Any:
        """What the token may do, never its text."""
        return plain(result[0])


@dataclass
class RevokeToken(Act[ApiToken]):
    """End a token at once; what it did stays in the log."""

    event = "registry.revoke_token"
    token: ApiToken
    reason: str = ""

    def check(self, actor: Actor) -> None:
        """Ask for every place of the owner; everybody may end a token of their own."""
        if actor.number is None or actor.number != self.token.owner_id:
            _ask_for(actor, self.event, self.token.owner)

    def before(self) -> Any:
        """How it stood."""
        return plain(self.token)

    def do(self, actor: Actor) -> ApiToken:
        """Revoke it; once is enough."""
        if self.token.revoked_at is None:
            self.token.revoked_at = timezone.now()
            self.token.save(update_fields=["revoked_at"])
        return self.token

    def after(self, result: ApiToken) -> Any:
        """How it stands."""
        return plain(result)


def plain(token: ApiToken) -> dict[str, Any]:
    """Return a token as plain data, without anything that could open a door."""
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    moments = {name: getattr(token, name) for name in times}
    return {
        "id": token.pk,
        "owner": token.owner.get_username(),
        "name": token.name,
        "scopes": list(token.scopes),
        "feed": token.feed,
        "state": token.state,
        **{name: at.isoformat() if at else None for name, at in moments.items()},
    }
