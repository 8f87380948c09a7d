"""Planning postbacks: which occurrences would be sent, which not and why, frozen and priced."""
