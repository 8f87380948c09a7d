"""The kernels that read JSON lines; importing this imports none of what they are made of."""

from __future__ import annotations

from pathlib import Path

from etl.appsflyer.compiled.machine_code import register

_SOURCES = (Path(__file__).parent, Path(__file__).parents[1] / "layout.py")

find_line_ends = register("find_line_ends", f"{__name__}.lines", *_SOURCES)
find_cells = register("find_cells", f"{__name__}.finding", *_SOURCES)
write_texts = register("write_texts", f"{__name__}.writing", *_SOURCES)
encode_texts = register("encode_texts", f"{__name__}.writing", *_SOURCES)
