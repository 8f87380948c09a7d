"""Which touch won the event, in which campaign, and which others helped."""

from etl.appsflyer._catalogue.field import Field, boolean, text, utc_time

TOUCH_FIELDS = (
    text(
        "media_source",
        "Media Source",
        "Network or channel that the event is attributed to; `organic` (in any casing) or empty for none, "
        "`restricted` where the network hides it. V1.0's `attribution_type` (`organic` or `regular`) says "
        "organic where this is empty.",
        low=True,
        macros=("pid", "media_source", "media source"),
    ),
    text(
        "attributed_touch_type",
        "Attributed Touch Type",
        "What the person did on the winning ad: `click`, `impression`, `tv`, `preinstall`. Partner "
        "postbacks send 1 for an impression and 0 for a click.",
        low=True,
        macros=("attributed_touch_type",),
    ),
    text(
        "match_type",
        "Match Type",
        "How the touch was matched to the install: `id_matching`, `gp_referrer`, `srn`, `probabilistic` or "
        "`probabilistic_modeling` (one meaning), `tv`, `preinstall`.",
        low=True,
        macros=("match_type",),
    ),
    text(
        "af_attribution_lookback",
        "Attribution Lookback",
        "How far back a touch may lie to win the attribution, for example `7d`.",
        low=True,
        v1_names=("af_click_lookback",),
    ),
    text(
        "af_reengagement_window",
        "Reengagement Window",
        "How long after a retargeting touch events count for it, for example `30d`.",
        low=True,
    ),
    boolean("is_retargeting", "Is Retargeting", "Whether a retargeting campaign has a part in the event."),
    boolean(
        "is_primary_attribution",
        "Is Primary Attribution",
        "False only for the acquisition source's copy of an event inside a re-engagement window; the "
        "retargeting source's copy is true. Null is not false.",
        aliases=("is_primary_attribtuion", "is_primary_ attribution"),
    ),
    text(
        "retargeting_conversion_type",
        "Retargeting Conversion Type",
        "Whether the retargeting conversion was a `re-engagement` or a `re-attribution` (seen as "
        "`reattribution` too).",
        low=True,
        v1_names=("re_targeting_conversion_type",),
        aliases=("re_targeting conversion_type",),
        macros=("retargeting_conversion_type",),
    ),
    text(
        "original_url",
        "Original URL",
        "Attribution link that was clicked or viewed, with its whole query. Personal because such links "
        "carry advertising and Android ids.",
        personal=True,
        v1_names=("click_url",),
    ),
    text(
        "deeplink_url",
        "Deeplink URL",
        "Link that opened the app. Personal because it can carry ids of the person or their session.",
        personal=True,
    ),
    text(
        "http_referrer",
        "HTTP Referrer",
        "Page that the click came from. Personal because its query can carry ids.",
        personal=True,
    ),
)

CAMPAIGN_FIELDS = (
    text(
        "campaign",
        "Campaign",
        "Campaign's name from the link or the network; `c_name_exceeded_max_length` stands for any name of "
        "over 100 characters.",
        low=True,
        v1_names=("fb_campaign_name",),
        macros=("c",),
    ),
    text(
        "af_c_id",
        "Campaign ID",
        "Campaign's id at the network.",
        low=True,
        v1_names=("fb_campaign_id",),
        macros=("af_c_id",),
    ),
    text(
        "af_adset",
        "Adset",
        "Name of the ad set or ad group.",
        low=True,
        v1_names=("fb_adset_name",),
        macros=("af_adset",),
    ),
    text(
        "af_adset_id",
        "Adset ID",
        "Id of the ad set at the network.",
        low=True,
        v1_names=("fb_adset_id",),
        macros=("af_adset_id",),
    ),
    text("af_ad", "Ad", "Name of the ad.", low=True, v1_names=("fb_adgroup_name",), macros=("af_ad",)),
    text(
        "af_ad_id",
        "Ad ID",
        "Id of the ad at the network.",
        low=True,
        v1_names=("fb_adgroup_id",),
        macros=("af_ad_id",),
    ),
    text(
        "af_ad_type",
        "Ad Type",
        "Format of the ad, for example banner, interstitial or video.",
        low=True,
        macros=("af_ad_type",),
    ),
    text(
        "af_channel",
        "Channel",
        "Channel of the media source, for example a network's own sub-property.",
        low=True,
    ),
    text(
        "af_prt",
        "Partner",
        "Agency or marketing partner that ran the campaign.",
        low=True,
        v1_names=("agency",),
    ),
    text("af_siteid", "Site ID", "Publisher that showed the ad, by the network's id.", macros=("af_siteid",)),
    text(
        "af_sub_siteid",
        "Sub Site ID",
        "Sub-publisher that showed the ad, by the network's id.",
        aliases=("af_subsite_id",),
        macros=("af_subsite_id", "af_sub_siteid"),
    ),
    text("af_keywords", "Keywords", "Search words of the campaign, as the network reported them."),
    text("keyword_id", "Keyword ID", "Id of the search keyword at the network."),
    text(
        "keyword_match_type",
        "Keyword Match Type",
        "How the keyword matched the search, for example broad or exact; sent by search networks only.",
        low=True,
    ),
    text(
        "network_account_id",
        "Network Account ID",
        "The advertiser's account at the network; a company's id, not a person's.",
        low=True,
    ),
)


def _sub_parameter(number: int) -> Field:
    return text(
        f"af_sub{number}",
        f"Sub Param {number}",
        f"Free parameter {number} of the attribution link, without a fixed meaning. Personal because "
        "partners put click ids and user ids there.",
        personal=True,
    )


def _contributor(number: int) -> tuple[Field, ...]:
    prefix, label = f"contributor_{number}", f"Contributor {number}"
    which = ("last", "second to last", "third to last")[number - 1]
    touch = f"the {which} touch before the one that won the attribution"
    return (
        text(f"{prefix}_media_source", f"{label} Media Source", f"Media source of {touch}.", low=True),
        text(f"{prefix}_campaign", f"{label} Campaign", f"Campaign of {touch}.", low=True),
        text(f"{prefix}_af_prt", f"{label} Partner", f"Agency or marketing partner of {touch}.", low=True),
        text(
            f"{prefix}_match_type",
            f"{label} Match Type",
            f"How {touch} was matched, in the words of `match_type`.",
            low=True,
        ),
        text(
            f"{prefix}_touch_type",
            f"{label} Touch Type",
            f"Whether {touch} was a click, an impression or on TV.",
            low=True,
        ),
        utc_time(f"{prefix}_touch_time", f"{label} Touch Time", f"When {touch} happened, UTC."),
    )


SUB_PARAMETER_FIELDS = tuple(_sub_parameter(number) for number in range(1, 6))
CONTRIBUTOR_FIELDS = tuple(field for number in (1, 2, 3) for field in _contributor(number))
