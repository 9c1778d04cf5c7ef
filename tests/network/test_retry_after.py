"""Every form in which a response asks to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from facesnap_cli.common.errors import CredentialsError, FeatureMissingError
from facesnap_cli.network.responses import ErrorBody, Response
from facesnap_cli.network.retry_after import requested_delay_s
from facesnap_cli.network.service_errors import error_of, is_used_up_quota

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
DATE = "Wed, 25 Nov 2026 13:00:00 GMT"
LATER = "Wed, 25 Nov 2026 13:00:07 GMT"
NOT_APPROVED = "Feature is not supported, missing approval for Identification"


def refusal(message: str = "", status: int = 429, **headers: str) -> Response:
    body = json.dumps({"error": {"code": str(status), "message": message}}).encode()
    return Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body)


@pytest.mark.parametrize(
    ("response", "asked_s"),
    [
        (refusal(retry_after="7"), 7.0),
        (refusal(retry_after=" 1.5 "), 1.5),
        (refusal(retry_after="0"), 0.0),
        (refusal(retry_after="-3"), None),
        (refusal(retry_after_ms="250", retry_after="1"), 0.25),
        (refusal(retry_after=LATER, date=DATE), 7.0),
        (refusal(retry_after=DATE, date=LATER), 0.0),
        (refusal(retry_after=DATE), 3600.0),
        (refusal(retry_after="soon"), None),
        (refusal("Rate limit is exceeded. Try again in 21 seconds."), 21.0),
        (refusal("Too many calls. Please retry after 12 seconds."), 12.0),
        (refusal("Please retry after 1 second."), 1.0),
        (refusal("Please retry after 500 milliseconds."), 0.5),
        (refusal("Try again in 00:01:30"), 90.0),
        (refusal("Try again in 3 seconds.", retry_after="0"), 3.0),
        (refusal("Try again in 3 seconds.", retry_after=DATE, date=LATER), 3.0),
        (refusal("Try again in 3 seconds.", retry_after="2"), 2.0),
        (refusal("Please wait 3 sec and try again."), 3.0),
        (refusal("Please retry after 250ms"), 0.25),
        (refusal("Please retry after 3s"), 3.0),
        (refusal("Please wait 2 minutes before you retry."), 120.0),
        (refusal("Please retry after 3 springs"), None),
        (refusal("Slow down."), None),
    ],
)
def test_waiting_advice_is_read_in_every_form(response: Response, asked_s: float | None) -> None:
    assert requested_delay_s(response, NOW) == asked_s
    assert not is_used_up_quota(response)


@pytest.mark.parametrize("status", [403, 429])
def test_a_quota_that_returns_in_days_is_used_up(status: int) -> None:
    assert is_used_up_quota(refusal("Out of call volume quota. Quota will be replenished in 2.12 days.", status))


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "UnsupportedFeature", "message": NOT_APPROVED}},
        {
            "error": {
                "code": "InvalidRequest",
                "message": "Invalid request has been sent.",
                "innererror": {"code": "UnsupportedFeature", "message": NOT_APPROVED},
            }
        },
    ],
)
def test_a_missing_approval_is_told_from_the_retired_feature_by_its_route(body: object) -> None:
    response = Response(403, body=json.dumps(body).encode())
    assert ErrorBody.of(response).code == "UnsupportedFeature"

    def error(path: str) -> Exception:
        return error_of(response, what="x", path=path, endpoint="https://h.example", may_have_acted=False, now=NOW)

    for path in ("/persongroups/employees", "/largepersongroups/a/persons", "/facelists"):
        refused = error(path)
        assert isinstance(refused, CredentialsError)
        assert "https://aka.ms/facerecognition" in str(refused.hint)
        assert NOT_APPROVED in refused.message
    for path in ("/snapshots", "/snapshots/x/apply"):
        assert isinstance(error(path), FeatureMissingError)
