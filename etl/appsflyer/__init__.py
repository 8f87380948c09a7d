"""What arrives: the fields, formats, clocks and identities of AppsFlyer messages; no I/O."""
