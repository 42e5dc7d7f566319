from datetime import timedelta
from typing import Any

import pytest
from botocore import exceptions as aws
from hypothesis import given
from hypothesis import strategies as st

from farmwatch.aws.faults import CredentialsFailed, classify
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.aws.redaction import redact
from farmwatch.aws.reply import BadReply

URL = "https://management.deadline.us-west-2.amazonaws.com"


def answered(code: str, status: int = 400, **members: Any) -> aws.ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": "7f3c-e1", "HTTPHeaders": {}}
    reply: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": metadata, **members}
    return aws.ClientError(reply, "GetSession")


def of(error: BaseException, **more: Any) -> Fault:
    return classify(error, operation="GetSession", **more)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answered("ResourceNotFoundException", 404), FaultKind.GONE),
        (answered("ValidationException"), FaultKind.REFUSED),
        (answered("InvalidParameterException"), FaultKind.REFUSED),
        (answered("AccessDeniedException", 403), FaultKind.DENIED),
        (answered("ExpiredTokenException", 403), FaultKind.LOGIN),
        (answered("UnrecognizedClientException", 403), FaultKind.LOGIN),
        (answered("InvalidSignatureException", 403), FaultKind.CLOCK),
        (answered("RequestTimeTooSkewed", 403), FaultKind.CLOCK),
        (answered("ThrottlingException", 429), FaultKind.SLOW_DOWN),
        (answered("TooManyRequestsException"), FaultKind.SLOW_DOWN),
        (answered("429", 429), FaultKind.SLOW_DOWN),
        (answered("InternalServerErrorException", 500), FaultKind.SERVICE),
        (answered("502", 502), FaultKind.SERVICE),
        (answered("TeapotException", 418), FaultKind.BAD_REPLY),
        (aws.NoCredentialsError(), FaultKind.LOGIN),
        (aws.PartialCredentialsError(provider="env", cred_var="x"), FaultKind.LOGIN),
        (aws.CredentialRetrievalError(provider="process", error_msg="no"), FaultKind.LOGIN),
        (aws.TokenRetrievalError(provider="sso", error_msg="expired"), FaultKind.LOGIN),
        (aws.UnauthorizedSSOTokenError(), FaultKind.LOGIN),
        (aws.ProfileNotFound(profile="x"), FaultKind.SETUP),
        (aws.NoRegionError(), FaultKind.SETUP),
        (aws.ConfigParseError(path="x", error="y"), FaultKind.SETUP),
        (aws.EndpointConnectionError(endpoint_url=URL), FaultKind.NETWORK),
        (aws.ConnectTimeoutError(endpoint_url=URL), FaultKind.NETWORK),
        (aws.ReadTimeoutError(endpoint_url=URL), FaultKind.NETWORK),
        (aws.ConnectionClosedError(endpoint_url=URL), FaultKind.NETWORK),
        (aws.ProxyConnectionError(proxy_url="http://proxy"), FaultKind.NETWORK),
        (aws.SSLError(endpoint_url=URL, error=OSError("x")), FaultKind.NETWORK),
        (BadReply("log is missing"), FaultKind.BAD_REPLY),
        (ValueError("x"), FaultKind.BAD_REPLY),
        (RecursionError(), FaultKind.BAD_REPLY),
        (CredentialsFailed(KeyError("accessToken")), FaultKind.LOGIN),
        (CredentialsFailed(aws.ProfileNotFound(profile="x")), FaultKind.SETUP),
        (CredentialsFailed(aws.EndpointConnectionError(endpoint_url=URL)), FaultKind.NETWORK),
    ],
)
def test_every_family_of_errors_has_its_class(error: Exception, kind: FaultKind) -> None:
    assert of(error).kind is kind


def test_every_class_says_something_else_and_what_to_do() -> None:
    codes = {
        "ResourceNotFoundException": 404,
        "AccessDeniedException": 403,
        "ExpiredTokenException": 403,
        "InvalidSignatureException": 403,
        "ThrottlingException": 429,
        "InternalServerErrorException": 500,
    }
    faults = [of(answered(code, status)) for code, status in codes.items()]
    faults += [
        of(aws.NoCredentialsError()),
        of(aws.NoRegionError()),
        of(aws.ReadTimeoutError(endpoint_url=URL)),
    ]
    faults += [of(aws.EndpointConnectionError(endpoint_url=URL)), of(BadReply("x"))]
    assert len({fault.sentence for fault in faults}) == len(faults)
    assert all(fault.remedy for fault in faults)


def test_a_denied_call_names_the_action_to_ask_for() -> None:
    assert "deadline:GetSession" in of(answered("AccessDeniedException", 403)).remedy


def test_a_needed_login_names_the_command() -> None:
    fault = of(answered("ExpiredTokenException", 403), login="aws sso login --profile studio")
    assert "aws sso login --profile studio" in fault.remedy


def test_what_was_not_found_is_named() -> None:
    error = answered("ResourceNotFoundException", 404, resourceType="session", resourceId="session-61e4")
    assert of(error).sentence == "There is no such session: session-61e4."


def test_what_is_refused_is_told_in_the_words_of_the_service_and_not_as_not_found() -> None:
    error = answered(
        "ValidationException",
        reason="FIELD_VALIDATION_FAILED",
        fieldList=[{"name": "sessionId", "message": "must match ^session-[0-9a-f]{32}$"}, "junk"],
    )
    fault = of(error)
    assert fault.sentence == (
        "The service refuses GetSession: why; sessionId: must match ^session-[0-9a-f]{32}$"
    )
    assert "not the same as not found" in fault.remedy
    error.response["Error"]["Message"] = ""
    assert "FIELD_VALIDATION_FAILED" in of(error).sentence


def test_no_secret_is_in_the_words_of_what_is_refused() -> None:
    error = answered("ValidationException")
    error.response["Error"]["Message"] = "aws_secret_access_key=abcdefghijklmnop is not valid"
    assert "abcdefgh" not in of(error).sentence


def test_the_request_id_is_kept() -> None:
    assert of(answered("ThrottlingException", 429)).request_id == "7f3c-e1"


@pytest.mark.parametrize(
    ("told", "seconds"), [(5, 5), (-3, 0), (99999, 300), ("7", 7), ("soon", None), (None, None), ([], None)]
)
def test_the_wait_that_is_asked_for_is_clamped(told: Any, seconds: float | None) -> None:
    wait = of(answered("ThrottlingException", 429, retryAfterSeconds=told)).retry_after
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key=abcdefgh12345678",
        '{"SessionToken": "FwoGZXIvYXdzEJr"}',
        "A" * 200,
    ],
)
def test_what_looks_like_a_secret_is_hidden(secret: str) -> None:
    error = aws.CredentialRetrievalError(provider="custom-process", error_msg=f"failed: {secret}")
    value = secret.split("=")[-1].split('"')[-2] if '"' in secret else secret.split("=")[-1]
    assert value not in of(error).message


def test_ids_and_paths_are_not_taken_for_secrets() -> None:
    text = f"/aws/deadline/farm-{'0' * 32}/queue-{'1' * 32} session-{'2' * 32}"
    assert redact(text) == text


class HostileError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.long
@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_nothing_makes_it_raise(junk: Any) -> None:
    error: Any = answered("X")
    error.response = junk
    assert isinstance(of(error), Fault)
    error.response = {"Error": junk, "ResponseMetadata": junk, "retryAfterSeconds": junk}
    assert isinstance(of(error), Fault)
    assert of(HostileError()).kind is FaultKind.BAD_REPLY
