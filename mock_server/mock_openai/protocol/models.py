"""What differs between models, as the API's response objects show it.

That is the snapshot that an alias stands for, the defaults of `top_p`, reasoning effort and cache retention,
the context window, and whether sampling parameters are accepted. A name is known when it is one of a known
family with known endings ("gpt-5.2-chat", "o4-mini-2025-04-16"); others are unknown models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Model:
    """The facts about one family of models.

    `effort` and `context` are the reasoning defaults, None for models that do not reason. `sampling` tells
    whether `temperature` and `top_p` are accepted at all. `phase` tells whether messages name their phase.
    `efforts`, `contexts`, `modes` and `verbosities` are the values that it accepts (reported, measured by
    trying them all). `summarizes` tells whether it can sum up its reasoning. `steers` tells whether a
    response can be steered while it is written: GPT-6 and later (documented). `long_cache_only` tells whether
    prompts are kept for a day or not at all: gpt-5.5 and later (reported). `window` is its context window in
    tokens (documented, for the newest families inferred).
    """

    top_p: float = 1.0
    cache_retention: str = "in_memory"
    effort: str | None = None
    context: str | None = None
    sampling: bool = True
    phase: bool = False
    window: int = 128_000
    efforts: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ("auto", "current_turn")
    modes: tuple[str, ...] = ()
    summarizes: bool = False
    verbosities: tuple[str, ...] = ("medium",)
    steers: bool = False
    long_cache_only: bool = False

    @property
    def exact_cache(self) -> bool:
        """Whether its cache counts single tokens and reports writes: gpt-5.6 and later (documented)."""
        return self.context == "all_turns"

    @property
    def loads_plainly(self) -> bool:
        """Whether functions that the client loads stay plain functions: gpt-5.6 and later (observed)."""
        return self.context == "all_turns"

    @property
    def may_skip_reasoning(self) -> bool:
        """Whether it can answer without reasoning: gpt-5.1 and later (documented)."""
        return "none" in self.efforts

    @property
    def reasons(self) -> bool:
        """Whether the model reasons before it answers."""
        return self.effort is not None


_OPEN = Model()
_VERBOSITIES = ("low", "medium", "high")
_OMNI_REASONER = Model(
    effort="medium",
    context="current_turn",
    sampling=False,
    window=200_000,
    efforts=("low", "medium", "high"),
    modes=("standard",),
    summarizes=True,
)
_EARLY_CODEX = replace(_OMNI_REASONER, window=400_000)
_GPT_5 = replace(_EARLY_CODEX, efforts=("minimal", "low", "medium", "high"), verbosities=_VERBOSITIES)
_GPT_5_1 = replace(_GPT_5, effort="none", efforts=("none", "low", "medium", "high"))
_GPT_5_2 = replace(
    _GPT_5_1, top_p=0.98, cache_retention="24h", efforts=("none", "low", "medium", "high", "xhigh")
)
_CHAT = replace(_GPT_5_2, effort="medium", efforts=("medium",), verbosities=("medium",))
_CODEX = replace(_GPT_5_2, effort="medium", efforts=("low", "medium", "high", "xhigh"))
_CODEX_5_3 = replace(_CODEX, efforts=_GPT_5_2.efforts, sampling=True, phase=True)
_PRO = replace(_GPT_5_2, effort="medium", efforts=("medium", "high", "xhigh"), modes=("pro",))
_CONTEXTS = ("auto", "current_turn", "all_turns")
_GPT_5_4 = replace(_GPT_5_2, phase=True, contexts=_CONTEXTS, window=1_050_000)
_PRO_5_4 = replace(_PRO, phase=True, contexts=_CONTEXTS, window=1_050_000)
_GPT_5_5 = replace(_GPT_5_4, effort="medium", long_cache_only=True)
_NEWEST = replace(
    _GPT_5_5, context="all_turns", efforts=(*_GPT_5_4.efforts, "max"), modes=("standard", "pro")
)

# First match wins. Observed where a recording exists; families between two observed ones take the nearest
# (inferred).
_FAMILIES: tuple[tuple[str, Model], ...] = (
    (r"gpt-5(\.1)?-chat", _OPEN),
    (r"gpt-5\.2-chat", _CHAT),
    (r"gpt-5\.3-chat", replace(_CHAT, phase=True)),
    (r"gpt-5\.\d+-chat", replace(_CHAT, phase=True, contexts=_CONTEXTS)),
    (r"gpt-([6-9]|\d\d)", replace(_NEWEST, steers=True)),
    (r"gpt-(daybreak|rosalind)", _NEWEST),
    (r"gpt-5\.([6-9]|\d\d)", _NEWEST),
    (r"gpt-5\.5-pro", replace(_PRO_5_4, long_cache_only=True)),
    (r"gpt-5\.4-pro", _PRO_5_4),
    (r"gpt-5\.5", _GPT_5_5),
    (r"gpt-5\.4", _GPT_5_4),
    (r"gpt-5\.3-codex-spark", replace(_CODEX_5_3, summarizes=False)),
    (r"gpt-5\.3", _CODEX_5_3),
    (r"gpt-5\.2-codex", _CODEX),
    (r"gpt-5\.2-pro", _PRO),
    (r"gpt-5\.2", _GPT_5_2),
    (r"gpt-5\.1-codex-max", replace(_EARLY_CODEX, efforts=_CODEX.efforts)),
    (r"gpt-5(\.1)?-codex", _EARLY_CODEX),
    (r"gpt-5\.1", _GPT_5_1),
    (r"gpt-5-pro", replace(_GPT_5, effort="high", efforts=("high",), modes=("pro",))),
    (r"gpt-5", _GPT_5),
    (r"o1-pro", replace(_OMNI_REASONER, modes=("pro",), summarizes=False)),
    (r"o\d-pro", replace(_OMNI_REASONER, modes=("pro",))),
    (r"o\d", _OMNI_REASONER),
    (r"codex-", _OMNI_REASONER),
    (
        r"computer-use",
        Model(
            effort="medium", context="current_turn", efforts=("medium",), modes=("standard",), summarizes=True
        ),
    ),
    (r"gpt-4\.1", replace(_OPEN, window=1_047_576)),
    (r"gpt-3\.5", replace(_OPEN, window=16_385)),
    (r"gpt-4($|-\d)", replace(_OPEN, window=8_192)),
    (r"", _OPEN),
)

# Observed where a recording exists, otherwise as the documentation and lists of models name them.
_SNAPSHOTS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "gpt-5.2": "gpt-5.2-2025-12-11",
    "gpt-5.4": "gpt-5.4-2026-03-05",
    "gpt-5.4-mini": "gpt-5.4-mini-2026-03-17",
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "gpt-5.5-pro": "gpt-5.5-pro-2026-04-23",
    "gpt-5.6": "gpt-5.6-sol",
    "gpt-4": "gpt-4-0613",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4.5-preview": "gpt-4.5-preview-2025-02-27",
    "gpt-4o-search-preview": "gpt-4o-search-preview-2025-03-11",
    "gpt-4o-mini-search-preview": "gpt-4o-mini-search-preview-2025-03-11",
    "gpt-5-pro": "gpt-5-pro-2025-10-06",
    "gpt-5.2-pro": "gpt-5.2-pro-2025-12-11",
    "gpt-5.4-pro": "gpt-5.4-pro-2026-03-05",
    "gpt-5.4-nano": "gpt-5.4-nano-2026-03-17",
    "o1": "o1-2024-12-17",
    "o1-pro": "o1-pro-2025-03-19",
    "o3": "o3-2025-04-16",
    "o3-pro": "o3-pro-2025-06-10",
    "o3-deep-research": "o3-deep-research-2025-06-26",
    "o4-mini-deep-research": "o4-mini-deep-research-2025-06-26",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "computer-use-preview": "computer-use-preview-2025-03-11",
}

_KNOWN = re.compile(
    r"""(ft:)?(
        gpt-[5-9](\.\d+)?(-(
            chat|codex|pro|mini|nano|max|spark|sol|luna|terra|astra|cyber|law|rosalind
          | thinking|instant|realtime|audio|search|api
        ))*
      | gpt-(audio|realtime)(-mini)?
      | gpt-(daybreak-(blue|red)|rosalind-research)
      | gpt-4(\.\d)?(-(mini|nano|preview))?
      | gpt-4(-(turbo|preview|32k|vision))*
      | gpt-4o(-(mini|audio|search|realtime|transcribe|tts|preview))*
      | gpt-3\.5-turbo(-(16k|instruct))?
      | gpt-oss-\d+b
      | o\d(-(mini|pro|preview|deep-research))*
      | chatgpt-4o
      | codex-mini
      | computer-use-preview
    )
    (-latest)?(-\d{4}(-\d\d-\d\d)?)?(-preview)?(:.*)?""",
    re.VERBOSE,
)


# Models of other APIs, and models whose names this API does not know at all (reported).
_ELSEWHERE = re.compile(
    r"(gpt-.*-)?(search-(api|preview)|(audio|realtime)(-mini)?(-preview)?|transcribe(-diarize)?|tts)(-[\d-]+)?"
    r"|gpt-(audio|realtime|image)(-.*)?|chatgpt-image.*|tts-1.*|whisper-.*"
)
_UNHEARD = re.compile(r"dall-e-.*|(davinci|babbage)-.*|text-embedding-.*")


# The model that a stored prompt is assumed to name, because this server stores no prompts.
OF_A_PROMPT = "gpt-4.1"


@lru_cache(maxsize=256)
def is_known(name: str) -> bool:
    """Return whether a name is built like those of OpenAI's models. Whether the model exists today is not
    checked.
    """
    return bool(_KNOWN.fullmatch(name))


@lru_cache(maxsize=256)
def is_elsewhere(name: str) -> bool:
    """Return whether a model belongs to another API: audio, images, searches of the Chat API."""
    return bool(_ELSEWHERE.fullmatch(name))


@lru_cache(maxsize=256)
def is_unheard(name: str) -> bool:
    """Return whether a model is unknown to this API: embeddings and the oldest (reported)."""
    return bool(_UNHEARD.fullmatch(name))


def snapshot(name: str) -> str:
    """Return the snapshot that an alias means; other names are returned as they are."""
    return _SNAPSHOTS.get(name, name)


@lru_cache(maxsize=256)
def facts(name: str) -> Model:
    """Return the facts about a model, by family."""
    return next(model for pattern, model in _FAMILIES if re.match(pattern, name))
