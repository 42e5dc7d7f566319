"""Text without what looks like a secret, for whatever is shown, kept or written down."""

from __future__ import annotations

import re

# As text, which is compiled when it is first wanted: `re` keeps it after that.
_NAMED = (
    r"(?i)"
    r"""((?:secret|token|password|passwd|signature|credential|authorization)[\w-]*["']?\s*[:=]\s*["']?)"""
    r"""[^\s"',}]{6,}"""
)
_SECRETS = (
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b", "(access key)"),
    (_NAMED, r"\1(hidden)"),
    # Session tokens are long base64; paths of log groups are long too, but have hyphens.
    (r"[A-Za-z0-9+/=]{60,}", "(hidden)"),
)


def redact(text: str) -> str:
    """Text without what looks like a secret: a credential process may print one into its error."""
    for pattern, instead in _SECRETS:
        text = re.sub(pattern, instead, text)
    return text
