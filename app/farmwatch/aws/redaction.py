"""Text without what looks like a secret, for whatever is shown, kept or written down."""

from __future__ import annotations

import re

_NAMED = (
    r"""((?:secret|token|password|passwd|signature|credential|authorization)[\w-]*["']?\s*[:=]\s*["']?)"""
    r"""[^\s"',}]{6,}"""
)
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), "(access key)"),
    (re.compile(_NAMED, re.IGNORECASE), r"\1(hidden)"),
    # Session tokens are long base64; paths of log groups are long too, but have hyphens.
    (re.compile(r"[A-Za-z0-9+/=]{60,}"), "(hidden)"),
)


def redact(text: str) -> str:
    """Text without what looks like a secret: a credential process may print one into its error."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
