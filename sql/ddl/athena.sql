-- Made by `python -m etl.lake.ddl` from etl/appsflyer/fields.py and etl/lake/tables.py; change those instead.
-- Write your own addresses for s3://my-bucket/lake and s3://my-bucket/export, and your schema for pushlift.

-- The lake's tables, through Delta (engine version 3). Athena takes the columns from the log.
create database if not exists pushlift;

-- What people did: a row for each event and media source that AppsFlyer told of.
create external table pushlift.events
location 's3://my-bucket/lake/events/'
tblproperties ('table_type' = 'DELTA');

-- Messages that are no events: they could not be read, or lack what an event needs.
create external table pushlift.quarantine
location 's3://my-bucket/lake/quarantine/'
tblproperties ('table_type' = 'DELTA');

-- What became of each landed object: a row for each time that it was read, or let go.
create external table pushlift.loads
location 's3://my-bucket/lake/loads/'
tblproperties ('table_type' = 'DELTA');

-- What was asked of each run's rows, what was seen, and what followed: a row a check.
create external table pushlift.checks
location 's3://my-bucket/lake/checks/'
tblproperties ('table_type' = 'DELTA');

-- What each run saw of each app, as counts: a row a figure. Drift is judged by it.
create external table pushlift.profiles
location 's3://my-bucket/lake/profiles/'
tblproperties ('table_type' = 'DELTA');

-- What became of each postback to Liftoff: a row an outcome; the newest counts.
create external table pushlift.postbacks
location 's3://my-bucket/lake/postbacks/'
tblproperties ('table_type' = 'DELTA');

-- The copy that `pushlift lake export s3://my-bucket/export` makes. After each export:
-- msck repair table pushlift.events_export;
create external table pushlift.events_export (
    `event_id` string comment 'Identity of the record: equal for resends and V1/V2 twins, different for the two halves of a retargeting pair.',
    `occurrence_id` string comment 'Identity of what a person did, whatever media source it is told of: sum revenue once per occurrence.',
    `event_date_local` date comment 'Day of `event_time` in the app’s zone, which AppsFlyer’s dashboards show; null where no zone is known.',
    `event_utc_offset_minutes` int comment 'Offset of the app’s zone at `event_time`; local time is the instant plus this.',
    `install_utc_offset_minutes` int comment 'The same for `install_time`.',
    `attributed_touch_utc_offset_minutes` int comment 'The same for `attributed_touch_time`.',
    `device_download_utc_offset_minutes` int comment 'The same for `device_download_time`.',
    `clock_issues` array<string> comment 'What was odd about the row’s times; null where nothing was.',
    `quality_flags` array<string> comment 'Row rules that flagged the row; null where none did.',
    `topic` string comment 'Push API topic: install, install_in_app_event, re_engagement, …',
    `is_test_message` boolean comment 'Whether it is the vendor’s Send Test message.',
    `embedded_ids` array<string> comment 'Device ids found inside URLs or values that stand in no id column of the row; erasure looks here too.',
    `extra` map<string,string> comment 'Fields that the authority does not know, and texts that could not be typed.',
    `source_uri` string comment 'Landed object that the row came from.',
    `source_position` bigint comment 'Line, or ordinal, of the message in the object, from 1.',
    `loaded_at` timestamp comment 'Start of the run that published the row.',
    `load_id` string comment 'Row of `loads` that accounts for it.',
    `app_name` string comment 'Name that the advertiser gave the app in AppsFlyer.',
    `app_version` string comment 'Version of the app that reported the event, as its developer wrote it.',
    `bundle_id` string comment 'Bundle identifier of the app (iOS) or its package name (Android).',
    `platform` string comment 'Operating system family of the device: `ios`, `android`, seldom another.',
    `sdk_version` string comment 'Version of the AppsFlyer SDK inside the app; empty or older than the app’s for server-to-server events.',
    `api_version` string comment 'Version of the Push API message format; `2.0` in V2 messages, `pull` where a file of the Pull API told the event.',
    `install_app_store` string comment 'Android store from which the app was downloaded, where the app or the store tells it.',
    `store_reinstall` string comment 'The store’s own word on whether this was a reinstall; text, because the vendor publishes no list of its values.',
    `event_name` string comment 'Name of the in-app event as the app reported it, or of the conversion (`install`, `re-engagement`, `re-attribution`, `reinstall`); always sent. Most V1.0 messages send it beside `event_type`, which replaces it only where it is absent.',
    `event_value` string comment 'Details of the in-app event, mostly JSON, exactly as the app wrote them. Personal because apps put anything there: order numbers, e-mail addresses, user ids.',
    `event_source` string comment 'Where the event was reported from: the app’s `SDK`, or a server (`S2S`).',
    `event_time` timestamp comment 'When the event happened, UTC; always sent. V1.0 sends it without milliseconds.',
    `event_time_selected_timezone` string comment '`event_time` in the app’s selected zone, with that instant’s offset.',
    `conversion_type` string comment 'Kind of conversion that the event counts for: install, re-engagement or reinstall; with `campaign_type` it tells the message’s topic.',
    `campaign_type` string comment 'Kind of campaign that won the event: `UA` (user acquisition), `Retargeting` or `Organic`.',
    `custom_data` string comment 'Data that the app attached to every event through the SDK. Personal because apps put anything there.',
    `custom_dimension` string comment 'Value that the advertiser adds for breakdowns of their own; without a fixed meaning, and therefore treated as personal.',
    `is_receipt_validated` boolean comment 'Whether the store confirmed the purchase receipt; null where the app does not validate receipts.',
    `event_revenue` decimal(28,10) comment 'Revenue of the event, in `event_revenue_currency`; negative for refunds. Sum it once per occurrence, since retargeting pairs repeat it.',
    `event_revenue_currency` string comment 'ISO 4217 code of `event_revenue` as the app reported it. In V1.0 in-app events the field `currency` tells it.',
    `event_revenue_usd` decimal(28,10) comment '`event_revenue` in US dollars, or in another preferred currency where the app’s settings say so.',
    `revenue_in_selected_currency` decimal(28,10) comment '`event_revenue` converted into `selected_currency`.',
    `cost_in_selected_currency` decimal(28,10) comment '`af_cost_value` converted into `selected_currency`.',
    `selected_currency` string comment 'Currency set for the app at the moment of the message; the setting can change over an app’s life.',
    `af_cost_model` string comment 'What the advertiser pays for, for example `CPI` or `CPC`.',
    `af_cost_value` decimal(28,10) comment 'What the install or engagement cost, in `af_cost_currency`, as the attribution link or the network reported it.',
    `af_cost_currency` string comment 'ISO 4217 code of `af_cost_value`. V1.0’s `currency` tells it too where the message has a cost.',
    `selected_timezone` string comment 'IANA name of the zone set for the app at the moment of the message, or `UTC`; the setting can change over an app’s life.',
    `install_time` timestamp comment 'First launch of the app after the install (or after the re-engagement or re-attribution), UTC.',
    `install_time_selected_timezone` string comment '`install_time` in the app’s selected zone; its offset can differ from that of other fields across a change of clocks.',
    `device_download_time` timestamp comment 'When the app was downloaded to the device, UTC, as the device or the store reported it.',
    `device_download_time_selected_timezone` string comment '`device_download_time` in the app’s selected zone, with that instant’s offset.',
    `attributed_touch_time` timestamp comment 'When the click or view that won the attribution happened, UTC; empty for organic.',
    `attributed_touch_time_selected_timezone` string comment '`attributed_touch_time` in the app’s selected zone, with that instant’s offset.',
    `media_source` string comment 'Network or channel that the event is attributed to; `organic` (in any casing) or empty for none, `restricted` where the network hides it. V1.0’s `attribution_type` (`organic` or `regular`) says organic where this is empty.',
    `attributed_touch_type` string comment 'What the person did on the winning ad: `click`, `impression`, `tv`, `preinstall`. Partner postbacks send 1 for an impression and 0 for a click.',
    `match_type` string comment 'How the touch was matched to the install: `id_matching`, `gp_referrer`, `srn`, `probabilistic` or `probabilistic_modeling` (one meaning), `tv`, `preinstall`.',
    `af_attribution_lookback` string comment 'How far back a touch may lie to win the attribution, for example `7d`.',
    `af_reengagement_window` string comment 'How long after a retargeting touch events count for it, for example `30d`.',
    `is_retargeting` boolean comment 'Whether a retargeting campaign has a part in the event.',
    `is_primary_attribution` boolean comment 'False only for the acquisition source’s copy of an event inside a re-engagement window; the retargeting source’s copy is true. Null is not false.',
    `retargeting_conversion_type` string comment 'Whether the retargeting conversion was a `re-engagement` or a `re-attribution` (seen as `reattribution` too).',
    `original_url` string comment 'Attribution link that was clicked or viewed, with its whole query. Personal because such links carry advertising and Android ids.',
    `deeplink_url` string comment 'Link that opened the app. Personal because it can carry ids of the person or their session.',
    `http_referrer` string comment 'Page that the click came from. Personal because its query can carry ids.',
    `campaign` string comment 'Campaign’s name from the link or the network; `c_name_exceeded_max_length` stands for any name of over 100 characters.',
    `af_c_id` string comment 'Campaign’s id at the network.',
    `af_adset` string comment 'Name of the ad set or ad group.',
    `af_adset_id` string comment 'Id of the ad set at the network.',
    `af_ad` string comment 'Name of the ad.',
    `af_ad_id` string comment 'Id of the ad at the network.',
    `af_ad_type` string comment 'Format of the ad, for example banner, interstitial or video.',
    `af_channel` string comment 'Channel of the media source, for example a network’s own sub-property.',
    `af_prt` string comment 'Agency or marketing partner that ran the campaign.',
    `af_siteid` string comment 'Publisher that showed the ad, by the network’s id.',
    `af_sub_siteid` string comment 'Sub-publisher that showed the ad, by the network’s id.',
    `af_keywords` string comment 'Search words of the campaign, as the network reported them.',
    `keyword_id` string comment 'Id of the search keyword at the network.',
    `keyword_match_type` string comment 'How the keyword matched the search, for example broad or exact; sent by search networks only.',
    `network_account_id` string comment 'The advertiser’s account at the network; a company’s id, not a person’s.',
    `af_sub1` string comment 'Free parameter 1 of the attribution link, without a fixed meaning. Personal because partners put click ids and user ids there.',
    `af_sub2` string comment 'Free parameter 2 of the attribution link, without a fixed meaning. Personal because partners put click ids and user ids there.',
    `af_sub3` string comment 'Free parameter 3 of the attribution link, without a fixed meaning. Personal because partners put click ids and user ids there.',
    `af_sub4` string comment 'Free parameter 4 of the attribution link, without a fixed meaning. Personal because partners put click ids and user ids there.',
    `af_sub5` string comment 'Free parameter 5 of the attribution link, without a fixed meaning. Personal because partners put click ids and user ids there.',
    `contributor_1_media_source` string comment 'Media source of the last touch before the one that won the attribution.',
    `contributor_1_campaign` string comment 'Campaign of the last touch before the one that won the attribution.',
    `contributor_1_af_prt` string comment 'Agency or marketing partner of the last touch before the one that won the attribution.',
    `contributor_1_match_type` string comment 'How the last touch before the one that won the attribution was matched, in the words of `match_type`.',
    `contributor_1_touch_type` string comment 'Whether the last touch before the one that won the attribution was a click, an impression or on TV.',
    `contributor_1_touch_time` timestamp comment 'When the last touch before the one that won the attribution happened, UTC.',
    `contributor_2_media_source` string comment 'Media source of the second to last touch before the one that won the attribution.',
    `contributor_2_campaign` string comment 'Campaign of the second to last touch before the one that won the attribution.',
    `contributor_2_af_prt` string comment 'Agency or marketing partner of the second to last touch before the one that won the attribution.',
    `contributor_2_match_type` string comment 'How the second to last touch before the one that won the attribution was matched, in the words of `match_type`.',
    `contributor_2_touch_type` string comment 'Whether the second to last touch before the one that won the attribution was a click, an impression or on TV.',
    `contributor_2_touch_time` timestamp comment 'When the second to last touch before the one that won the attribution happened, UTC.',
    `contributor_3_media_source` string comment 'Media source of the third to last touch before the one that won the attribution.',
    `contributor_3_campaign` string comment 'Campaign of the third to last touch before the one that won the attribution.',
    `contributor_3_af_prt` string comment 'Agency or marketing partner of the third to last touch before the one that won the attribution.',
    `contributor_3_match_type` string comment 'How the third to last touch before the one that won the attribution was matched, in the words of `match_type`.',
    `contributor_3_touch_type` string comment 'Whether the third to last touch before the one that won the attribution was a click, an impression or on TV.',
    `contributor_3_touch_time` timestamp comment 'When the third to last touch before the one that won the attribution happened, UTC.',
    `appsflyer_id` string comment 'AppsFlyer’s own id of one installation of the app; a reinstall has a new one. First choice for telling people apart.',
    `customer_user_id` string comment 'The advertiser’s id of the user, set by the app; often an account number, sometimes an e-mail address.',
    `advertising_id` string comment 'Google advertising id (GAID) of an Android device, which its owner can reset; all zeros where they opted out.',
    `idfa` string comment 'Apple’s id for advertisers, which needs the owner’s consent from iOS 14.5 on; `0` or all zeros where withheld.',
    `idfv` string comment 'Apple’s id of a person’s device for all apps of one vendor.',
    `oaid` string comment 'Open advertising id of Android devices without Google services; its owner can reset it.',
    `amazon_aid` string comment 'Amazon’s advertising id on Fire devices.',
    `android_id` string comment 'Id of an Android installation that outlives app reinstalls.',
    `imei` string comment 'Serial number of the phone’s radio, which nobody can reset; only where the app collects it.',
    `ip` string comment 'IPv4 or IPv6 address that the event came from. An identifier: it leads to a person or a household.',
    `device_type` string comment 'Device as one text: `Samsung::SH-220` (brand and model) on Android, `iPhone11,6` or `iPhone 5s` on iOS. V1.0’s `device_brand` and `device_model` join into it.',
    `device_model` string comment 'Commercial model of the device. V1.0 has a field of this name too (Android only), which is the second half of `device_type`.',
    `device_category` string comment 'Kind of device: phone, tablet or other.',
    `os_version` string comment 'Version of the device’s operating system.',
    `user_agent` string comment 'User agent of the device’s network calls. Personal because with other fields it can single a device out.',
    `language` string comment 'Language set on the device: a name (`English`), in English or in itself, or a locale (`en-US`, `zh-Hans-CN`).',
    `carrier` string comment 'Mobile network that the device is connected to, as its system names it.',
    `operator` string comment 'Mobile operator of the device’s SIM card; differs from `carrier` when roaming.',
    `wifi` boolean comment 'Whether the device was on Wi-Fi when the event happened (for postbacks: at the conversion).',
    `is_lat` boolean comment 'Whether the owner limits ad tracking: on Android the opt-out of personalised ads, on iOS meaningful before iOS 14 only.',
    `country_code` string comment 'ISO 3166 two-letter country, from the IP address.',
    `region` string comment 'Part of the world, from the IP address, for example `NA` or `EU`.',
    `state` string comment 'State or province, from the IP address.',
    `city` string comment 'City, from the IP address. Personal because in small places it singles people out.',
    `postal_code` string comment 'Postal code, from the IP address. Personal because it narrows a person down to a neighbourhood.',
    `dma` string comment 'Nielsen’s designated market area, a television region of the United States.',
    `gp_click_time` timestamp comment 'When the store page opened after the click on the ad, UTC, by Google’s clock.',
    `gp_install_begin` timestamp comment 'When the installation began, UTC by name but by the device’s clock, so it can be wrong by as much as that clock.',
    `gp_referrer` string comment 'Referrer that Google Play handed to the app. Personal because it can carry click ids.',
    `gp_broadcast_referrer` string comment 'Referrer from Google Play’s older broadcast. Personal because it can carry click ids. The vendor’s test message misspells its name.',
    `event_type` string comment 'Topic of the message in newer payloads, for example `install`, `organic-install`, `install-in-app-event`, `re-engagement`.',
    `att` string comment 'Answer to Apple’s App Tracking Transparency prompt on iOS 14 and later, for example `authorized` or `denied`.',
    `gdpr_applies` boolean comment 'Whether the app declared that the person is protected by the GDPR (or the Digital Markets Act).',
    `ad_user_data_enabled` boolean comment 'Whether the person consented to sending their data to ad platforms.',
    `ad_personalization_enabled` boolean comment 'Whether the person consented to personalised advertising.'
)
partitioned by (
    `app_id` string comment 'Id of the app in AppsFlyer: `id` and the App Store number on iOS, the package name on Android; always sent, and the lake’s first partition.',
    `event_date` date comment 'UTC day of `event_time`; a partition.'
)
stored as parquet
location 's3://my-bucket/export/';
