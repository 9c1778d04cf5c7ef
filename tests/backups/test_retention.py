"""Which copies stay: over months, and never one that a template did not name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.backups.retention import Keep, KnownBackup, Retention
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import UsageError
from facesnap_cli.models.backups import BackupState
from facesnap_cli.models.identity import Sameness

DATED = Template("employees-{date}")
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
TEXTS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", max_size=6)
FORMS = st.permutations(["{date}", "{time}", "{weekday}", "{name}", "{date}"])
KEEPS = st.builds(Keep, st.integers(0, 5), st.integers(0, 10), st.integers(0, 8), st.integers(0, 8))


@st.composite
def templates(draw: st.DrawFn) -> Template:
    parts = draw(FORMS)[: draw(st.integers(1, 5))]
    text = "".join(f"{part}{draw(TEXTS)}" for part in parts)
    return Template(text if "{date}" in text else f"{text}-{{date}}", draw(TEXTS))


@given(templates(), MOMENTS)
def test_a_template_knows_the_moment_of_every_name_that_it_made(template: Template, moment: datetime) -> None:
    made = template.made_at(template.render(moment))
    assert made is not None
    assert template.render(made) == template.render(moment)
    assert made.date() == moment.date()


@given(templates(), st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", max_size=40))
def test_a_template_knows_no_name_that_it_would_not_make(template: Template, name: str) -> None:
    made = template.made_at(name)
    assert made is None or template.render(made) == name


@pytest.mark.parametrize(
    "name",
    [
        "employees",
        "employees-2026-02-30",
        "employees-2026-1-1",
        "employees-2026-11-23-old",
        "old-employees-2026-11-23",
        "employees-２０２６-11-23",
        "employees-2026-11-23\n",
    ],
)
def test_what_only_looks_like_a_copy_is_none(name: str) -> None:
    assert DATED.made_at(name) is None


def test_a_weekday_that_the_date_does_not_fall_on_is_not_the_templates() -> None:
    template = Template("g-{date}-{weekday}")
    assert template.made_at("g-2026-11-23-mon") == datetime(2026, 11, 23, tzinfo=UTC)
    assert template.made_at("g-2026-11-23-tue") is None


def test_a_template_without_a_date_claims_nothing() -> None:
    assert Template("employees-{weekday}").made_at("employees-mon") is None


@pytest.mark.parametrize("text", ["{day}-x", "{date", "date}", "{}-{date}", "{{date}}"])
def test_an_unknown_placeholder_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Template(text)


def nights(first: date, count: int) -> dict[str, datetime]:
    """Return the copies of `count` nights, by name."""
    moments = [datetime.combine(first, time(), UTC) + timedelta(days=number) for number in range(count)]
    return {DATED.render(moment): moment for moment in moments}


def known(
    name: str,
    moment: datetime,
    state: BackupState | None = BackupState.GOOD,
    *,
    is_own: bool = True,
    sameness: Sameness = Sameness.SAME,
) -> KnownBackup:
    return KnownBackup(name, moment, is_own, sameness, state)


def deleted(keep: Keep, copies: Mapping[str, datetime], new: str) -> list[str]:
    """Return what is deleted of good copies that the item made."""
    return [name for name, _ in Retention(keep).deletions((known(*copy) for copy in copies.items()), new)]


def kept_after(keep: Keep, copies: dict[str, datetime]) -> list[str]:
    doomed = deleted(keep, copies, max(copies))
    return [name.removeprefix("employees-") for name in sorted(copies.keys() - set(doomed))]


def test_last_daily_and_weekly_over_four_months() -> None:
    copies = nights(date(2026, 7, 1), 120)  # the last is of Wednesday, 28 October
    assert kept_after(Keep(last=3, daily=7, weekly=4), copies) == [
        "2026-10-11",  # a Sunday: the newest of its ISO week
        "2026-10-18",
        "2026-10-22",
        "2026-10-23",
        "2026-10-24",
        "2026-10-25",
        "2026-10-26",
        "2026-10-27",
        "2026-10-28",
    ]


def test_monthly_keeps_the_newest_of_each_month_across_the_turn_of_the_year() -> None:
    copies = nights(date(2025, 11, 5), 90)
    assert kept_after(Keep(monthly=3), copies) == ["2025-12-31", "2026-01-31", "2026-02-02"]


def test_weekly_counts_iso_weeks_at_the_turn_of_the_year() -> None:
    copies = nights(date(2026, 12, 20), 20)  # week 53 reaches from 28 December to 3 January
    assert kept_after(Keep(weekly=3), copies) == ["2026-12-27", "2027-01-03", "2027-01-08"]


def test_days_without_a_copy_do_not_count() -> None:
    copies = {DATED.render(moment): moment for moment in (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 9))}
    assert kept_after(Keep(daily=2), copies) == ["2026-04-01", "2026-09-01"]


def test_retention_run_each_night_for_a_year_keeps_what_one_run_at_the_end_would() -> None:
    keep, stock = Keep(last=3, daily=7, weekly=4, monthly=12), dict[str, datetime]()
    everything = nights(date(2026, 1, 1), 365)
    for name in sorted(everything):
        stock[name] = everything[name]
        for old in deleted(keep, stock, name):
            del stock[old]
    assert sorted(name.removeprefix("employees-") for name in stock) == kept_after(keep, everything)


@given(KEEPS, st.sets(MOMENTS, max_size=60), MOMENTS)
def test_never_deleted_are_the_new_copy_protected_and_later_ones(
    keep: Keep, moments: set[datetime], now: datetime
) -> None:
    template = Template("g-{date}-{time}")
    copies = {template.render(moment): moment for moment in {*moments, now}}
    new = template.render(now)
    protected = frozenset(sorted(copies.keys() - {new})[::3])
    found = Retention(keep, protected).deletions((known(*copy) for copy in copies.items()), new)
    doomed = [name for name, _ in found]
    assert len(set(doomed)) == len(doomed)
    assert set(doomed) <= copies.keys() - protected - {new}
    assert all(name < new for name in doomed), "nothing that is dated later than the new copy"
    older = {name for name in copies if name <= new}
    assert len(older - set(doomed)) >= min(keep.last, len(older))


STATES = st.sampled_from([BackupState.GOOD, BackupState.BAD, None])


@given(KEEPS, st.lists(st.tuples(STATES, st.booleans(), st.sampled_from(Sameness)), max_size=30))
def test_only_what_the_item_made_of_this_object_counts_and_is_deleted(
    keep: Keep, facts: list[tuple[BackupState | None, bool, Sameness]]
) -> None:
    names = list(nights(date(2026, 1, 1), len(facts) + 1).items())
    new = known(*names[-1])
    backups = [
        known(*name, state, is_own=is_own, sameness=sameness)
        for name, (state, is_own, sameness) in zip(names, facts, strict=False)
    ]
    counted = [one for one in backups if one.is_own and one.sameness.is_certain and one.state]
    doomed = Retention(keep).deletions([*backups, new], new.name)
    assert {name for name, _ in doomed} <= {one.name for one in counted}
    assert doomed == Retention(keep).deletions([*counted, new], new.name), "the others change nothing"
    good = [one for one in counted if one.state is BackupState.GOOD]
    deleted_good = {name for name, _ in doomed} & {one.name for one in good}
    assert deleted_good == {name for name, _ in Retention(keep).deletions([*good, new], new.name)}, "nor do bad ones"


def test_a_bad_copy_displaces_no_good_one_and_goes_when_the_rules_have_passed_it() -> None:
    copies = list(nights(date(2026, 1, 1), 4).items())
    states = [BackupState.GOOD, BackupState.BAD, BackupState.GOOD, BackupState.GOOD]
    backups = [known(*copy, state) for copy, state in zip(copies, states, strict=True)]
    keep = Retention(Keep(last=2))
    assert keep.deletions(backups[:3], copies[2][0]) == []
    assert [name for name, _ in keep.deletions(backups, copies[3][0])] == [copies[0][0], copies[1][0]]


@pytest.mark.parametrize("new", ["somebody-elses", "employees-2026-01-05"])
def test_nothing_is_deleted_on_account_of_a_copy_that_is_not_good(new: str) -> None:
    backups = [
        known(name, moment, BackupState.BAD if name == new else BackupState.GOOD)
        for name, moment in nights(date(2026, 1, 1), 9).items()
    ]
    assert Retention(Keep(last=1)).deletions(backups, new) == []


def independent(keep: Keep, stock: dict[date, bool], today: date) -> set[date]:
    """Return the days whose copies stay, of which `stock` says whether they are good: rule by rule, day by day."""

    def survives(day: date, good: list[date]) -> bool:
        newer = [other for other in good if other > day]
        if len(newer) < keep.last:
            return True
        for count, unit in (
            (keep.daily, date.isoformat),
            (keep.weekly, lambda one: str(one.isocalendar()[:2])),
            (keep.monthly, lambda one: one.isoformat()[:7]),
        ):
            is_newest_of_its_unit = all(unit(other) != unit(day) for other in newer)
            if is_newest_of_its_unit and len({unit(other) for other in newer}) < count:
                return True
        return False

    good = [day for day, is_good in stock.items() if is_good]
    return {day for day in stock if day == today or survives(day, good)}


@given(
    KEEPS,
    st.lists(st.sampled_from(["good", "good", "bad", "none"]), min_size=60, max_size=60),
    st.dates(date(2024, 1, 1), date(2027, 1, 1)),
)
def test_sixty_nights_with_bad_ones_among_them_leave_what_an_independent_computation_does(
    keep: Keep, outcomes: list[str], first: date
) -> None:
    stock: dict[date, bool] = {}
    expected: dict[date, bool] = {}
    for number, outcome in enumerate(outcomes):
        today = first + timedelta(days=number)
        if outcome == "none":
            continue
        stock[today] = expected[today] = outcome == "good"
        if outcome == "bad":
            continue  # a run that fails deletes nothing
        backups = [
            known(
                f"employees-{day}",
                datetime.combine(day, time(), UTC),
                BackupState.GOOD if is_good else BackupState.BAD,
            )
            for day, is_good in stock.items()
        ]
        for name, _ in Retention(keep).deletions(backups, f"employees-{today}"):
            del stock[date.fromisoformat(name.removeprefix("employees-"))]
        stay = independent(keep, expected, today)
        expected = {day: is_good for day, is_good in expected.items() if day in stay}
        assert stock == expected
