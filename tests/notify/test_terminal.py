"""What a terminal is sent to have it show a notification, what it answers, and by which way it is told."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farmwatch.notify.terminal import (
    LONGEST_BODY,
    QUERY_ID,
    Multiplexer,
    Notification,
    Report,
    ReportKind,
    Urgency,
    Way,
    query,
    report_of,
    sequence,
)
from farmwatch.notify.terminal_choice import AUTO, Tmux, ask_tmux, choose
from tests.payloads import ESCAPES

STUCK = Notification("3f9a", "stuck: sq010; sh0420", "silent 38 min of 55\nframe 7", Urgency.CRITICAL)

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def parts_of(sent: str) -> list[tuple[dict[str, str], str]]:
    """The parts of OSC 99, each with its keys and its text."""
    found = re.findall(r"\x1b\]99;([^;]*);([^;\x1b\x07]*)(?:\x1b\\|\x07)", sent)
    return [
        (dict(one.split("=", 1) for one in keys.split(":")), base64.b64decode(text).decode())
        for keys, text in found
    ]


def test_osc_99_has_title_and_body_under_one_id_and_wants_a_click_reported() -> None:
    title, body = parts_of(sequence(STUCK, Way.OSC99))
    assert title[1] == "stuck: sq010; sh0420"
    assert body[1] == "silent 38 min of 55 · frame 7"
    assert title[0].items() >= {"i": "3f9a", "d": "0", "p": "title", "u": "2", "a": "report,focus"}.items()
    assert body[0].items() >= {"i": "3f9a", "d": "1", "p": "body"}.items()
    assert "s" not in title[0]


def test_a_silent_one_asks_for_no_sound() -> None:
    silent = Notification("3f9a", "resolved", "", Urgency.LOW, silent=True)
    keys = parts_of(sequence(silent, Way.OSC99))[0][0]
    assert base64.b64decode(keys["s"]) == b"silent"
    assert keys["u"] == "0"


def test_the_other_ways_have_one_line_without_semicolons() -> None:
    body = "silent 38 min of 55 · frame 7"
    assert sequence(STUCK, Way.OSC777) == f"\x1b]777;notify;stuck: sq010, sh0420;{body}\x07"
    assert sequence(STUCK, Way.OSC9) == f"\x1b]9;Farmwatch: stuck: sq010, sh0420 · {body}\x07"
    assert sequence(STUCK, Way.BELL) == "\x07"
    assert sequence(STUCK, Way.OFF) == ""


def test_a_multiplexer_is_told_to_hand_it_on_and_a_bell_it_hands_on_anyway() -> None:
    plain = sequence(STUCK, Way.OSC777)
    assert sequence(STUCK, Way.OSC777, Multiplexer.TMUX) == f"\x1bPtmux;\x1b{plain}\x1b\\"
    assert sequence(STUCK, Way.OSC777, Multiplexer.SCREEN) == f"\x1bP{plain}\x1b\\"
    assert sequence(STUCK, Way.BELL, Multiplexer.TMUX) == "\x07"
    wrapped = sequence(STUCK, Way.OSC99, Multiplexer.TMUX)
    assert wrapped.count("\x1bPtmux;\x1b\x1b]99;") == wrapped.count("\x1b\\") == 2
    # The report of a click would go to whatever pane is in front.
    assert "report" not in wrapped


def names_in(sent: str, way: Way) -> list[str]:
    if way is Way.OSC99:
        return [text for _, text in parts_of(sent)]
    return sent.removeprefix("\x1b]777;notify;").removeprefix("\x1b]9;").removesuffix("\x07").split(";")


@given(
    st.text() | st.sampled_from(sorted(ESCAPES.values())),
    st.text(max_size=3000),
    st.sampled_from([Way.OSC99, Way.OSC777, Way.OSC9]),
)
def test_no_name_ends_the_sequence_or_has_a_control_in_it(title: str, body: str, way: Way) -> None:
    sent = sequence(Notification(title, title, body), way)
    names = names_in(sent, way)
    assert len(names) == (1 if way is Way.OSC9 else 2)
    assert not any(CONTROLS.search(name) for name in names)
    assert all(len(name) <= LONGEST_BODY + 20 for name in names)
    parts = sent.split("\x1b]99;")[1:] if way is Way.OSC99 else [sent]
    assert all(len(part.encode(errors="replace")) < 4096 for part in parts)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (f"99;i={QUERY_ID}:p=?;a=focus,report:o=always:p=title,body,?", ReportKind.KNOWS_OSC99),
        ("99;i=3f9a;", ReportKind.ACTIVATED),
        ("99;i=3f9a:p=close;", ReportKind.CLOSED),
        ("99;i=3f9a:p=close;untracked", None),
        ("99;i=somebody-else:p=?;a=focus", None),
        ("99;;", None),
        ("99;i=3f9a:p=alive;a,b", None),
        ("11;rgb:0000/0000/0000", None),
        ("", None),
        ("99", None),
        ("99;i=3f9a", None),
    ],
)
def test_what_a_terminal_answers_is_understood(answer: str, told: ReportKind | None) -> None:
    report = report_of(answer)
    about = QUERY_ID if told is ReportKind.KNOWS_OSC99 else "3f9a"
    assert report == (None if told is None else Report(told, about))


def test_the_question_is_one_that_ends() -> None:
    assert query() == f"\x1b]99;i={QUERY_ID}:p=?;\x1b\\"


@pytest.mark.parametrize(
    ("environ", "way", "asks"),
    [
        ({"TERM": "xterm-kitty"}, Way.OSC99, False),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, Way.OSC777, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Way.OSC777, True),
        ({"TERM": "foot-extra"}, Way.OSC777, True),
        ({"TERM": "rxvt-unicode-256color"}, Way.OSC777, True),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "230804"}, Way.OSC777, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "0"}, Way.OSC777, True),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Way.OSC9, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "zed"}, Way.OSC9, True),
        ({"TERM": "alacritty"}, Way.BELL, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, Way.BELL, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, Way.BELL, True),
        ({"TERM": "linux"}, Way.BELL, False),
        ({"TERM": "dumb"}, Way.BELL, False),
        ({"TERM": "xterm-256color"}, Way.BELL, True),
        ({}, Way.BELL, False),
        # What a terminal says of itself goes before what is inherited of another one.
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm", "KITTY_WINDOW_ID": "1"}, Way.OSC777, True),
        # Of another machine's terminal only TERM comes through ssh; within tmux there, and here, nothing is
        # asked.
        ({"TERM": "screen-256color"}, Way.BELL, False),
        ({"TERM": "tmux-256color"}, Way.BELL, False),
        ({"TERM": "screen", "STY": "1.pts-0", "KITTY_WINDOW_ID": "1"}, Way.OSC99, False),
    ],
)
def test_the_way_is_chosen_by_what_is_known_of_the_terminal(
    environ: Mapping[str, str], way: Way, asks: bool
) -> None:
    choice = choose(AUTO, environ)
    assert (choice.way, choice.asks) == (way, asks)
    assert choice.why


IN_TMUX = {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "TMUX": "/tmp/tmux-0/default,1,0"}


@pytest.mark.parametrize(
    ("environ", "tmux", "way"),
    [
        (IN_TMUX, None, Way.BELL),
        (IN_TMUX | {"KITTY_WINDOW_ID": "1"}, None, Way.OSC99),
        (IN_TMUX, Tmux("on", "kitty(0.40.1)", "xterm-kitty"), Way.OSC99),
        (IN_TMUX, Tmux("on", "iTerm2 3.5.4", "xterm-256color"), Way.OSC9),
        (IN_TMUX, Tmux("all", "", "foot"), Way.OSC777),
        (IN_TMUX, Tmux("", "", "foot"), Way.OSC777),
        (IN_TMUX, Tmux("off", "", "foot"), Way.BELL),
        (IN_TMUX | {"KITTY_WINDOW_ID": "1"}, Tmux("on", "", "xterm-256color"), Way.BELL),
    ],
)
def test_within_tmux_the_terminal_is_the_one_that_tmux_names(
    environ: Mapping[str, str], tmux: Tmux | None, way: Way
) -> None:
    choice = choose(AUTO, environ, tmux)
    assert (choice.way, choice.inside, choice.asks) == (way, Multiplexer.TMUX, False)


def test_what_the_settings_say_goes_before_all_that_is_known() -> None:
    choice = choose("osc9", IN_TMUX, Tmux("off", "kitty", "xterm-kitty"))
    assert (choice.way, choice.inside, choice.asks) == (Way.OSC9, Multiplexer.TMUX, False)
    assert choose("off", {"TERM": "xterm-kitty"}).way is Way.OFF


def a_tmux(folder: Path, script: str) -> Mapping[str, str]:
    """A program that is called tmux, and does what the script says."""
    path = folder / "tmux"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return IN_TMUX | {"TMUX_PANE": "%3", "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.skipif(os.name != "posix", reason="there is no tmux on Windows")
def test_tmux_is_asked_about_its_own_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = a_tmux(tmp_path, r"printf '1\nkitty(0.40.1)\033[31m\nxterm-kitty\n'; echo $* >> asked")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", environ["PATH"])
    assert ask_tmux(environ) == Tmux("on", "kitty(0.40.1)␛[31m", "xterm-kitty")
    assert "-t %3" in (tmp_path / "asked").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="there is no tmux on Windows")
def test_a_tmux_that_fails_or_is_not_there_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = a_tmux(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", environ["PATH"])
    assert ask_tmux(environ) is None
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert ask_tmux(environ) is None
    assert ask_tmux({"TERM": "xterm"}) is None
