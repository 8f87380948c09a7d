"""The JSON paths by which a message is found inside an envelope."""

import re

# A dollar sign, then names and places: `$.body`, `$.records[0].data`, `$."detail-type"`.
ENVELOPE_PATH = re.compile(r'\$(?:\.[A-Za-z_][A-Za-z0-9_-]*|\."[^"\\]+"|\[[0-9]+\])+')
