"""`make drift`: exit code 0 if nothing that we rely on changed, 1 if something did, 2 without a baseline."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.drift.compare import differences, from_text, in_both, to_text
from tests.drift.facts import OURS, facts

BASELINE = Path(__file__).parent / "baseline.txt"


def main(arguments: list[str]) -> int:
    """Compare, or write the baseline with `--renew`."""
    now = facts()
    if arguments == ["--renew"]:
        BASELINE.write_text(to_text(now), "utf-8")
        print(f"wrote {BASELINE}: {sum(map(len, now.values()))} facts")
        return 0
    try:
        before = from_text(BASELINE.read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"drift: {BASELINE} cannot be read ({error}); make it: make drift-baseline", file=sys.stderr)
        return 2
    built, installed = before.get("Versions", {}), now["Versions"]
    for name, version in installed.items():
        print(f"{name}: built against {built.get(name, 'none')}, installed {version}")
    print()
    old, new, unknown = in_both({**before, "Versions": {}}, {**now, "Versions": {}}, OURS)
    found = list(differences(old, new))
    if unknown:
        print(f"{unknown} names that we use are not in the baseline yet: make drift-baseline\n")
    if not found:
        print(f"Nothing that we rely on has changed ({sum(map(len, now.values()))} facts).")
        return 0
    print("\n".join(found))
    count = sum(line.startswith("  ") for line in found)
    print(f"{count} changes. Look at each, adapt the code, then renew the baseline: make drift-baseline")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
