"""Names by date: which names a template makes, and whether two templates can make the same one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.backups.templates import Names, Template, can_meet
from tests.backups.conftest import Estate, item

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# Every weekday, both halves of a month, and times with few digits, so that names meet if they can.
MOMENTS = [FIRST + timedelta(days=day, hours=hour) for day in range(0, 400, 9) for hour in (0, 12)]
PARTS = st.sampled_from(["{date}", "{time}", "{weekday}", "{name}", "x", "-", "mon", "thu", "000000", "120000"])
DATES = st.sampled_from(MOMENTS).map(lambda moment: f"{moment:%Y-%m-%d}")


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Template, Template]:
    """Return two templates, the second often the first with some placeholders filled in."""
    parts = draw(st.lists(st.one_of(PARTS, DATES), min_size=1, max_size=4))
    moment, name = draw(st.sampled_from(MOMENTS)), draw(st.sampled_from(["", "x", "mon", "120000"]))
    filled = [Template(part, name).render(moment) if draw(st.booleans()) else part for part in parts]
    other = draw(st.one_of(st.just(filled), st.lists(st.one_of(PARTS, DATES), min_size=1, max_size=4)))
    return Template("".join(parts), name), Template("".join(other), name)


@given(pairs())
def test_templates_that_make_the_same_name_at_some_moments_can_meet(pair: tuple[Template, Template]) -> None:
    one, other = pair
    if {one.render(moment) for moment in MOMENTS} & {other.render(moment) for moment in MOMENTS}:
        assert can_meet(one, other)
        assert can_meet(other, one)


@given(pairs())
def test_templates_that_cannot_meet_make_no_name_in_common(pair: tuple[Template, Template]) -> None:
    one, other = pair
    if not can_meet(one, other):
        assert all(len(one.render(moment)) != len(other.render(MOMENTS[0])) for moment in MOMENTS) or not (
            {one.render(moment) for moment in MOMENTS} & {other.render(moment) for moment in MOMENTS}
        )


@given(st.lists(pairs(), max_size=5))
def test_names_know_the_owner_of_a_template_that_can_meet_another(found: list[tuple[Template, Template]]) -> None:
    names, added = Names[Template](), list[Template]()
    for template in (template for pair in found for template in pair):
        owner = names.owner_of(template)
        assert (owner is not None) == any(can_meet(template, other) for other in added)
        assert owner is None or can_meet(template, owner)
        names.add(template, template)
        added.append(template)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x-{date}-{time}", "x-{date}-120000"),
        ("x-{date}", "x-2026-11-25"),
        ("x-{date}-{weekday}", "x-{date}-sat"),
        ("{date}26-01-01", "2026-01-{date}"),
        ("x-{time}", "x-123456"),
        ("{date}-{date}", "2026-11-25-2026-11-25"),
        ("x", "x"),
    ],
)
def test_pairs_that_meet(one: str, other: str) -> None:
    assert can_meet(Template(one), Template(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x-{date}", "y-{date}"),
        ("x-{date}", "x-{date}-{time}"),
        ("x-{date}-a", "x-{date}-b"),
        ("x-{weekday}", "x-sue"),
        ("x-{time}", "x-999999"),
        ("x-{date}", "x-2026-31-11"),
        ("{date}-{date}", "2026-11-25-2026-11-26"),
        ("{weekday}-{weekday}", "mon-tue"),
        ("{date}1", "1{date}"),
    ],
)
def test_pairs_that_never_meet(one: str, other: str) -> None:
    assert not can_meet(Template(one), Template(other))


def test_the_names_value_counts() -> None:
    assert can_meet(Template("{name}-{date}", "x"), Template("x-{date}", "y"))
    assert not can_meet(Template("{name}-{date}", "x"), Template("{name}-{date}", "y"))


@pytest.mark.parametrize(
    ("one", "other", "method"),
    [
        ("dr:x-{date}-{time}", "dr:x-{date}-120000", "snapshot"),
        ("dr:x-{date}", "dr:{name}-{date}", "snapshot"),
        ("dr:x", "dr", "snapshot"),
        ("file:backups/x-{date}", "file:./backups/../backups/x-{date}", "export"),
        ("file:linked/x-{date}", "file:backups/{name}-{date}", "export"),
        ("file:{weekday}/x-{date}", "file:sat/x-{date}", "export"),
        ("file:x.facesnap", "file:{name}.facesnap", "export"),
    ],
)
def test_targets_that_could_get_the_same_name_are_refused_with_both_lines(
    estate: Estate, one: str, other: str, method: str
) -> None:
    directory = estate.program.directory
    (directory / "backups").mkdir()
    (directory / "linked").symlink_to("backups")
    plan = estate.plan(
        item("a", one, method=method, object_id="group-00"), item("x", other, method=method, object_id="x")
    )
    refused = estate.run("run", plan)
    assert (refused.status, refused.out) == (13, "")
    assert f"{plan}:14: x and a could make the same copy in {one.partition(':')[0]}" in refused.err
    assert f"{other} here, {one} in line 7" in refused.err
    assert estate.emulator.requests()["requests"] == []


def test_two_targets_of_one_item_are_compared_too(estate: Estate) -> None:
    refused = estate.run("run", estate.plan(item("a", "dr:a-{date}", "dr:{name}-2026-11-25", object_id="group-00")))
    assert refused.status == 13
    assert "two targets of a could make the same copy in dr" in refused.err


@pytest.mark.parametrize(
    ("one", "other"),
    [("dr:x-{date}", "eu:x-{date}"), ("dr:x-{date}", "dr:x-{date}-{time}"), ("dr:x-{date}", "dr:y-{date}")],
)
def test_targets_that_never_get_the_same_name_go_together(estate: Estate, one: str, other: str) -> None:
    plan = estate.plan(item("a", one, object_id="group-00"), item("b", other, object_id="group-01"))
    assert estate.run("run", plan, "--dry-run").status == 0


def test_objects_of_two_types_may_have_the_same_id(estate: Estate) -> None:
    large = item("b", "dr:x-{date}", object_id="group-01", type="LargePersonGroup")
    plan = estate.plan(item("a", "dr:x-{date}", object_id="group-00"), large)
    assert "could make the same copy" not in estate.run("run", plan, "--dry-run").err


@pytest.mark.parametrize("method", ["snapshot", "export"])
def test_a_directory_with_braces_is_no_placeholder(estate: Estate, method: str) -> None:
    directory = estate.program.directory / "{date} {"
    directory.mkdir()
    target = "file:{name}-{date}.facesnap" if method == "export" else "dr:{name}-{date}"
    (directory / "plan.toml").write_text(f"[[backup]]\n{item('group-00', target, method=method)}\n")
    assert estate.run("run", str(directory / "plan.toml"), "--dry-run").status == 0


def test_profiles_that_may_lead_to_one_account_are_one_place(estate: Estate) -> None:
    config = estate.program.directory / "config.toml"
    second = config.read_text().partition("[profiles.dr]\n")[2].partition("[profiles.")[0]
    config.write_text(f"{config.read_text()}[profiles.other]\n{second}")
    refused = estate.run("run", estate.plan(item("group-00", "dr:x-{date}"), item("group-01", "other:x-{date}")))
    assert (refused.status, refused.out) == (13, "")
    assert "dr may lead to the same account: group-01 and group-00 could make the same copy in other" in refused.err
    apart = estate.plan(item("group-00", "dr:{name}-{date}"), item("group-01", "other:{name}-{date}"))
    assert estate.run("run", apart, "--dry-run").status == 0
