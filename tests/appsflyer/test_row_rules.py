from etl.appsflyer.fields import BY_NAME
from etl.appsflyer.identity import PERSON_FIELDS
from etl.appsflyer.row_rules import FIELD_OF, FLAG_CODES, FLAG_RULES, QUARANTINE_RULES, ROW_RULES, RowSeverity


def test_codes_are_unique() -> None:
    """A code tells one rule and, where it names one, one field."""
    codes = [code for rule in ROW_RULES for code in rule.codes]
    assert len(codes) == len(set(codes))


def test_rules_look_at_fields_of_the_authority() -> None:
    """No rule speaks of a field that there is not."""
    assert {field for rule in ROW_RULES for field in rule.fields} <= BY_NAME.keys()


def test_every_rule_is_a_sentence() -> None:
    """What it means that a row breaks it can be read without the code."""
    for rule in ROW_RULES:
        assert rule.meaning[0].isupper() or rule.meaning[0] == "`"
        assert rule.meaning.endswith(".")


def test_every_reason_names_its_field() -> None:
    """A quarantined row says which field was to blame."""
    assert {rule.name: FIELD_OF[rule.name] for rule in QUARANTINE_RULES} == FIELD_OF
    assert {rule.severity for rule in QUARANTINE_RULES} == {RowSeverity.QUARANTINE}
    assert {rule.severity for rule in FLAG_RULES} == {RowSeverity.FLAG}


def test_flags_keep_their_places() -> None:
    """The bits of a flag are its place: the first are those that there were first."""
    assert FLAG_CODES[:5] == (
        "weak_identity",
        "possible_twin",
        "money_rounded",
        "unparsable:is_receipt_validated",
        "unparsable:is_retargeting",
    )
    assert FLAG_CODES[15:18] == (
        "unparsable:af_cost_value",
        "malformed:appsflyer_id",
        "malformed:advertising_id",
    )


def test_a_weak_identity_is_one_of_the_fields_that_name_people() -> None:
    """The rule's fields are those that identity goes through."""
    assert next(rule for rule in FLAG_RULES if rule.name == "weak_identity").fields == PERSON_FIELDS
