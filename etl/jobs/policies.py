"""What was agreed for an app, from the configuration."""

from __future__ import annotations

from etl.errors import ConfigurationError
from etl.liftoff.policy import ConsentPolicy, Mode, SendingPolicy
from etl.settings.liftoff import App, Liftoff
from etl.settings.models import Settings


def build_policy(settings: Settings, app_id: str, mode: str) -> SendingPolicy:
    """Give what was agreed for an AppsFlyer app in a mode, `production` or `test`.

    What the app's own table says comes before what `[liftoff]` says.

    Raises:
        ConfigurationError: the app has no `liftoff_app_id`, so Liftoff would not know it.
    """
    app = settings.apps.get(app_id, App())
    if not app.liftoff_app_id:
        known = ", ".join(sorted(name for name, each in settings.apps.items() if each.liftoff_app_id))
        raise ConfigurationError(
            f'apps."{app_id}".liftoff_app_id is not configured, so nothing can be sent for this app; '
            f"the apps that have one are: {known or 'none'}."
        )
    return _join(settings.liftoff, app, app_id, app.liftoff_app_id, Mode(mode))


def _join(liftoff: Liftoff, app: App, app_id: str, liftoff_app_id: str, mode: Mode) -> SendingPolicy:
    restricted = app.restricted_media_sources
    return SendingPolicy(
        app_id=app_id,
        liftoff_app_id=liftoff_app_id,
        mode=mode,
        template=liftoff.postback_url,
        events=dict(app.events),
        bundle_id=app.bundle_id,
        user_id=app.user_id or liftoff.user_id,
        consent=ConsentPolicy(**liftoff.consent.model_dump()),
        restricted_media_sources=liftoff.restricted_media_sources if restricted is None else restricted,
        max_age_days=liftoff.max_age_days,
        pair_settling_hours=liftoff.pair_settling_hours,
        accept_doubtful_identity=liftoff.accept_doubtful_identity,
    )
