"""``fenhe user``: people, their roles and places."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fenhe.base.errors import BadInput
from fenhe.cli.owned import data_option
from fenhe.platform import boot


@click.group("user")
def command() -> None:
    """Add people and set their role and place."""


@command.command("add")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(["admin", "analyst", "county", "firm"]))
@click.option("--region", metavar="CODE", help="Region by GB/T 2260, with all below it.")
@click.option("--organisation", metavar="CODE", help="Organisation of a firm's person.")
@click.option("--full-name", default="", help="Name as people say it.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@data_option
def add(  # noqa: PLR0917 (one option each)
    name: str,
    role: str,
    region: str | None,
    organisation: str | None,
    full_name: str,
    password_stdin: bool,
    data: Path | None,
) -> None:
    """Add a person with one role; prints a password made up for them.

    Administrators and analysts without a region have the whole system. A name that exists
    is given the role besides those it has.
    """
    boot.start(data)
    from django.contrib.auth.models import User
    from django.db import transaction

    from fenhe.platform.registry.acts import CreateMembership, CreateUser
    from fenhe.platform.registry.models import Organisation, Region
    from fenhe.platform.workflow.acts import local_actor

    place = _found(Region, "pk", region)
    firm = _found(Organisation, "code", organisation)
    given = sys.stdin.readline().rstrip("\n") if password_stdin else None
    made = None
    with transaction.atomic():
        user = User.objects.filter(username=name).first()
        if user is None:
            user, made = CreateUser(name, given, full_name, place, firm).run(local_actor())
        CreateMembership(user, role, place, firm).run(local_actor())
    click.echo(f"{name}: {role}, {place or firm or 'the whole system'}")
    if made is not None and given is None:
        click.echo(f"password: {made}")


def _found(model: Any, field: str, value: str | None) -> Any:
    if value is None:
        return None
    found = model.objects.filter(**{field: value}).first()
    if found is None:
        raise BadInput(f"there is no {model.__name__.lower()} {value}")
    return found


@command.command("list")
@data_option
def list_people(data: Path | None) -> None:
    """List people with their roles and places."""
    boot.start(data)
    from fenhe.platform.registry.models import Membership

    for row in Membership.objects.select_related("user", "region", "organisation"):
        place = row.region or row.organisation or "the whole system"
        click.echo(f"{row.user.get_username():20} {row.role:8} {place}")
