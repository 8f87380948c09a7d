"""Raw-data CSV files of AppsFlyer's Pull API: the same events as the Push API tells, under display names."""
