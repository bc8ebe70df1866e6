"""Acts on people, regions and sites."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from fenhe.base.errors import BadInput
from fenhe.platform.registry import boundaries, divisions, door, homes, newcomers, stations
from fenhe.platform.registry.models import (
    END_OF_TIME,
    Membership,
    Organisation,
    Region,
    Role,
    Site,
    SiteHome,
)
from fenhe.platform.workflow.acts import Act, Actor


@dataclass
class CreateUser(Act[tuple[User, str]]):
    """Add a person; without a password one is made up and returned once."""

    event = "registry.create_user"
    name: str
    password: str | None = None
    full_name: str = ""
    region: Region | None = None
    organisation: Organisation | None = None

    def target(self) -> door.Target:
        """An administrator adds people of the own region."""
        return self.region or self.organisation

    def do(self, actor: Actor) -> tuple[User, str]:
        """Create the account. Raises ``BadInput`` for a taken name or a weak password."""
        password = self.password or secrets.token_urlsafe(12)
        if not self.name.strip():
            raise BadInput("a person needs a name to log in with")
        if get_user_model().objects.filter(username__iexact=self.name).exists():
            raise BadInput(f"there is already a person named '{self.name}'")
        user = User(username=self.name, first_name=self.full_name)
        try:
            user.full_clean(exclude=["password"])
            validate_password(password, user)
        except ValidationError as error:
            raise BadInput("; ".join(error.messages)) from None
        user.set_password(password)
        user.save()
        return user, password

    def after(self, result: tuple[User, str]) -> Any:
        """Keep the name, never the password."""
        return {"user": result[0].get_username(), "full_name": self.full_name}


@dataclass
class CreateMembership(Act[Membership]):
    """Give a person a role in a region, in an organisation, or in the whole system."""

    event = "registry.create_membership"
    user: User
    role: str
    region: Region | None = None
    organisation: Organisation | None = None

    def target(self) -> door.Target:
        """The place the role is given in."""
        return self.region or self.organisation

    def before(self) -> Any:
        """The roles the person had."""
        return [str(m) for m in Membership.objects.filter(user=self.user)]

    def do(self, actor: Actor) -> Membership:
        """Create the membership. Raises ``BadInput`` when role and place do not fit."""
        if self.role not in Role.values:
            raise BadInput(f"'{self.role}' is not a role; known: {', '.join(Role.values)}")
        if self.role == Role.COUNTY and self.region is None:
            raise BadInput("a county officer needs a region")
        if self.role == Role.FIRM and self.organisation is None:
            raise BadInput("a firm's person needs an organisation")
        if self.role != Role.FIRM and self.organisation is not None:
            raise BadInput(f"the role {self.role} is given in a region, not in an organisation")
        try:
            with transaction.atomic():
                return Membership.objects.create(
                    user=self.user,
                    role=self.role,
                    region=self.region,
                    organisation=self.organisation,
                )
        except IntegrityError:
            raise BadInput(f"{self.user} already has this role there") from None

    def after(self, result: Membership) -> Any:
        """The role given."""
        return str(result)


@dataclass
class ImportBoundaries(Act[dict[str, int]]):
    """Take an agency's own boundaries from a GeoJSON file."""

    event = "registry.import_boundaries"
    path: Path
    datum: str = "wgs84"
    source: str = ""

    def do(self, actor: Actor) -> dict[str, int]:
        """Read, simplify and enter them."""
        found = boundaries.read_boundaries(self.path, self.datum)
        if not found:
            raise BadInput(f"{self.path} holds no feature")
        return boundaries.enter(found, self.source or self.path.name)

    def after(self, result: dict[str, int]) -> Any:
        """File and counts."""
        return {"file": self.path.name, "datum": self.datum, **result}


@dataclass
class ImportDivisions(Act[dict[str, int]]):
    """Take administrative divisions from a table, where an agency has no boundaries."""

    event = "registry.import_boundaries"
    path: Path

    def do(self, actor: Actor) -> dict[str, int]:
        """Read and enter them; shapes that are there already stay."""
        found = divisions.read_divisions(self.path)
        if not found:
            raise BadInput(f"{self.path} holds no division")
        return boundaries.enter(found, self.path.name)

    def after(self, result: dict[str, int]) -> Any:
        """File and counts."""
        return {"file": self.path.name, **result}


@dataclass
class EnterNewcomers(Act[stations.Outcome]):
    """Enter the stations of a measurement file that nobody knows yet, unpublished."""

    event = "registry.import_stations"
    strangers: list[newcomers.Stranger]
    region: Region
    commit: int = 0
    source: str = ""

    def target(self) -> door.Target:
        """The region they are entered in."""
        return self.region

    def do(self, actor: Actor) -> stations.Outcome:
        """Enter them under the text the file calls them by."""
        return newcomers.enter(self.strangers, self.region, self.commit, self.source)

    def after(self, result: stations.Outcome) -> Any:
        """File, region and counts."""
        return {"file": self.source, "region": self.region.code, **result.created}


@dataclass
class ImportStations(Act[stations.Outcome]):
    """Take sites with dated names, codes and places from a table."""

    event = "registry.import_stations"
    path: Path
    commit: int = 0
    source: str = ""

    def do(self, actor: Actor) -> stations.Outcome:
        """Read and enter them."""
        return stations.load_stations(self.path, self.commit, self.source or self.path.name)

    def after(self, result: stations.Outcome) -> Any:
        """File and counts."""
        return {"file": self.path.name, "rows": result.rows, **result.created}


@dataclass
class MoveSite(Act[list[SiteHome]]):
    """Say which region a station counted for in a span of days, and whether it counted.

    Closing a station is the same act with ``counts_for_city`` off from the day after its last.
    """

    event = "registry.move_site"
    site: Site
    region: Region
    since: date
    until: date = END_OF_TIME
    counts_for_city: bool = True
    commit: int = 0
    reason: str = ""

    def check(self, actor: Actor) -> None:
        """Ask for the place it leaves and the place it goes to."""
        super().check(actor)
        door.ask(actor.user, self.event, self.region)

    def target(self) -> door.Target:
        """The site."""
        return self.site

    def before(self) -> Any:
        """The facts that stood."""
        return homes_of(self.site)

    def do(self, actor: Actor) -> list[SiteHome]:
        """Withdraw what it overlaps, enter the new facts; today's place follows an open end."""
        if self.until < self.since:
            raise BadInput(f"the last day {self.until} lies before the first, {self.since}")
        home = SiteHome(
            site=self.site,
            region=self.region,
            counts_for_city=self.counts_for_city,
            valid_from=self.since,
            valid_to=self.until,
            source=self.reason[:300],
            commit=self.commit,
        )
        rows = list(homes.move(home))
        for row in rows:
            row.save()
        if self.until == END_OF_TIME:
            self.site.region, self.site.counts_for_city = self.region, self.counts_for_city
            self.site.save(update_fields=["region", "counts_for_city"])
        return rows

    def after(self, result: list[SiteHome]) -> Any:
        """The facts that stand now."""
        return homes_of(self.site)


def homes_of(site: Site) -> list[dict[str, Any]]:
    """Return the standing facts of where a site counted, oldest first, as plain data."""
    rows = site.homes.filter(withdrawn_commit__isnull=True)
    return [
        {
            "region": row.region_id,
            "counts_for_city": row.counts_for_city,
            "valid_from": row.valid_from.isoformat(),
            "valid_to": row.valid_to.isoformat(),
        }
        for row in rows
    ]


@dataclass
class PublishSite(Act[Site]):
    """Show a site to visitors, or hide it."""

    event = "registry.publish_site"
    site: Site
    published: bool = True
    reason: str = field(default="")

    def target(self) -> door.Target:
        """The site."""
        return self.site

    def before(self) -> Any:
        """Whether it was shown."""
        return {"published": Site.objects.get(pk=self.site.pk).published}

    def do(self, actor: Actor) -> Site:
        """Set the flag."""
        self.site.published = self.published
        self.site.save(update_fields=["published"])
        return self.site

    def after(self, result: Site) -> Any:
        """Whether it is shown."""
        return {"published": result.published}
