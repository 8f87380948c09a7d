"""Hash as on a processor without AVX-512: `python -m tests.proving.narrow` prints how many people are found.

In a process of its own, since a kernel is compiled and loaded once.
"""

from __future__ import annotations

import sys
import uuid

from llvmlite import binding

from etl.appsflyer.compiled import machine_code
from etl.subjects import hash_subject

KEY = b"a key of these tests"


class NoFeatures(dict[str, bool]):
    """What a processor has that has nothing beyond the least."""

    def flatten(self) -> str:
        """Say so to LLVM."""
        return ""


def main() -> None:
    """Look for a hundred of a thousand people."""
    features = NoFeatures()
    binding.get_host_cpu_features = lambda: features
    vars(machine_code).update(keep_code=lambda *_: None, read_code=lambda *_: None)
    # Imported after the processor is another.
    from etl.proving.digest_loops import LANES  # noqa: PLC0415
    from etl.proving.matching import Matcher  # noqa: PLC0415
    from etl.proving.unwrapping import view_bytes  # noqa: PLC0415
    from etl.proving.wanted import Wanted  # noqa: PLC0415

    people = [str(uuid.UUID(int=number * 0x1234567890ABCDEF1234567)) for number in range(1_000)]
    wanted = Wanted(KEY, [hash_subject(KEY, each) for each in people[::10]])
    found = Matcher(wanted).find(view_bytes(" ".join(people).encode()))
    sys.stdout.write(f"{LANES} {len(found)} {sum(found.values())}\n")


if __name__ == "__main__":
    main()
