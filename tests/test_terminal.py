"""What a terminal shows: lines without one, bars one after the other with one, nothing to obey."""

import io
import re

import pytest
from transformers.utils import logging

from saccade import terminal
from saccade.terminal import inert, progress, quiet_libraries


class Screen(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcödé 目 text\n\tand lines", "plain ünïcödé 目 text\n\tand lines"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("over\rwritten\x07", r"over\rwritten\x07"),
        ("\x9b2Jcleared", r"\x9b2Jcleared"),
        ("gpj.\u202exe", r"gpj.\u202exe"),
        ("bytes \udcff", r"bytes \udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_spelt_out(text, shown):
    assert inert(text) == shown
    shown.encode()


def test_without_a_terminal_there_are_about_ten_lines(capsys):
    with progress("counted") as show:
        for done in range(1, 1001):
            show(done, 1000)
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert lines[0] == "counted: 1 of 1000" and lines[-1] == "counted: 1000 of 1000"
    assert terminal.LINES <= len(lines) <= terminal.LINES + 1


@pytest.mark.parametrize(("rank", "shown"), [("0", "counted by rank 0 of 2: 1 of 1\n"), ("1", "")])
def test_of_several_processes_the_first_shows_its_share(monkeypatch, capsys, rank, shown):
    for name, value in (("RANK", rank), ("WORLD_SIZE", "2"), ("LOCAL_RANK", rank)):
        monkeypatch.setenv(name, value)
    with progress("counted") as show:
        show(1, 1)
    assert capsys.readouterr().err == shown


def test_work_that_jumps_to_its_end_or_has_none_is_one_line(capsys):
    with progress("resumed") as show, progress("idle"):
        show(6, 6)
    with progress("empty") as show:
        show(0, 0)
    assert capsys.readouterr().err == "resumed: 6 of 6\nempty: 0 of 0\n"


def test_on_a_terminal_one_bar_follows_the_other(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress("[b]first[/b]") as first, progress("second") as second:
        first(1, 2)
        first(2, 2)
        second(3, 4)
        second(4, 4)
    words = re.findall(r"\[b\]first\[/b\]|second", screen.getvalue())
    assert words == sorted(words), "a bar was drawn again after the next had begun"
    assert set(words) == {"[b]first[/b]", "second"}
    assert "2/2" in screen.getvalue() and "4/4" in screen.getvalue()


def test_a_bar_that_breaks_off_gives_the_cursor_back(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt), progress("work") as show:
        show(1, 3)
        raise KeyboardInterrupt
    hidden, seen = "\x1b[?25l", "\x1b[?25h"
    assert screen.getvalue().rindex(seen) > screen.getvalue().rindex(hidden)


def test_libraries_draw_bars_on_a_terminal_only(monkeypatch):
    calls = []
    monkeypatch.setattr(logging, "disable_progress_bar", lambda: calls.append("off"))
    monkeypatch.setattr("sys.stderr", Screen())
    quiet_libraries()
    assert calls == []
    monkeypatch.setattr("sys.stderr", io.StringIO())
    quiet_libraries()
    assert calls == ["off"]
