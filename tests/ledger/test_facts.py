from etl.ledger.database import Ledger
from etl.ledger.facts import claim_fact, read_fact, write_fact


def test_a_fact_is_kept(ledger: Ledger) -> None:
    """What was written last is read; what was never written is None."""
    assert read_fact(ledger, "key") is None
    write_fact(ledger, "key", "first")
    write_fact(ledger, "key", "second")
    assert read_fact(ledger, "key") == "second"


def test_the_first_claim_stands(ledger: Ledger) -> None:
    """Later claims learn what the first one wrote."""
    assert claim_fact(ledger, "key", "first") == "first"
    assert claim_fact(ledger, "key", "second") == "first"
    assert read_fact(ledger, "key") == "first"


def test_an_empty_claim_is_a_claim(ledger: Ledger) -> None:
    """An empty text is a value like any other."""
    claim_fact(ledger, "key", "")
    assert claim_fact(ledger, "key", "second") == ""
