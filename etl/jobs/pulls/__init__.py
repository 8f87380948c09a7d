"""Reconciling the lake with AppsFlyer: files of the Pull API compared with what the Push API told."""
