"""Pages for people, each one file that needs no server: built from values alone, nothing is read here."""
