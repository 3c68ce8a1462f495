from collections.abc import Iterable
from dataclasses import replace

import pytest

from infra.errors import CannotChange, Foreign
from infra.kind import Kind
from infra.plan import Action, FieldChange, differences, plan, shown
from infra.values import Call, Found, Fresh, Json, Ref, Resource, Steps, Text, Unordered, Wait, resolved


class Box(Kind):
    name = "box"
    fixed = frozenset({"size"})
    renews = frozenset({"version"})

    def observe(self, *_: object) -> Iterable[Found]:
        return ()

    def create(self, want: Resource) -> Steps:
        return (Call("boxes", "create", {"key": want.key}, creates=True),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        return (Call("boxes", "update", {"key": want.key, "fields": sorted(changed)}),)

    def delete(self, have: Found) -> Steps:
        return (Call("boxes", "delete", {"label": have.label}),)


class Lid(Box):
    name = "lid"
    replaceable = True


KINDS = (Box(), Lid())


def want(kind: str = "box", key: str = "a", **fields: object) -> Resource:
    return Resource(kind, key, key, fields, {}, {})


def have(kind: str = "box", key: str = "a", label: str = "a-1", **fields: object) -> Found:
    return Found(kind, key, label, fields, {"id": label, "version": "1"})


def test_what_is_not_there_is_created_and_what_is_not_wanted_goes() -> None:
    created, deleted = plan([want()], [have(key="b", label="b-1")], KINDS)
    assert (created.action, created.key) == (Action.CREATE, "a")
    assert (deleted.action, deleted.label) == (Action.DELETE, "b-1")


def test_nothing_to_change_is_no_change() -> None:
    assert plan([want(colour="red")], [have(colour="red", weight=3)], KINDS) == ()


def test_earlier_kinds_are_made_first_and_deleted_last() -> None:
    things = [("lid", "l"), ("box", "b")]
    made = plan([want(kind, key) for kind, key in things], [], KINDS)
    gone = plan([], [have(kind, key) for kind, key in things], KINDS)
    assert [change.kind for change in made] == ["box", "lid"]
    assert [change.kind for change in gone] == ["lid", "box"]


def test_a_fixed_field_is_refused_unless_the_kind_can_be_replaced() -> None:
    with pytest.raises(CannotChange, match="size of box a-1 is 1 and cannot become 2"):
        plan([want(size=2)], [have(size=1)], KINDS)
    (change,) = plan([want("lid", size=2)], [have("lid", size=1)], KINDS)
    assert [str(call) for call in change.calls] == ["boxes.delete", "boxes.create"]


def test_who_refers_to_what_an_update_renews_changes_too() -> None:
    wanted = [want(colour="blue"), want("lid", "l", of=Ref("a", "version"), on=Ref("a", "id"))]
    found = [have(colour="red"), have("lid", "l", "l-1", of="1", on="a-1")]
    box, lid = plan(wanted, found, KINDS)
    assert box.fields == (FieldChange("colour", "red", "blue"),)
    assert lid.fields == (FieldChange("of", "1", Ref("a", "version")),)
    assert plan([want(colour="red"), wanted[1]], found, KINDS) == ()


def test_what_is_leaving_is_waited_for_before_its_name_is_used_again() -> None:
    leaving = replace(have(), leaving=True)
    (change,) = plan([want()], [leaving], KINDS)
    assert [type(step) for step in change.steps] == [Wait, Call]
    (gone,) = plan([], [leaving], KINDS)
    assert gone.steps == (Wait("box a-1 to be gone", gone="a-1"),)


def test_of_two_the_first_is_kept() -> None:
    (change,) = plan([want()], [have(), have(label="a-2")], KINDS)
    assert (change.action, change.label) == (Action.DELETE, "a-2")
    assert len(plan([], [have(), have(label="a-2")], KINDS)) == 2


def test_what_is_not_ours_is_refused_if_its_name_is_wanted_and_left_alone_if_not() -> None:
    foreign = replace(have(), ours=False)
    with pytest.raises(Foreign, match="a box called a-1"):
        plan([want()], [foreign], KINDS)
    assert plan([], [foreign], KINDS) == ()


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"n": Unordered((1, 2))}, {"n": [2, 1]}),
        ({"n": Unordered(({"name": "a"}, {"name": "b"}))}, {"n": [{"name": "b", "more": 1}, {"name": "a"}]}),
        ({"n": Json({"a": [1], "b": Ref("x")})}, {"n": {"b": "x-1", "a": [1]}}),
        ({"n": {"deep": {"er": 1}}}, {"n": {"deep": {"er": 1, "added": "by AWS"}}}),
        ({"n": Text(("arn/", Ref("x"), "/y"))}, {"n": "arn/x-1/y"}),
        ({"n": Fresh(lambda: "new")}, {"n": None}),
        ({"n": [{"a": 1}]}, {"n": [{"a": 1, "b": 2}]}),
    ],
)  # fmt: skip
def test_what_means_the_same_is_no_difference(wanted: dict[str, object], found: dict[str, object]) -> None:
    assert differences(wanted, found, {("x", "id"): "x-1"}) == ()


@pytest.mark.parametrize(
    ("wanted", "found", "path"),
    [
        ({"n": [1, 2]}, {"n": [2, 1]}, "n[0]"),
        ({"n": Unordered(({"name": "a", "v": 1},))}, {"n": [{"name": "a", "v": 2}]}, "n[a].v"),
        ({"n": Unordered(())}, {"n": ["more"]}, "n"),
        ({"n": Unordered(({"name": "a"},))}, {"n": None}, "n[a]"),
        ({"n": Ref("y")}, {"n": "y-1"}, "n"),
        ({"n": {"a": 1}}, {"n": None}, "n"),
        ({"n": "1"}, {"n": 1}, "n"),
    ],
)
def test_a_difference_is_named_by_its_path(wanted: dict[str, object], found: dict[str, object], path: str) -> None:
    assert differences(wanted, found, {})[0].path == path


def test_references_are_shown_by_name_and_resolved_in_calls() -> None:
    value = {
        "a": Ref("x"),
        "b": Json({"c": Text(("p/", Ref("x")))}),
        "s": Unordered(("z", "y")),
        "n": Fresh(lambda: "new"),
    }
    assert shown(value) == {"a": "${x.id}", "b": {"c": "p/${x.id}"}, "s": ["y", "z"], "n": "known once it is made"}
    assert resolved(value, lambda ref: "x-1") == {"a": "x-1", "b": '{"c": "p/x-1"}', "s": ["y", "z"], "n": "new"}
