import json
from collections.abc import Callable
from typing import Any

import pytest

import infra.cli
from infra.cli import COMMANDS, main
from infra.health import judge
from tests.infra.account import IMAGE, Account, Hurried

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process, at the account of the test; exit status, answer and the rest."""
    monkeypatch.setattr(infra.cli, "connect", lambda *_: account.aws)
    monkeypatch.setattr(infra.cli, "WallClock", Hurried)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str, typed: str | None = None) -> tuple[int, str, str]:
        def ask(_: str = "") -> str:
            if typed is None:
                raise EOFError
            return typed

        monkeypatch.setattr("builtins.input", ask)
        capsys.readouterr()
        status = main(arguments)
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_plan_then_up_then_drift_then_down(run: Run) -> None:
    status, out, _ = run("plan", "staging", "--image", IMAGE)
    assert status == 0
    assert "to create" in out
    assert "nat-per-zone" in out
    assert run("up", "staging", "--image", IMAGE, "--no-wait")[:2][0] == 0
    status, out, _ = run("up", "staging", "--no-wait")
    assert status == 0
    assert "nothing to change\nhttp://blendbeat-staging" in out
    assert run("drift", "staging")[0] == 0
    status, out, err = run("down", "staging", typed="staging")
    assert status == 0
    assert "to delete" in out
    assert "Type staging to delete all this" in err
    assert run("drift", "staging")[0] == 1


def test_plan_says_its_json_and_nothing_else(run: Run) -> None:
    _, out, _ = run("plan", "staging", "--json", "--image", IMAGE)
    told = json.loads(out)
    assert {"changes", "monthly_usd"} == told.keys()
    assert told["monthly_usd"]["before"]["high"] == 0 < told["monthly_usd"]["after"]["low"]
    first = told["changes"][0]
    assert (first["action"], first["key"], first["calls"][0]) == ("create", "network/vpc", "ec2.create_vpc")


def test_no_secret_is_in_a_plan(run: Run, account: Account) -> None:
    _, out, _ = run("plan", "staging", "--json", "--image", IMAGE)
    (secret,) = (change for change in json.loads(out)["changes"] if change["key"] == "secrets/keys")
    assert secret["fields"] == [{"path": "SecretString", "before": None, "after": "known once it is made"}]


def test_up_and_down_answer_in_json(run: Run) -> None:
    status, out, _ = run("up", "staging", "--json", "--image", IMAGE, "--no-wait")
    assert status == 0
    assert json.loads(out)["serving"] is True
    assert json.loads(run("down", "staging", "--json", "--yes")[1])["changes"]


def test_up_waits_for_targets_that_never_come_only_so_long(run: Run) -> None:
    status, _, err = run("up", "staging", "--image", IMAGE)
    assert status == 3
    assert "the service is not healthy after 12" in err
    assert "next: look at why tasks stop" in err


def test_up_without_an_image_is_not_done(run: Run) -> None:
    status, out, _ = run("up", "staging", "--no-wait")
    assert status == 1
    assert "python -m infra build staging" in out


@pytest.mark.parametrize("typed", ["", "production", None])
def test_down_deletes_nothing_unless_the_name_is_typed(run: Run, account: Account, typed: str | None) -> None:
    run("up", "staging", "--image", IMAGE, "--no-wait")
    before = account.inventory()
    account.hooks.read_only = True
    status, _, err = run("down", "staging", typed=typed)
    assert status != 0
    assert "next:" in err
    assert account.inventory() == before


def test_ctrl_c_ends_with_one_line_and_130(run: Run, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.apply.Builder._make", interrupted)
    status, _, err = run("up", "staging", "--image", IMAGE)
    assert status == 130
    assert "interrupted at: create network/vpc; what was made stays" in err
    assert "next: python -m infra up staging" in err
    assert "Traceback" not in err


def test_cost_needs_no_account(run: Run, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.cli, "connect", None)
    status, out, _ = run("cost", "production")
    assert status == 0
    assert "together" in out
    assert json.loads(run("cost", "staging", "--json")[1])["region"] == "us-east-1"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("plan", "nowhere"), "only staging, production"),
        (("plan", "staging", "--account", "210987654321"), "lives in 210987654321"),
        (("plan", "staging", "--account", "12"), "not twelve digits"),
    ],
)
def test_a_wrong_place_is_one_clear_message(run: Run, arguments: tuple[str, ...], text: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert text in err


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_a_command_costs_or_destroys(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert any(word in out for word in ("Costs", "billed", "Destroys", "Reads only", "no credentials"))
    assert all(option in out for option in ("--json", "--region", "--profile", "--account", "--yes", "--no-wait"))


@pytest.mark.parametrize(
    ("running", "rollouts", "targets", "steady"),
    [
        (2, ["COMPLETED"], ["healthy", "healthy"], True),
        (2, ["COMPLETED"], ["healthy", "initial"], False),
        (1, ["COMPLETED"], ["healthy", "healthy"], False),
        (4, ["IN_PROGRESS", "COMPLETED"], ["healthy"] * 4, False),
    ],
)
def test_steady_is_one_finished_deployment_with_all_its_tasks_healthy(
    running: int, rollouts: list[str], targets: list[str], steady: bool
) -> None:
    deployments = [{"rolloutState": state} for state in rollouts]
    assert judge({"desiredCount": 2, "runningCount": running, "deployments": deployments}, targets).steady is steady
