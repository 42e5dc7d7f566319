"""As whom the questions are asked, and what it takes to know."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from farmwatch.aws.access import Identity, Login
from farmwatch.aws.model import Who
from farmwatch.cli import connections
from farmwatch.cli.connections import introduce

ACCOUNT = "123456789012"


@pytest.mark.parametrize(("shown", "names"), [(True, ["", ACCOUNT]), (False, [""])])
def test_the_account_is_asked_for_after_all_else_and_only_where_it_is_shown(
    monkeypatch: pytest.MonkeyPatch, shown: bool, names: list[str]
) -> None:
    told: list[Who] = []
    identity = Identity("lighting", "us-west-2", Login.STATIC, account=None, user=None, login_command="")
    connection: Any = SimpleNamespace(identity=identity, account=lambda: ACCOUNT)
    monkeypatch.setattr(connections, "later", lambda seconds, ask: ask())
    introduce(connection, told.append, shows_account=shown)
    assert [who.name for who in told] == names
    assert {(who.profile, who.region) for who in told} == {("lighting", "us-west-2")}


def test_the_user_of_a_monitor_s_profile_is_told_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Who] = []
    identity = Identity("studio", "us-west-2", Login.MONITOR, account=None, user="mira", login_command="")
    monkeypatch.setattr(connections, "later", lambda seconds, ask: pytest.fail("there is nothing to ask"))
    connection: Any = SimpleNamespace(identity=identity)
    introduce(connection, told.append, shows_account=True)
    assert [who.name for who in told] == ["mira"]
