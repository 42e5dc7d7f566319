"""The pictures in README show the program as it is."""

import pytest

from tests.pictures import FOLDER, PICTURES, draw, words


@pytest.mark.long
@pytest.mark.parametrize("name", PICTURES)
async def test_a_picture_shows_the_program_as_it_is(name: str) -> None:
    kept = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert words(kept) == words(await draw(name)), "the screens have changed: make screenshots"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_asks_no_other_machine_for_anything(name: str) -> None:
    assert "url(" not in (FOLDER / f"{name}.svg").read_text(encoding="utf-8").replace("url(#", "")
