"""What is typed to leave some rows: words, and words of one field, wanted or not."""

from __future__ import annotations

from collections.abc import Callable, Collection

from msgspec import Struct


class Term(Struct, frozen=True):
    """A word that a row has, or with ``is_unwanted`` has not: in one field, or, without one, in any."""

    word: str
    field: str = ""
    is_unwanted: bool = False


class Filter(Struct, frozen=True):
    """All of its terms hold for the rows that are left. ``unknown`` are fields that were typed and that rows
    have not; such a word is looked for as it stands."""

    terms: tuple[Term, ...] = ()
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, fields: Collection[str]) -> Filter:
        """``status:failed worker:7e2 -user:jon lighting``: words with a space or a colon go in quotes, as in
        ``job:"sh 10"``. The name of a field may be cut short as long as it is meant by no other."""
        terms: list[Term] = []
        unknown: list[str] = []
        for word in _words(text.casefold()):
            is_unwanted = word.startswith("-") and len(word) > 1
            bare = word[1:] if is_unwanted else word
            name, colon, value = bare.partition(":")
            field = _field(name, fields) if colon and not bare.startswith('"') else ""
            if field:
                # Of a field without a word yet nothing is known: it is still being typed.
                if value.strip('"'):
                    terms.append(Term(value.replace('"', ""), field, is_unwanted))
                continue
            if colon and name.isalpha():
                unknown.append(name)
            if bare.strip('"'):
                terms.append(Term(bare.replace('"', ""), "", is_unwanted))
        return cls(tuple(terms), tuple(unknown))

    def leaves(self, text_of: Callable[[str], str], fields: Collection[str]) -> bool:
        """Whether a row is left; ``text_of`` gives the text of a field of it."""
        every: str | None = None
        for term in self.terms:
            if term.field:
                text = text_of(term.field).casefold()
            else:
                every = "\n".join(map(text_of, fields)).casefold() if every is None else every
                text = every
            if (term.word in text) is term.is_unwanted:
                return False
        return True


def _field(name: str, fields: Collection[str]) -> str:
    if name in fields:
        return name
    meant = [one for one in fields if name and one.startswith(name)]
    return meant[0] if len(meant) == 1 else ""


def _words(text: str) -> list[str]:
    """The words between spaces; what stands in quotes is part of one word."""
    words: list[str] = []
    word, is_quoted = "", False
    for character in text:
        if character.isspace() and not is_quoted:
            words.append(word)
            word = ""
            continue
        is_quoted ^= character == '"'
        word += character
    return [one for one in (*words, word) if one]
