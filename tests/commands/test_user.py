"""`valuelift user` and `valuelift serve`: who may log in, and where is listened."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Call, call_command


def test_accounts_are_kept_from_the_command_line(demo: Call) -> None:
    """An account is added with a password that is told once, listed, changed and removed."""
    added = demo("user", "add", "lin", "--role", "manager", "--manager", "林悦", "--generate")
    assert (added.code, added.errors) == (0, "")
    assert added.output.startswith("lin may log in as manager. Password: ")
    assert demo("user", "list").lines == ["lin: manager (林悦)"]
    assert demo("user", "list", "--json").json == [{"name": "lin", "role": "manager", "account_manager": "林悦"}]
    assert demo("user", "password", "lin", "--generate").output != added.output
    assert demo("user", "remove", "lin").code == 0
    assert demo("user", "list").lines == ["There are no accounts yet. Add one by `valuelift user add`."]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["user", "add", "lin", "--role", "manger", "--generate"], 2, "Did you mean `manager`?"),
        (["user", "add", "lin", "--role", "admin", "--manager", "x", "--generate"], 2, "belongs to --role manager"),
        (["user", "add", "", "--role", "admin", "--generate"], 2, "Give 1 to 64 characters"),
        (["user", "remove", "nobody"], 1, "there is no such account"),
        (
            ["user", "add", "lin", "--role", "manager", "--manager", "Marta Hom", "--generate"],
            0,
            "Did you mean `Marta Holm`?",
        ),
    ],
)
def test_what_does_not_fit_is_said(demo: Call, arguments: list[str], code: int, said: str) -> None:
    """Misspelt roles and names are answered with the nearest."""
    answer = demo(*arguments)
    assert answer.code == code
    assert said in answer.errors


def test_passwords_do_not_travel_in_the_clear() -> None:
    """To listen beyond this machine without a proxy that speaks HTTPS is refused."""
    answer = call_command("serve", "--host", "192.0.2.7")
    assert answer.code == 2
    assert "passwords would travel unencrypted" in answer.errors
