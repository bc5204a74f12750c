"""What a test suite pays before anything is answered: the import, and a fresh server for every test."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time

_IMPORT = (
    "import time; began = time.process_time(); import mock_openai.server; print(time.process_time() - began)"
)
_IMPORT_LIMIT, _FRESH_LIMIT = 300.0, 1.0


def measure() -> list[dict[str, object]]:
    """Time imports in fresh processes (processor time), and starts and stops of fresh servers in this one."""
    imports = [_seconds(_IMPORT) * 1000 for _ in range(7)]
    fresh = asyncio.run(_fresh(200))
    return [
        _row("cpu ms to import mock_openai", imports, _IMPORT_LIMIT),
        _row("ms to make, start and stop a server", fresh, _FRESH_LIMIT),
    ]


def _seconds(program: str) -> float:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(done.stdout)


async def _fresh(times: int) -> list[float]:
    from mock_openai import MockServer

    took = []
    for _ in range(times):
        began = time.perf_counter()
        async with MockServer(script=["Hello."]):
            pass
        took.append(1000 * (time.perf_counter() - began))
    return took[1:]  # the first imports aiohttp


def _row(unit: str, values: list[float], limit: float) -> dict[str, object]:
    median = statistics.median(values)
    return {
        "measure": "cold",
        "unit": unit,
        "server": "ninelives",
        "median": median,
        "best": min(values),
        "target": f"at most {limit:g}",
        "held": median <= limit,
    }
