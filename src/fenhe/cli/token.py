"""``fenhe token``: keys of programs for the HTTP interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from fenhe.base.errors import BadInput
from fenhe.cli.owned import data_option
from fenhe.platform import boot


@click.group("token")
def command() -> None:
    """Add, list and revoke tokens; a token does what its owner may, within its scopes."""


@command.command("add")
@click.argument("name")
@click.option("--user", "owner", required=True, help="Person in whose name it acts.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["read", "push"]))
@click.option("--feed", default="", metavar="ID", help="The only description it may push under.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days until it expires.")
@data_option
def add(  # noqa: PLR0917 (one option each)
    name: str,
    owner: str,
    scopes: tuple[str, ...],
    feed: str,
    days: int | None,
    data: Path | None,
) -> None:
    """Add a token called NAME and print it, once; without --scope it may read."""
    boot.start(data)
    from django.contrib.auth.models import User

    from fenhe.platform.api.acts import CreateToken
    from fenhe.platform.workflow.acts import local_actor

    user = User.objects.filter(username=owner).first()
    if user is None:
        raise BadInput(f"there is no person named '{owner}'; 'fenhe user list' shows them")
    end = datetime.now(UTC) + timedelta(days=days) if days else None
    act = CreateToken(user, name, scopes or ("read",), feed, end)
    token, text = act.run(local_actor())
    click.echo(f"token {token.pk}, shown this once:", err=True)
    click.echo(text)


@command.command("list")
@data_option
def list_tokens(data: Path | None) -> None:
    """List tokens: number, owner, name, scopes, feed, state, end, last use."""
    boot.start(data)
    from fenhe.platform.api.acts import plain
    from fenhe.platform.api.models import ApiToken

    for token in ApiToken.objects.select_related("owner"):
        one = plain(token)
        ends, used = (one[n] or "-" for n in ("expires_at", "last_used_at"))
        what = "+".join(one["scopes"]) + (f" {one['feed']}" if one["feed"] else "")
        click.echo(
            f"{one['id']:4} {one['owner']:16} {one['name']:24} {what:12} {one['state']:8} "
            f"ends {ends}  used {used}"
        )


@command.command("revoke")
@click.argument("number", type=int)
@click.option("--reason", default="", help="Why, for the log.")
@data_option
def revoke(number: int, reason: str, data: Path | None) -> None:
    """Revoke token NUMBER at once."""
    boot.start(data)
    from fenhe.platform.api.acts import RevokeToken
    from fenhe.platform.api.models import ApiToken
    from fenhe.platform.workflow.acts import local_actor

    token = ApiToken.objects.select_related("owner").filter(pk=number).first()
    if token is None:
        raise BadInput(f"there is no token {number}; 'fenhe token list' shows them")
    RevokeToken(token, reason).run(local_actor())
    click.echo(f"token {number} is revoked")
