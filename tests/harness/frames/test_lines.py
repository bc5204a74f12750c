"""Frames as lines: readable, and the same in every run."""

from ninelives.bot import Captured, Turn
from ninelives.frames import to_lines
from pipecat.frames.frames import (
    ErrorFrame,
    FunctionCallFromLLM,
    FunctionCallInProgressFrame,
    FunctionCallsStartedFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    LLMThoughtTextFrame,
    LLMUpdateSettingsFrame,
    MetricsFrame,
    OutputImageRawFrame,
    StartFrame,
    TextFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage, LLMUsageMetricsData, TTFBMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.settings import LLMSettings
from pipecat.utils.errors import ErrorCategory


def one(frame, **options):
    (line,) = to_lines([frame], **options)
    return line


def test_a_frame_is_its_class_and_what_is_special_about_it():
    assert one(LLMFullResponseStartFrame()) == "LLMFullResponseStartFrame"
    assert one(LLMTextFrame("Grüße")) == 'LLMTextFrame {"text":"Grüße"}'
    assert one(LLMThoughtTextFrame("hm")) == 'LLMThoughtTextFrame {"text":"hm"}'


def test_a_captured_frame_has_its_time_and_way():
    frames = [Captured(1.23456, "down", LLMTextFrame("a")), Captured(2, "up", ErrorFrame("no"))]
    assert to_lines(frames, times=True) == [
        '1.235 ↓ LLMTextFrame {"text":"a"}',
        '2.000 ↑ ErrorFrame {"error":"no"}',
    ]
    assert to_lines(frames)[0] == '- ↓ LLMTextFrame {"text":"a"}'


def test_unusual_fields_show():
    frame = LLMTextFrame("quiet")
    frame.skip_tts = True
    frame.append_to_context = False
    assert one(frame) == 'LLMTextFrame {"append_to_context":false,"skip_tts":true,"text":"quiet"}'
    joined = TextFrame("x")
    joined.includes_inter_frame_spaces = True
    assert one(joined) == 'TextFrame {"includes_inter_frame_spaces":true,"text":"x"}'


def test_identifiers_and_stamps_never_show():
    def call():
        frame = FunctionCallInProgressFrame("f", "call_1", {"a": 1}, group_id=str(id(object())))
        frame.pts, frame.metadata, frame.transport_source = 7, {"k": 1}, "mic"
        frame.broadcast_sibling_id = 12
        return frame

    assert one(call()) == one(call())
    assert one(call()) == (
        'FunctionCallInProgressFrame {"arguments":{"a":1},"function_name":"f","tool_call_id":"call_1"}'
    )


def test_audio_and_images_are_digests():
    assert one(TTSAudioRawFrame(b"\0" * 640, 16000, 1)).startswith(
        'TTSAudioRawFrame {"audio":"<640 bytes c76a3d95>"'
    ) or "<640 bytes " in one(TTSAudioRawFrame(b"\0" * 640, 16000, 1))
    quiet, loud = TTSAudioRawFrame(b"\0" * 640, 16000, 1), TTSAudioRawFrame(b"\1" * 640, 16000, 1)
    assert one(quiet) != one(loud)
    assert '"image":"<3 bytes ' in one(OutputImageRawFrame(b"rgb", (1, 1), "RGB"))


def test_counters_of_instances_are_dropped():
    first, second = FrameProcessor(), FrameProcessor()
    lines = [one(ErrorFrame(f"{each} failed", category=ErrorCategory.SERVER)) for each in (first, second)]
    assert lines[0] == lines[1] == 'ErrorFrame {"category":"server","error":"FrameProcessor failed"}'


def test_measured_times_are_kept_only_when_virtual():
    usage = LLMTokenUsage(prompt_tokens=1, completion_tokens=2, total_tokens=3)
    frame = MetricsFrame(
        [TTFBMetricsData(processor="X#3", value=0.1234567), LLMUsageMetricsData(processor="X#3", value=usage)]
    )
    counted = '{"kind":"LLMUsage","value":{"completion_tokens":2,"prompt_tokens":1,"total_tokens":3}}'
    assert one(frame) == f'MetricsFrame {{"data":[{{"kind":"TTFB","value":"<time>"}},{counted}]}}'
    assert one(frame, times=True) == f'MetricsFrame {{"data":[{{"kind":"TTFB","value":0.123}},{counted}]}}'


def test_contexts_are_summarised_and_calls_leave_them_out():
    context = LLMContext([{"role": "user", "content": "hello"}])
    assert one(LLMContextFrame(context)) == (
        'LLMContextFrame {"context":"<context of 1 messages, the last by user: \'hello\'>"}'
    )
    started = FunctionCallsStartedFrame([FunctionCallFromLLM("f", "c1", {"x": 1}, context)])
    assert one(started) == (
        'FunctionCallsStartedFrame {"function_calls":'
        '[{"arguments":{"x":1},"function_name":"f","tool_call_id":"c1"}]}'
    )


def test_settings_show_what_was_given():
    line = one(LLMUpdateSettingsFrame(delta=LLMSettings(temperature=0.5)))
    assert '"temperature":0.5' in line
    assert "NOT_GIVEN" not in line
    assert "top_k" not in line


def test_choosing_frames():
    frames = [StartFrame(), LLMFullResponseStartFrame(), LLMTextFrame("a"), LLMFullResponseEndFrame()]
    assert to_lines(frames, include=["LLMText*"]) == ['LLMTextFrame {"text":"a"}']
    assert to_lines(frames, exclude="LLMFullResponse*") == ['LLMTextFrame {"text":"a"}']
    assert to_lines(frames, include="StartFrame")[0].startswith("StartFrame")
    both = [Captured(0, "down", LLMTextFrame("a")), Captured(0, "up", UserStartedSpeakingFrame())]
    assert to_lines(both, direction="up", times=True) == ["0.000 ↑ UserStartedSpeakingFrame"]


def test_everything_that_holds_frames_is_accepted():
    captured = Captured(0, "down", LLMTextFrame("a"))
    turn = Turn(number=1, user="hi", began=0)
    turn.frames.append(captured)
    lines = to_lines([captured])
    assert to_lines(turn) == to_lines(turn.frames) == to_lines(captured) == to_lines(lines) == lines
    assert to_lines("\n".join(lines)) == lines
