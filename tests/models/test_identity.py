"""When two accounts and two objects are the same, and when nobody can say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.common.secret import Secret
from facesnap_cli.models.identity import ObjectIdentity, Resource, Sameness, digest_of_key, subscription_of

REGION = "https://westeurope.api.cognitive.microsoft.com"
OTHER_REGION = "https://eastus.api.cognitive.microsoft.com"
WEST, EAST = "https://west.cognitiveservices.azure.com", "https://east.cognitiveservices.azure.com"
ONE, TWO = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
PATH = f"/subscriptions/{ONE}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/west"
SAME, DIFFERENT, UNKNOWN = Sameness.SAME, Sameness.DIFFERENT, Sameness.UNKNOWN


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(Resource(WEST), Resource(WEST.upper().replace("HTTPS", "https")), SAME, id="custom host"),
        pytest.param(Resource(WEST, "a"), Resource(WEST, "b"), SAME, id="custom host, two profiles"),
        pytest.param(Resource(WEST, "a"), Resource(EAST, "a"), DIFFERENT, id="two custom hosts"),
        pytest.param(Resource(WEST, "a", ONE), Resource(WEST, "a", TWO), DIFFERENT, id="two subscriptions"),
        pytest.param(Resource(REGION, "a", ONE), Resource(REGION, "a", ONE.upper()), SAME, id="shared host"),
        pytest.param(Resource(REGION, "a", ONE), Resource(REGION, "a"), SAME, id="the subscription is learned later"),
        pytest.param(Resource(REGION, "a", ONE), Resource(REGION, "b", ONE), UNKNOWN, id="shared host, two profiles"),
        pytest.param(Resource(REGION, "a", ONE), Resource(OTHER_REGION, "a", ONE), DIFFERENT, id="two regions"),
        pytest.param(Resource(REGION, "a", ONE), Resource(WEST, "a", ONE), UNKNOWN, id="regional and custom host"),
        pytest.param(Resource("https://proxy.example", "a"), Resource(WEST, "a"), UNKNOWN, id="through a proxy"),
        pytest.param(Resource(REGION, account=PATH), Resource(WEST, account=PATH.upper()), SAME, id="one ARM path"),
        pytest.param(
            Resource(REGION, "a", ONE, PATH), Resource(REGION, "a", ONE, PATH + "2"), DIFFERENT, id="two ARM paths"
        ),
        pytest.param(Resource(REGION, "a", None, PATH), Resource(REGION, "a", TWO), DIFFERENT, id="the path tells"),
        pytest.param(Resource(REGION), Resource(REGION), UNKNOWN, id="shared host, no profile"),
        pytest.param(Resource(REGION, None, ONE), Resource(REGION, None, ONE), UNKNOWN, id="a subscription alone"),
        pytest.param(Resource(REGION, key_digest="1"), Resource(REGION, key_digest="1"), SAME, id="one key"),
        pytest.param(Resource(REGION, key_digest="1"), Resource(REGION, key_digest="2"), UNKNOWN, id="two keys"),
        pytest.param(Resource(REGION, "a"), Resource(REGION, key_digest="1"), UNKNOWN, id="a profile and a key"),
        pytest.param(
            Resource(REGION, None, ONE, None, "1"), Resource(REGION, None, TWO, None, "1"), DIFFERENT, id="key"
        ),
        pytest.param(Resource(WEST, key_digest="1"), Resource(WEST, key_digest="2"), SAME, id="custom host, two keys"),
    ],
)
def test_two_resources(one: Resource, other: Resource, expected: Sameness) -> None:
    assert one.compare(other) is expected
    assert other.compare(one) is expected


RESOURCES = st.builds(
    Resource,
    st.sampled_from([REGION, OTHER_REGION, WEST, EAST, "http://127.0.0.1:8765", "https://proxy.example"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, ONE, TWO]),
    st.sampled_from([None, PATH, PATH.replace("west", "east")]),
    st.sampled_from([None, "1", "2"]),
)


@given(RESOURCES, RESOURCES)
def test_the_order_of_two_resources_does_not_matter(one: Resource, other: Resource) -> None:
    assert one.compare(other) is other.compare(one)


@given(RESOURCES)
def test_a_resource_is_itself_if_anything_names_it(one: Resource) -> None:
    is_named = one.profile or one.key_digest or one.account or one.endpoint in (WEST, EAST)
    assert one.compare(one) is (SAME if is_named else UNKNOWN)


def test_a_keys_digest_is_its_endpoints_alone_and_reveals_nothing() -> None:
    key = "0123456789abcdef0123456789abcdef"
    digest = digest_of_key(Secret(key), REGION)
    assert digest == digest_of_key(Secret(f"{key}\n"), REGION.upper())
    assert digest not in (digest_of_key(Secret(key), OTHER_REGION), digest_of_key(Secret(key[::-1]), REGION))
    assert len(digest) == 16
    assert digest not in key


@given(RESOURCES, st.sampled_from([ONE, TWO]), st.sampled_from([PATH, PATH.replace("west", "east")]))
def test_a_fact_that_is_learned_makes_no_certain_answer_its_opposite(
    known: Resource, subscription_id: str, account: str
) -> None:
    """What was the same before a missing fact was learned is at worst unknown, unless the fact contradicts."""
    if known.subscription_id is None and known.account is None:
        assert known.compare(known._replace(subscription_id=subscription_id)) is not DIFFERENT
        assert known.compare(known._replace(account=account)) is not DIFFERENT


@pytest.mark.parametrize(
    ("object_type", "object_id", "expected"),
    [("PersonGroup", "employees", SAME), ("PersonGroup", "visitors", DIFFERENT), ("FaceList", "employees", DIFFERENT)],
)
def test_two_objects(object_type: str, object_id: str, expected: Sameness) -> None:
    one = ObjectIdentity(Resource(WEST), "PersonGroup", "employees")
    assert one.compare(ObjectIdentity(Resource(WEST), object_type, object_id)) is expected


def test_of_two_pairs_taken_together_one_difference_is_enough() -> None:
    assert {pair: pair[0] & pair[1] for pair in [(SAME, SAME), (SAME, UNKNOWN), (UNKNOWN, DIFFERENT)]} == {
        (SAME, SAME): SAME,
        (SAME, UNKNOWN): UNKNOWN,
        (UNKNOWN, DIFFERENT): DIFFERENT,
    }


@pytest.mark.parametrize(("path", "found"), [(PATH, ONE), (PATH.upper(), ONE), ("/x/y", None), ("", None)])
def test_an_arm_path_has_the_subscription(path: str, found: str | None) -> None:
    assert subscription_of(path) == found
