"""Which copies stay: over months, and never one that a template did not name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.backups.retention import Keep, Retention
from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import UsageError

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


def kept_after(keep: Keep, copies: dict[str, datetime]) -> list[str]:
    new = max(copies)
    doomed = Retention(DATED, keep).to_delete(copies, new)
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
        for old in Retention(DATED, keep).to_delete(stock, name):
            del stock[old]
    assert sorted(name.removeprefix("employees-") for name in stock) == kept_after(keep, everything)


@given(KEEPS, st.sets(MOMENTS, max_size=60), MOMENTS, st.sets(st.text(max_size=20), max_size=20))
def test_never_deleted_are_the_new_copy_strangers_protected_and_later_ones(
    keep: Keep, moments: set[datetime], now: datetime, strangers: set[str]
) -> None:
    template = Template("g-{date}-{time}")
    names = {template.render(moment) for moment in moments}
    new = template.render(now)
    protected = frozenset(sorted(names)[::3])
    doomed = Retention(template, keep, protected).to_delete([*names, *strangers], new)
    assert len(set(doomed)) == len(doomed)
    assert set(doomed) <= names - protected - {new}
    assert all(name < new for name in doomed), "nothing that is dated later than the new copy"
    older = {name for name in names | {new} if name <= new}
    assert len(older - set(doomed)) >= min(keep.last, len(older))


def test_nothing_is_deleted_on_account_of_a_copy_that_the_template_did_not_make() -> None:
    assert Retention(DATED, Keep(last=1)).to_delete(nights(date(2026, 1, 1), 9), "somebody-elses") == []
