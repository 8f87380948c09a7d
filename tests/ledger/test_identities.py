from etl.ledger.database import Ledger
from etl.ledger.identities import merge_app_identities, read_app_identities


def test_fields_add_up(ledger: Ledger) -> None:
    """Each app keeps every field that any run has seen."""
    merge_app_identities(ledger, {"id1": {"appsflyer_id", "idfv"}, "id2": ["appsflyer_id"]})
    merge_app_identities(ledger, {"id1": {"idfv", "advertising_id"}})
    assert read_app_identities(ledger) == {
        "id1": {"appsflyer_id", "idfv", "advertising_id"},
        "id2": {"appsflyer_id"},
    }


def test_nothing_seen_changes_nothing(ledger: Ledger) -> None:
    """Neither an empty run nor an app without identities leaves a trace."""
    merge_app_identities(ledger, {})
    merge_app_identities(ledger, {"id1": set()})
    assert read_app_identities(ledger) == {}
