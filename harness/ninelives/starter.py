"""The files that `ninelives init` writes into a project: a first test, a conftest and CI. Pure text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Literal

CI = Literal["github", "gitlab", "none"]


@dataclass(frozen=True, slots=True)
class Project:
    """The facts about a project that the files depend on."""

    bot: str
    """The bot's file from the project's root, with slashes."""
    function: str
    """The function in it that runs the bot."""
    install: str
    """The command that installs the project's dependencies."""
    ci: CI = "github"
    root: str = ""
    """The folder that must be importable for the bot: that of its file, or of its package."""

    @property
    def module(self) -> str:
        """The bot's module as seen from `root`."""
        return self.bot.removeprefix(f"{self.root}/").removesuffix(".py").replace("/", ".")


@dataclass(frozen=True, slots=True)
class File:
    """A file to write: its path from the project's root, and its text."""

    path: str
    text: str


def files(project: Project) -> Iterator[File]:
    """Return the files for a project, in reading order."""
    yield File("tests/test_offline.py", _test(project))
    yield File("conftest.py", _conftest(project))
    if project.ci == "github":
        yield File(".github/workflows/bot.yml", _github(project))
    if project.ci == "gitlab":
        yield File(".gitlab-ci.yml", _gitlab(project))


def _conftest(project: Project) -> str:
    if not project.root:
        return '"""Tests can import the modules of this folder because this file is here."""\n'
    return dedent(
        f'''\
        """Lets tests import the bot as it is started: with its folder on the path."""

        import sys
        from pathlib import Path

        sys.path.insert(0, str(Path(__file__).parent / "{project.root}"))
        '''
    )


def _test(project: Project) -> str:
    return dedent(
        f'''\
        """The whole bot, offline: no network, no key, and an hour takes a moment."""

        import pytest
        from mock_openai import reply
        from ninelives import seconds
        from ninelives.lab import as_tests

        from {project.module} import {project.function}


        @pytest.mark.virtual_time
        async def test_it_answers(openai_server, voice_call):
            openai_server.script.add(reply("We are open from nine to five.", user="open"))
            async with voice_call({project.function}) as caller:
                turn = await caller.say("When are you open?")
            assert turn.played == "We are open from nine to five."


        @pytest.mark.virtual_time
        async def test_it_stops_when_the_caller_cuts_in(openai_server, voice_call):
            openai_server.script.add(reply("We are open from nine to five, except on Sundays.", user="open"))
            async with voice_call({project.function}) as caller:
                turn = await caller.say("When are you open?", cut_in=seconds(1))
            assert turn.played != turn.text
            assert turn.talk_over < 0.5


        # Every way in which a connection can be reset. Without the second argument everything is tried that
        # `ninelives scenarios` lists.
        test_it_survives = as_tests({project.function}, "reset_*")
        '''
    )


def _github(project: Project) -> str:
    return dedent(
        f"""\
        # The bot's tests, offline: no key and no network are needed.
        name: bot

        on:
          push:
          pull_request:

        permissions:
          contents: read

        jobs:
          offline:
            runs-on: ubuntu-latest
            timeout-minutes: 20
            steps:
              - uses: actions/checkout@v4
              - uses: actions/setup-python@v5
                with:
                  python-version: "3.12"
              - run: {project.install}
              - run: pip install 'ninelives[pipecat]'
              - run: pytest
              - run: ninelives verdict {project.bot}:{project.function} --github --html verdict.html
              - if: ${{{{ !cancelled() }}}}
                uses: actions/upload-artifact@v4
                with:
                  name: verdict
                  path: verdict.html
        """
    )


def _gitlab(project: Project) -> str:
    return dedent(
        f"""\
        # The bot's tests, offline: no key and no network are needed.
        bot:
          image: python:3.12
          script:
            - {project.install}
            - pip install 'ninelives[pipecat]'
            - pytest --junit-xml=tests.xml
            - ninelives verdict {project.bot}:{project.function} --junit verdict.xml --html verdict.html
          artifacts:
            when: always
            paths: [verdict.html]
            reports:
              junit: [tests.xml, verdict.xml]
        """
    )
