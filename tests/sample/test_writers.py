import gzip
import re

from tests.sample.reading import Landing, list_objects, read_bytes


def read_folder(landing: Landing, folder: str) -> list[bytes]:
    """Read the objects of one endpoint."""
    return [read_bytes(path) for path in list_objects(landing.target / folder)]


def test_cloudfront_logs_have_their_header_and_encode_queries_once_more(mixed: Landing) -> None:
    """Standard logs name 33 fields; a percent sign of the query is %25."""
    for raw in read_folder(mixed, "cloudfront"):
        version, names, *lines = raw.decode().splitlines()
        assert version == "#Version: 1.0"
        fields = names.removeprefix("#Fields: ").split(" ")
        at = fields.index("cs-uri-query")
        assert {len(line.split("\t")) for line in lines} == {len(fields)} == {33}
        assert all("%2522" in line.split("\t")[at] for line in lines if "event_value" in line.split("\t")[at])
        assert all(not re.search("%(?!25)", line) for line in lines)


def test_access_logs_hold_one_request_a_line(mixed: Landing) -> None:
    """Queries stand in request lines of the combined log format, the offset's plus sign encoded."""
    line = re.compile(
        rb'198\.51\.100\.\d+ - - \[\d\d/Sep/2026:\d\d:\d\d:\d\d \+0000\] "GET /\S+ HTTP/1\.1" 200 .*'
    )
    for raw in read_folder(mixed, "access-logs"):
        assert all(line.fullmatch(found) for found in raw.splitlines())
        assert b"%2B0530" in raw


def test_firehose_objects_hold_no_newline(mixed: Landing) -> None:
    """Firehose concatenates what it is given."""
    for raw in read_folder(mixed, "firehose"):
        assert b"\n" not in raw
        assert raw.count(b"}{") > 10


def test_query_lines_are_plain_text(mixed: Landing) -> None:
    """One endpoint stores bare query strings, uncompressed."""
    for path in list_objects(mixed.target / "pixel"):
        assert path.read_bytes().startswith(b"idfa=") or b"&app_id=" in path.read_bytes()


def test_posts_are_gzipped_lines(mixed: Landing) -> None:
    """POST endpoints store a message a line."""
    for path in list_objects(mixed.target / "hoshi"):
        assert path.name.endswith(".json.gz")
        assert gzip.decompress(path.read_bytes()).endswith(b"\n")
