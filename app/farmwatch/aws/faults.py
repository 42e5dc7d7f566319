"""Any exception of a call becomes a `Fault`: its class, a plain sentence, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from botocore import exceptions as aws

from farmwatch.aws.cleaning import clean
from farmwatch.aws.model import Fault, FaultKind
from farmwatch.aws.redaction import redact
from farmwatch.aws.reply import BadReply

LONGEST_WAIT = 300.0
"""Seconds: the most that a wait which the service asks for is obeyed."""

_MESSAGE_LIMIT = 500
_WORDS_LIMIT = 300
_FIELDS_NAMED = 3

_GONE = {"ResourceNotFoundException", "ResourceNotFound"}
_LOGIN = {
    "ExpiredToken",
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "UnrecognizedClient",
    "InvalidClientTokenId",
    "InvalidToken",
    "TokenRefreshRequired",
}
_CLOCK = {
    "InvalidSignatureException",
    "InvalidSignature",
    "SignatureDoesNotMatch",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "RequestInTheFuture",
}
_CONFLICT = "ConflictException"
_REFUSED = {"ValidationException", "InvalidParameterException", _CONFLICT}
"""How Deadline Cloud, and CloudWatch Logs, say that they do not take the request as it is, or not while the
thing is as it is."""

_SLOW = {"TooManyRequestsException", "TooManyRequests", "RequestLimitExceeded", "SlowDown"}

_LOGIN_ERRORS = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.CredentialRetrievalError,
    aws.SSOError,
    aws.TokenRetrievalError,
    aws.UnauthorizedSSOTokenError,
)
_SETUP_ERRORS = (
    aws.ProfileNotFound,
    aws.NoRegionError,
    aws.InvalidRegionError,
    aws.ConfigNotFound,
    aws.ConfigParseError,
    aws.MissingDependencyException,
    aws.UnknownServiceError,
    aws.ParamValidationError,
)
_NETWORK_ERRORS = (aws.HTTPClientError, aws.ConnectionError, aws.EndpointConnectionError)

# The login families grow with every release of botocore, so the newer ones are known by their names.
_LOGIN_NAME = re.compile(r"SSO|Token|Login|Credential")


class CredentialsFailed(Exception):  # noqa: N818 - named for what happened
    """Credentials could not be resolved; ``original`` is why, ``renewal`` how they are renewed."""

    def __init__(self, original: BaseException, renewal: str = "") -> None:
        super().__init__(type(original).__name__)
        self.original = original
        self.renewal = renewal


def classify(
    error: BaseException,
    *,
    operation: str,
    profile: str | None = None,
    login: str | None = None,
) -> Fault:
    """The fault that an exception is, by the first class that matches. Never raises.

    ``operation`` is the API operation that failed (``GetSession``), empty where none was called. ``login``
    is how the credentials are renewed, in a sentence.
    """
    try:
        return _classify(error, operation, profile, login)
    except Exception as second:  # noqa: BLE001 - an exception whose own members raise is a bad reply too
        return _bad_reply(operation, f"{type(error).__name__}/{type(second).__name__}", "")


def item_fault(operation: str, code: str, message: str) -> Fault:
    """The fault of one item of a batch whose reply, a success, tells that this item could not be had."""
    return classify(
        aws.ClientError({"Error": {"Code": code, "Message": message}}, operation), operation=operation
    )


def _classify(error: BaseException, operation: str, profile: str | None, login: str | None) -> Fault:
    if isinstance(error, CredentialsFailed):
        login = error.renewal or login
        if not isinstance(error.original, (*_SETUP_ERRORS, *_NETWORK_ERRORS)):
            return _login(error.original, operation, login, _message(error.original))
        error = error.original
    if isinstance(error, aws.ClientError):
        return _service_fault(error, operation, login)
    message = _message(error)
    code = type(error).__name__
    if isinstance(error, BadReply):
        return _bad_reply(operation, code, message)
    if isinstance(error, _LOGIN_ERRORS):
        return _login(error, operation, login, message)
    if isinstance(error, _SETUP_ERRORS):
        return _setup(error, operation, profile, message)
    if isinstance(error, _NETWORK_ERRORS):
        return _network(error, operation, message)
    if isinstance(error, aws.BotoCoreError) and _LOGIN_NAME.search(code):
        return _login(error, operation, login, message)
    return _bad_reply(operation, code, message)


# --- what the service answered ------------------------------------------------------------------------


def _service_fault(error: aws.ClientError, operation: str, login: str | None) -> Fault:
    response: Any = error.response if isinstance(error.response, Mapping) else {}
    told = _mapping(response, "Error")
    metadata = _mapping(response, "ResponseMetadata")
    code = clean(str(told.get("Code") or type(error).__name__), 80)
    message = _safe(str(told.get("Message") or ""))
    status = metadata.get("HTTPStatusCode")
    status = status if isinstance(status, int) else 0
    kind, sentence, remedy = _service_words(code, status, response, operation, login)
    if kind is FaultKind.REFUSED:
        sentence = f"The service refuses {operation or 'the call'}: {_why_refused(message, response)}"
    return Fault(
        kind=kind,
        sentence=sentence,
        remedy=remedy,
        operation=operation,
        code=code,
        message=message,
        request_id=clean(str(metadata.get("RequestId") or ""), 80),
        retry_after=_retry_after(response, metadata),
    )


def _service_words(
    code: str, status: int, response: Mapping[str, Any], operation: str, login: str | None
) -> tuple[FaultKind, str, str]:
    action = f"deadline:{operation}"
    if code in _GONE or (status == 404 and code.startswith("Resource")):
        what = clean(str(response.get("resourceType") or "thing"), 40)
        which = clean(str(response.get("resourceId") or ""), 80)
        return (
            FaultKind.GONE,
            f"There is no such {what}{f': {which}' if which else ''}.",
            "It may have been deleted, jobs are kept 120 days; or it is of another region or account.",
        )
    if code.startswith("AccessDenied") or code == "NotAuthorized":
        return (
            FaultKind.DENIED,
            f"This login may not call {operation or 'this'}.",
            f"Ask for {action}; a Deadline Cloud monitor user needs membership in the farm or queue.",
        )
    if code in _LOGIN:
        return (FaultKind.LOGIN, "The login has expired or is not valid.", _login_remedy(login))
    if code in _CLOCK:
        return (
            FaultKind.CLOCK,
            "The service refuses the signature: this machine's clock may be off.",
            "Set the clock (NTP); if it is right, the secret key is wrong.",
        )
    if code.startswith("Throttl") or code in _SLOW or status == 429:
        return (
            FaultKind.SLOW_DOWN,
            "The service asks to be asked less often.",
            "Nothing to do: Farmwatch slows down. Others on this account may be asking a lot.",
        )
    if status >= 500 or code == "InternalServerErrorException":
        return (
            FaultKind.SERVICE,
            f"The service failed{f' (HTTP {status})' if status else ''}.",
            "Nothing to do: Farmwatch asks again. If it lasts, see the AWS health page.",
        )
    if code in _REFUSED:
        state = "The thing is in a state that does not allow it."
        return (
            FaultKind.REFUSED,
            f"The service refuses {operation or 'the call'}.",
            state
            if code == _CONFLICT
            else "That is not the same as not found: see what it says of the request. An id may be mistyped.",
        )
    return (
        FaultKind.BAD_REPLY,
        f"The service answered with an error of a kind unknown here{f' (HTTP {status})' if status else ''}.",
        "Farmwatch asks again. Is a proxy or a portal in between?",
    )


def _why_refused(message: str, response: Mapping[str, Any]) -> str:
    """The service's own words: its message, and the fields that it names, each with what is wrong."""
    fields = response.get("fieldList")
    named = [
        f"{one.get('name')}: {one.get('message')}"
        for one in (fields if isinstance(fields, list) else [])
        if isinstance(one, Mapping)
    ]
    words = [message or str(response.get("reason") or "it does not say why"), *named[:_FIELDS_NAMED]]
    return _safe("; ".join(words))[:_WORDS_LIMIT]


def _retry_after(response: Mapping[str, Any], metadata: Mapping[str, Any]) -> timedelta | None:
    """The wait that the service asks for, clamped to 0..300 s; botocore parses it but does not obey it."""
    headers = _mapping(metadata, "HTTPHeaders")
    for told in (response.get("retryAfterSeconds"), headers.get("retry-after")):
        try:
            seconds = float(told)  # type: ignore[arg-type]  # None and words raise as well
        except (TypeError, ValueError):
            continue
        if seconds == seconds:
            return timedelta(seconds=min(max(seconds, 0.0), LONGEST_WAIT))
    return None


# --- what never reached the service -------------------------------------------------------------------


def _login(error: BaseException, operation: str, login: str | None, message: str) -> Fault:
    if isinstance(error, aws.NoCredentialsError):
        sentence = "There are no AWS credentials."
    elif isinstance(error, aws.PartialCredentialsError):
        sentence = "The AWS credentials are not complete."
    elif isinstance(error, aws.CredentialRetrievalError):
        sentence = "The program that fetches the credentials failed."
    else:
        sentence = "The login has expired, or its credentials cannot be read."
    return Fault(FaultKind.LOGIN, sentence, _login_remedy(login), operation, type(error).__name__, message)


def _login_remedy(renewal: str | None) -> str:
    return renewal or "Log in, or name a profile with --profile. Farmwatch goes on by itself afterwards."


def _setup(error: BaseException, operation: str, profile: str | None, message: str) -> Fault:
    if isinstance(error, aws.ProfileNotFound):
        sentence = (
            f"There is no AWS profile {clean(profile, 80)!r}." if profile else "The AWS profile is not there."
        )
        remedy = "See the names with: aws configure list-profiles. Then give one with --profile."
    elif isinstance(error, aws.NoRegionError):
        sentence = "No AWS region is set."
        remedy = "Give one with --region, or set region in the profile, or AWS_DEFAULT_REGION."
    elif isinstance(error, aws.ParamValidationError):
        sentence = "botocore does not accept the question."
        remedy = "It may be too old for Deadline Cloud: update boto3."
    else:
        sentence = "The AWS configuration on this machine is not usable."
        remedy = "See ~/.aws/config; the message below says what is wrong with it."
    return Fault(FaultKind.SETUP, sentence, remedy, operation, type(error).__name__, message)


def _network(error: BaseException, operation: str, message: str) -> Fault:
    text = message.casefold()
    if isinstance(error, aws.ConnectTimeoutError | aws.ReadTimeoutError):
        sentence = "The service did not answer in time."
    elif isinstance(error, aws.ProxyConnectionError):
        sentence = "The proxy cannot be reached."
    elif isinstance(error, aws.SSLError):
        sentence = "No trusted connection to the service could be made (TLS)."
    elif (
        "name or service" in text or "name resolution" in text or "nodename" in text or "getaddrinfo" in text
    ):
        sentence = "The name of the service cannot be resolved (DNS)."
    elif "refused" in text:
        sentence = "The connection was refused."
    elif isinstance(error, aws.ConnectionClosedError):
        sentence = "The connection was closed in the middle of the answer."
    else:
        sentence = "The service cannot be reached."
    remedy = "Is the network up, the VPN connected, the region right? Farmwatch keeps trying."
    if isinstance(error, aws.ProxyConnectionError):
        remedy = "See HTTPS_PROXY and NO_PROXY. Farmwatch keeps trying."
    elif isinstance(error, aws.SSLError):
        remedy = "Is a proxy in between? AWS_CA_BUNDLE names its certificate. Farmwatch keeps trying."
    return Fault(FaultKind.NETWORK, sentence, remedy, operation, type(error).__name__, message)


def _bad_reply(operation: str, code: str, message: str) -> Fault:
    return Fault(
        FaultKind.BAD_REPLY,
        "The answer is not one that Deadline Cloud gives.",
        "Is a proxy or a sign-in page of the network in between? Farmwatch asks again.",
        operation,
        code,
        message,
    )


# --- texts of exceptions ------------------------------------------------------------------------------


def _mapping(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _message(error: BaseException) -> str:
    return _safe(str(error))


def _safe(text: str) -> str:
    return clean(redact(text[: 20 * _MESSAGE_LIMIT]), _MESSAGE_LIMIT)
