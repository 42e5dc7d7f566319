"""Regular expressions of people that are tried on every line of a log, with nobody there to end it."""

from __future__ import annotations

from farmwatch.logs.scan import BadPattern, Query

LONGEST = 200
"""Characters of a pattern."""

LOOKED_AT = 1_000
"""Characters of a line that are looked at, because the time grows with a power of them."""

MOST_REPEATS = 4
"""Things in a pattern that may be repeated: that power."""


def lasting_query(text: str) -> Query:
    """A pattern that is tried for as long as a session runs: in any case, unless it has a capital. Raises
    `BadPattern`, in words, for one that is none, that any line would match, or that can take for ever on a
    single line."""
    if not text.strip():
        raise BadPattern("A pattern is wanted: a word, or a regular expression.")
    if len(text) > LONGEST:
        raise BadPattern(f"The pattern has {len(text):,} characters; {LONGEST} are the most.")
    try:
        query = Query(text, is_regex=True)
    except BadPattern as error:
        raise BadPattern(f"It is no regular expression: {error}.") from error
    if query.matches_nothing:
        raise BadPattern("It matches an empty line, and so every line.")
    if _can_take_for_ever(text):
        raise BadPattern(
            f"It can take for ever: a group is repeated in which something is repeated or chosen, more than "
            f"{MOST_REPEATS} things are repeated, or it goes back to a group."
        )
    return query


def matches(query: Query, line: str) -> bool:
    """Whether a line matches, as far as it is looked at."""
    return bool(query.spans(line[:LOOKED_AT]))


def _can_take_for_ever(text: str) -> bool:
    """Whether a group is repeated that has a repetition or a choice in it, much is repeated, or a group is
    gone back to. ``text`` is a regular expression."""
    groups, repeats = [False], 0
    at, in_set = 0, False
    while at < len(text):
        character = text[at]
        if character == "\\":
            if not in_set and text[at + 1 : at + 2].isdigit():
                return True
            at += 2
            continue
        if in_set:
            in_set = character != "]"
        elif character == "[":
            in_set = True
            at += text[at + 1 : at + 2] == "^"
            # The first of a set is itself.
            at += text[at + 1 : at + 2] == "]"
        elif character == "(":
            groups.append(False)
            if text.startswith(("?P=", "?("), at + 1):
                return True
        elif character == ")":
            # More of them than were opened are in a comment.
            inner = groups.pop() if len(groups) > 1 else False
            if inner and _repeats(text, at + 1):
                return True
            groups[-1] = groups[-1] or inner
        elif character == "|" or (character == "?" and text[at - 1 : at] not in ("", "(")):
            groups[-1] = True
        elif _repeats(text, at):
            groups[-1], repeats = True, repeats + 1
        at += 1
    return repeats > MOST_REPEATS


def _repeats(text: str, at: int) -> bool:
    """Whether what stands there repeats what is before it more than once."""
    following = text[at : at + 1]
    if following != "{":
        return following in ("*", "+")
    return text[at : at + 3] not in ("{0}", "{1}") and text[at + 1 : at + 2] in set("0123456789,")
