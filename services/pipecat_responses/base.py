"""The base class of both services: arguments, requests, and the methods that Pipecat calls."""

import asyncio
import os
import random
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from loguru import logger
from openai import AsyncOpenAI
from pipecat.adapters.llm.base_llm_adapter import LLMContextConversionError
from pipecat.adapters.llm.services.open_ai_responses_adapter import OpenAIResponsesLLMAdapter
from pipecat.frames.frames import (
    Frame,
    FunctionCallFromLLM,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMUpdateSettingsFrame,
    StartFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.openai.base_llm import OPENAI_MODEL_WITHOUT_RESPONSE_SCHEMA
from pipecat.utils.tracing.service_decorators import traced_llm
from pipecat.utils.types import assert_given

from .attempts import TurnService
from .errors import Failure, TurnBroken
from .http_client import http_client
from .items import Names
from .messages import carried
from .request import build_body, encode, json_schema_format, names_of, output_text
from .settings import (
    OpenAIResponsesLLMSettings,
    OpenAIResponsesReasoningConfig,
    default_settings,
    lightest_effort,
    model_reasons,
    unsent_settings,
)
from .tap import Tap, WireListener
from .timeouts import Timeouts
from .turn import Turn

__all__ = ["ResponsesService"]


class ResponsesService(TurnService):
    """Base of both services."""

    Settings = OpenAIResponsesLLMSettings
    ReasoningConfig = OpenAIResponsesReasoningConfig
    adapter_class = OpenAIResponsesLLMAdapter
    supports_response_schema: bool = True
    _settings: OpenAIResponsesLLMSettings

    def __init__(
        self,
        *,
        api_key: Any = None,
        base_url: Any = None,
        organization: str | None = None,
        project: str | None = None,
        default_headers: Mapping[str, str] | None = None,
        service_tier: str | None = None,
        settings: OpenAIResponsesLLMSettings | None = None,
        retry_timeout_secs: float | None = 5.0,
        retry_on_timeout: bool | None = False,
        timeouts: Timeouts | None = None,
        speak_refusals: bool = True,
        continue_after_loss: bool = True,
        unusable_after: int | None = None,
        delete_on_close: bool = False,
        rng: random.Random | None = None,
        **kwargs: Any,
    ) -> None:
        """Make a service; it connects when its pipeline is set up.

        Args:
            api_key: OpenAI API key; by default that of the environment variable OPENAI_API_KEY.
            base_url: URL of the API, with the version and without ``/responses``.
            organization: OpenAI organization to bill.
            project: OpenAI project to bill.
            default_headers: Headers to send with every request and every WebSocket handshake.
            service_tier: Service tier to ask for.
            settings: Initial settings; they may change while the bot runs.
            retry_timeout_secs: With ``retry_on_timeout``: seconds without output until it is repeated.
            retry_on_timeout: Whether to use ``retry_timeout_secs`` in place of ``timeouts.first_output``.
            timeouts: Limits for waiting; see ``Timeouts``.
            speak_refusals: Whether a model's refusal is spoken; otherwise it is reported as an empty answer.
            continue_after_loss: Whether the model continues an answer that broke off; if not, it is an error.
            unusable_after: Number of failed turns in a row after which the service is unusable and a switcher
                can move on, until a probe is answered. None: it stays usable through an outage.
            delete_on_close: Whether stored responses are deleted at the end; see ``Timeouts.delete``.
            rng: Source of the jitter between attempts; pass a seeded one for reproducible tests.
            **kwargs: Passed on to Pipecat's base classes.
        """
        initial = default_settings(self.Settings)
        if settings is not None:
            initial.apply_update(settings)
        super().__init__(
            settings=initial,
            retry_timeout_secs=retry_timeout_secs,
            retry_on_timeout=retry_on_timeout,
            timeouts=timeouts,
            speak_refusals=speak_refusals,
            continue_after_loss=continue_after_loss,
            unusable_after=unusable_after,
            rng=rng,
            **kwargs,
        )
        self._tap = Tap()
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY")
        self._service_tier = service_tier
        self._delete_on_close = delete_on_close
        self._told_unsent: set[str] = set()
        self._told_left_out: set[str] = set()
        self._told_model_cannot_reason: str | None = None
        self._last_context: LLMContext | None = None
        self._answering = False
        self._client = self._create_client(
            api_key=api_key,
            base_url=base_url,
            organization=organization,
            project=project,
            default_headers=default_headers,
        )

    def _create_client(
        self,
        api_key: Any = None,
        base_url: Any = None,
        organization: str | None = None,
        project: str | None = None,
        default_headers: Mapping[str, str] | None = None,
    ) -> AsyncOpenAI:
        """Return the HTTP client, for ``run_inference`` and for the HTTP service's turns."""
        return AsyncOpenAI(
            api_key=api_key,
            base_url=base_url,
            organization=organization,
            project=project,
            default_headers=default_headers,
            http_client=http_client(),
        )

    def _note_keys(self) -> None:
        headers = {**self._client.default_headers, **self._client.auth_headers}
        self._keys.note(self._client.base_url, headers)

    def watch_wire(self, listener: WireListener | None) -> None:
        """Call ``listener`` in the loop's thread with every message sent or received; None stops that.

        ``tap.WireListener`` documents its arguments. It must be fast: the service waits until it returns.
        """
        self._tap.listener = listener

    # -- what Pipecat calls ------------------------------------------------------------------------

    def can_generate_metrics(self) -> bool:
        """Return True: both services report metrics."""
        return True

    @staticmethod
    def model_supports_response_schema(model: str) -> bool:
        """Whether a model supports answers by JSON schema; OpenAI's oldest models do not."""
        return not OPENAI_MODEL_WITHOUT_RESPONSE_SCHEMA.match(model)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's
        """Prepare for a pipeline, also for one after another."""
        if self._client.is_closed():
            self._client = self._client.copy(http_client=http_client())
        self._outage.reopen()
        await super().setup(setup)

    async def start(self, frame: StartFrame) -> None:
        """Start, and warn once about settings without effect."""
        await super().start(frame)
        self._warn_of_unsent_settings()

    async def _update_settings(self, delta: Any) -> dict[str, Any]:
        changed = await super()._update_settings(delta)
        self._warn_of_unsent_settings()
        return changed

    def _warn_of_unsent_settings(self) -> None:
        """Warn about settings without effect, each once."""
        if news := [name for name in unsent_settings(self._settings) if name not in self._told_unsent]:
            self._told_unsent.update(news)
            logger.warning(f"{self}: the Responses API does not support {', '.join(news)}; they are not sent")

    async def cleanup(self) -> None:
        """Delete stored responses with ``delete_on_close``, and close the HTTP client."""
        try:
            await super().cleanup()  # type: ignore[no-untyped-call]
            if self._delete_on_close:
                delete = self._client.responses.delete
                await self._stored.delete(delete, within=self._timeouts.delete, shown=self._shown)
        finally:
            await self._outage.close()  # not before: a turn that fails while it stops may begin to probe
            await self._client.close()

    async def run_inference(
        self,
        context: LLMContext,
        max_tokens: int | None = None,
        system_instruction: str | None = None,
        response_schema: dict[str, Any] | None = None,
    ) -> str | None:
        """Return one answer to a context over HTTP, outside the pipeline.

        Raises the openai package's errors.
        """
        body, _ = await self._request_of(
            context, system_instruction or assert_given(self._settings.system_instruction)
        )
        if max_tokens is not None:
            body["max_output_tokens"] = max_tokens
        if (schema := self._check_response_schema(response_schema)) is not None:
            body["text"] = {**body.get("text", {}), "format": json_schema_format(schema)}
        response = await self._client.post(
            "/responses", cast_to=object, content=encode({**body, "stream": False})
        )
        return output_text(response) if isinstance(response, dict) else None

    async def _probe(self) -> None:
        body = {"model": self._settings.model, "input": "Say yes.", "store": False, "max_output_tokens": 16}
        self._set_lightest_effort(body)
        await self._client.with_options(max_retries=0, timeout=self._timeouts.first_output).post(
            "/responses", cast_to=object, content=encode(body)
        )

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer context frames; pass on all others."""
        await super().process_frame(frame, direction)
        self._sounding.note(frame, asyncio.get_running_loop().time())
        if isinstance(frame, LLMContextFrame):
            await self._answer(frame.context)
        elif not (isinstance(frame, LLMUpdateSettingsFrame) and frame.service not in (None, self)):
            await self.push_frame(frame, direction)  # settings for another service were passed on already

    async def _answer(self, context: LLMContext) -> None:
        self._last_context = context
        self._sounding.look_behind(self)
        self._answering = True
        try:
            await self.push_frame(LLMFullResponseStartFrame())
            await self.start_processing_metrics()
            await self._process_context(context)
        except TurnBroken as broken:
            await self._report(broken.failure, self._keys.broken(broken))
        except LLMContextConversionError as error:
            dropped = context.remove_invalid_file_message()
            await self._report(Failure("context", str(error), code="invalid_value"), error, dropped=dropped)
        except Exception as error:
            what = f"Error during inference: {self._shown(str(error))}"
            await self.push_error(error_msg=what, exception=error)
        finally:
            self._answering = False
            await self._end_thought()
            await self.stop_processing_metrics()
            await self.push_frame(LLMFullResponseEndFrame())

    @traced_llm
    async def _process_context(self, context: LLMContext) -> None:
        self._log_llm_response(context)
        body, names = await self._request_of(context, assert_given(self._settings.system_instruction))
        self._warn_if_model_cannot_reason(body)
        conversation = body.pop("input")
        limits = self._timeouts.for_body(body)
        turn = Turn(
            input=conversation,
            body=body,
            limits=limits,
            silent_since=asyncio.get_running_loop().time() - self._silence_before(conversation, limits),
            drop_file=context.remove_invalid_file_message,
        )
        await self.start_ttfb_metrics()
        calls = await self._run_turn(turn)
        if calls:
            self._silent_for = asyncio.get_running_loop().time() - self._silent_since(turn)
            await self.run_function_calls(
                [
                    FunctionCallFromLLM(
                        context=context,
                        tool_call_id=call.call_id or f"call_{uuid4().hex}",  # Pipecat knows results by it
                        function_name=names.own(call.name),
                        arguments=call.arguments,
                    )
                    for call in calls
                ]
            )

    # -- the request -------------------------------------------------------------------------------

    async def _request_of(
        self, context: LLMContext, system_instruction: str | None
    ) -> tuple[dict[str, Any], Names]:
        """Return the body of a request, and the names of its functions."""
        adapter = self.get_llm_adapter()
        invocation = await adapter.get_llm_invocation_params(
            carried(
                context,
                bundles=type(adapter) is OpenAIResponsesLLMAdapter,
                specific=adapter.create_llm_specific_message,
                warn=self._warn_of_left_out_parts,
            ),
            system_instruction=system_instruction,
        )
        names = names_of(invocation)
        body = build_body(
            self._settings,
            invocation,
            tool_choice=context.tool_choice,
            service_tier=self._service_tier,
            names=names,
            warn=self._warn_of_left_out_parts,
        )
        if "reasoning" not in body:
            self._set_lightest_effort(body)
        return body, names

    def _warn_of_left_out_parts(self, what: str) -> None:
        """Warn about parts of a context that the API would refuse, each kind once."""
        if what not in self._told_left_out:
            self._told_left_out.add(what)
            logger.warning(f"{self}: left out of the request, because the API would refuse it: {what}")

    def _set_lightest_effort(self, body: dict[str, Any]) -> None:
        model = str(body.get("model") or "")
        effort = lightest_effort(model)
        self._apply_thinking_default(
            body,
            model,
            None if effort is None else {"reasoning": {"effort": effort}},
            can_think=bool(model_reasons(model)),
            provider="OpenAI",
            settings_fields="`reasoning`",
        )

    def _warn_if_model_cannot_reason(self, body: Mapping[str, Any]) -> None:
        model = str(body.get("model") or "")
        wanted = self._settings.reasoning and model_reasons(model) is False
        if wanted and model != self._told_model_cannot_reason:
            self._told_model_cannot_reason = model
            logger.error(
                f"{self}: {model} does not reason; drop `reasoning` from the settings or choose another model"
            )
