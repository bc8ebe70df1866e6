"""Who asks: a token, a person with a session, or a visitor; and whether the door lets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from fenhe.platform.api import tokens
from fenhe.platform.api.errors import ApiError
from fenhe.platform.api.models import ApiToken
from fenhe.platform.registry import door
from fenhe.platform.registry.throttle import address_of
from fenhe.platform.workflow.acts import Actor

CHINESE, ENGLISH = "zh-hans", "en"


@dataclass(frozen=True)
class Asker:
    """The person in whose name something is asked, and the token if there was one."""

    user: Any
    token: ApiToken | None
    address: str

    @property
    def actor(self) -> Actor:
        """The same as an actor of an act."""
        name = self.user.get_username() if self.user.is_authenticated else "visitor"
        return Actor(self.user, name, "api", self.address)


@dataclass
class Access:
    """What an operation asks before anything else: a known asker, the scope, the door.

    ``pushes``: a write, for which a session does not do: so no other site can make a
    browser send one. ``parameters`` are the names the operation reads of the address.
    """

    act: str
    pushes: bool = False
    by_place: bool = True  # the rows are narrowed later: to be let in anywhere is enough
    parameters: frozenset[str] = field(default=frozenset())

    def __call__(self, request: HttpRequest) -> Asker:
        """Return who asks. Raises 400, 401, 403 or 429."""
        translation.activate(language_of(request))
        asker = self._asker(request)
        request.user = asker.user
        self._check_parameters(request)
        decision = door.may_anywhere(asker.user, self.act)
        if not decision:
            raise ApiError(403 if asker.user.is_authenticated else 401, decision.why)
        return asker

    def _asker(self, request: HttpRequest) -> Asker:
        text = tokens.presented(request)
        if text is not None:
            token = tokens.recognise(text, request)
            self._check_scope(token)
            return Asker(token.owner, token, address_of(request))
        if self.pushes:
            raise ApiError(401, "a token with the scope push is needed")
        user = request.user if request.method in ("GET", "HEAD") else AnonymousUser()
        return Asker(user, None, address_of(request))

    def _check_scope(self, token: ApiToken) -> None:
        needed = ApiToken.Scope.PUSH if self.pushes else ApiToken.Scope.READ
        if needed not in token.scopes:
            raise ApiError(403, f"the token has not the scope {needed}", code="scope")

    def _check_parameters(self, request: HttpRequest) -> None:
        """Refuse a parameter nobody reads: a misspelt filter would answer something else."""
        for name in request.GET:
            if name not in self.parameters:
                known = ", ".join(sorted(self.parameters)) or "none"
                raise ApiError(400, f"there is no parameter '{name}'; known: {known}", where=name)


def language_of(request: HttpRequest) -> str:
    """Return the language of titles: English where it is liked better than Chinese."""
    for name, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if name.startswith("zh"):
            return CHINESE
        if name.startswith("en"):
            return ENGLISH
    return CHINESE


def asker_of(request: HttpRequest) -> Asker:
    """Return who was let in by ``Access``."""
    found: Asker = request.auth  # type: ignore[attr-defined]
    return found
