"""The contract, line by line: where each rule comes from, what it says, and the tests that show it.

A test is `file::name` without their `test_`; a rule that is not built says `not built:` and what it waits for. An
address stands in backticks as `METHOD /path`, as in the table of operations.
"""

from __future__ import annotations

SENDING = "not built: it belongs to the sending"

RULES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "1. Conventions": (
        ("seed doc", "Addresses begin with `/api/v1`, `/api/v2`, `/api/v3`; any other is a 404 and another method a 405",
         "conventions::an_unknown_address_is_404_and_an_unknown_method_405"),
        ("doc client", "A slash at the end of an address changes nothing",
         "conventions::a_trailing_slash_changes_nothing habits::an_address_may_be_written_in_more_than_one_way"),
        ("doc client", "HTTP Basic with any or an empty user name and the key as password, also a key with `:` in it",
         "conventions::basic_takes_any_user_name_and_the_key_as_password client_requests::basic_with_and_without_a_user"
         " habits::a_key_with_a_colon_in_it_is_the_whole_of_the_password"),
        ("doc ours", "A Bearer token with the key, everywhere", "conventions::bearer_and_any_case_of_the_scheme_are_taken"),
        ("doc", "No key or an unknown one: 401, on every address",
         "conventions::no_or_an_unknown_key_is_401 rights::without_a_key_that_is_one_every_address_is_401"),
        ("doc", "A key that is switched off or deleted: 401, on every address; switched on again it works",
         "conventions::a_key_switched_off_is_401_and_on_again_200"
         " rights::a_key_switched_off_or_deleted_is_401_on_every_address"),
        ("doc", "The rights full, events, events and contacts, events and contacts (adding only), messages; 403 elsewhere",
         "rights::a_key_does_what_is_its_own_and_gets_403_on_every_other_address"
         " conventions::an_add_only_key_can_upload_and_follow_its_upload_but_read_no_contact"
         " rights::there_is_no_right_without_a_line_in_the_table"),
        ("doc", "A key that was not used for 90 days is switched off",
         "conventions::a_key_that_idled_90_days_is_switched_off"),
        ("ours", "A key is shown once and stored as a hash only", "conventions::a_key_is_kept_as_a_hash_only"),
        ("ours", "Nothing of one account can be seen or changed from another, through any address",
         "walls::no_address_shows_or_changes_anything_of_another_account"
         " walls::the_same_walk_by_the_owner_finds_what_is_there walls::an_id_of_another_account_identifies_nobody"),
        ("doc", "Requests and answers are JSON in UTF-8, whatever the client accepts or calls its body",
         "conventions::every_answer_is_json_in_utf8_and_has_a_request_id"
         " habits::whatever_a_client_accepts_or_calls_its_body_it_is_json_in_utf8"),
        ("client", "Unknown keys are ignored", "leniency::unknown_keys_are_ignored"),
        ("client", "`null` for an optional key means absent", "leniency::null_is_absent"),
        ("client", "A lone object where a list belongs is a list of one",
         "leniency::a_lone_object_is_a_list_of_one client_requests::one_contact_with_lone_objects_for_lists"),
        ("doc", "Ids are numbers or numeric texts", "leniency::ids_come_as_numbers_or_numeric_texts"),
        ("client", "Texts may come as numbers", "leniency::texts_may_come_as_numbers"),
        ("doc", "Dates are `YYYY-MM-DD`, date-times `YYYY-MM-DDTHH:mm` with or without seconds and offset",
         "leniency::field_values_are_checked_by_type_and_bad_ones_dropped"
         " leniency::times_of_a_device_are_in_its_zone_and_bad_ones_are_dropped"),
        ("doc", "A time without an offset is in the contact's time zone",
         "leniency::times_of_a_device_are_in_its_zone_and_bad_ones_are_dropped"
         " values::a_moment_without_an_offset_is_in_the_contacts_zone"),
        ("ours", "An error has `errorCode`, `errorMessage` and `errors` with the place and what would be right",
         "import_answer::an_envelope_that_cannot_be_worked_on_is_400_with_the_path"
         " contact::a_contact_that_cannot_be_stored_is_400_with_the_path"),
        ("ours", "A body that is not JSON: 400 with line and column",
         "conventions::a_body_that_is_not_json_is_400_with_line_and_column conventions::a_body_of_another_shape_is_400"),
        ("ours", "A body that is too large: 413, packed or not, and the client gets to read it",
         "conventions::a_200_mb_body_is_413_announced_or_chunked_and_the_client_gets_to_read_it"
         " conventions::a_body_packed_badly_or_too_well_is_refused"),
        ("doc", "Rates by key and address: 200 a second, 50 for the search, 150 for the contact of a token",
         "rates::every_address_has_the_rate_of_the_contract"
         " rates::the_contracts_rates_hold_unless_they_are_switched_off"),
        ("ours", "Over the rate: 429 with `Retry-After`",
         "rates::a_search_too_many_is_429_with_retry_after_and_passes_when_that_is_over"),
        ("ours", "Rates can be changed and switched off; bulk requests have none, so that no upload is slowed",
         "rates::the_setting_names_addresses_a_star_and_zero_for_none rates::bulk_requests_have_no_rate_of_their_own"
         " rates::the_flag_stands_above_the_variable"),
        ("ours", "Too many bulk requests at once: a little waiting, then 429 with `Retry-After`",
         "overload::bulk_requests_beyond_their_slots_get_429_while_light_ones_are_answered"),
        ("client", "Lists take `startindex` from 1 and `maxrows` up to 500; the total is in the header `TotalCount`",
         "conventions::lists_are_paged_and_their_total_is_told conventions::a_page_that_is_none_is_400"
         " habits::the_total_of_a_list_is_read_in_any_case"),
        ("client", "HTTP/1.0, and HTTP/1.1 with connections that stay open",
         "habits::http_1_0_is_answered_and_the_connection_closed"
         " habits::http_1_1_keeps_the_connection_whatever_it_answered"),
        ("client", "`Expect: 100-continue`",
         "habits::a_body_that_waits_for_100_is_asked_for habits::a_body_that_is_refused_is_refused_before_it_is_sent"
         " habits::a_client_that_does_not_wait_for_100_is_understood_too"),
        ("client", "gzip and deflate bodies, chunked bodies",
         "conventions::gzip_and_deflate_bodies_are_taken habits::gzip_bodies_are_taken_with_a_length_and_in_chunks"
         " habits::chunks_may_be_tiny_late_extended_and_trailed habits::a_request_may_come_byte_by_byte"),
        ("client", "Header names in any case", "habits::header_names_are_read_in_any_case_and_spacing"),
        ("client", "Requests sent without waiting are answered in order",
         "habits::requests_sent_without_waiting_are_answered_in_order"),
        ("ours", "`HEAD` answers as `GET` does without the body, `OPTIONS` tells the methods",
         "habits::head_answers_as_get_does_without_the_body habits::options_tells_the_methods_of_every_address"),
        ("ours", "`/openapi.json` describes every address, `/docs` shows it, both without a key",
         "description::the_description_is_there_without_a_key"
         " description::the_page_shows_every_operation_and_type_and_nothing_from_elsewhere"
         " description::the_pages_policy_allows_its_own_style_and_nothing_else"
         " description::every_example_is_answered_as_described"),
        ("ours", "Nothing that can be sent is a 5xx, is answered with a status that is not described, or in another shape",
         "fuzz::nothing_is_a_5xx_undescribed_or_of_another_shape leniency::nothing_that_is_json_is_ever_a_500"),
    ),
    "2. The contact": (
        ("seed doc", "`id`: a number of ours, never used again",
         "contact_values::an_id_is_a_number_that_no_other_contact_ever_has"),
        ("seed doc", "`externalCustomerId`: at most 255 characters, unique in the account, the main identifier",
         "contact_values::a_contact_key_and_an_external_id_have_255_characters contact::an_external_id_of_another_is_409"
         " matching::the_external_id_matches_first_whatever_dedupe_on_says"),
        ("doc", "`firstName`: any alphabet, 40 characters, 3 digits, 3 longer and 3 shorter words, signs only inside a word",
         "contact_values::a_first_name_that_breaks_a_rule_is_dropped"
         " contact_values::a_first_name_that_keeps_to_the_rules_is_kept leniency::names_of_every_alphabet_survive"),
        ("doc", "`lastName`: the same, any number of words",
         "contact_values::a_last_name_has_any_number_of_words_and_else_the_same_rules"),
        ("doc ours", "A value that breaks its rule is dropped with a warning, and its contact kept",
         "leniency::a_name_that_breaks_the_rules_is_dropped_and_the_contact_kept"
         " leniency::values_of_a_wrong_type_are_dropped_and_told contact::dropped_values_are_told"),
        ("doc", "`address`: `region`, `town`, `address`, `postcode`, `description`",
         "contact_values::an_address_has_five_parts_which_come_back_as_they_were_sent"),
        ("doc", "`languageCode` in canonical case, `timeZone` a name of the tz database",
         "leniency::languages_and_zones_take_their_canonical_form"),
        ("doc", "`contactKey`: at most 255 characters",
         "contact_values::a_contact_key_and_an_external_id_have_255_characters"),
        ("client", "`addressBookId` is kept", "client_requests::one_contact_with_lone_objects_for_lists"),
        ("client", "`groups` on reading: the static segments that the contact is in",
         "matching::groups_are_made_and_filled_and_emptied"),
        ("seed", "`channels` is required and may be empty",
         "import_answer::ten_broken_contacts_of_3000_are_reported_and_2990_stored"),
        ("doc client", "Channels `email`, `sms`, `viber`, `mobilepush`, `webpush`, `telegram`, in any case; another fails",
         "leniency::a_channel_type_is_known_in_any_case leniency::a_channel_that_is_none_fails_its_contact"
         " matching::every_dedupe_key_finds_the_contact_again"),
        ("doc", "An `sms` number serves viber too", SENDING),
        ("doc", "`email`: trimmed, compared without case, checked by its syntax",
         "contact_values::an_email_is_compared_without_case"
         " contact_values::what_is_no_email_fails_its_contact_with_the_reason"),
        ("doc", "One `email` and one `sms` a contact: a new one replaces the old",
         "contact_values::a_new_email_and_a_new_phone_replace_the_old leniency::of_two_emails_the_later_is_taken_and_told"),
        ("doc", "`sms`: an international number, stored as its digits",
         "contact_values::a_new_email_and_a_new_phone_replace_the_old leniency::texts_may_come_as_numbers"),
        ("seed ours", "`mobilepush`: a token is never refused for its shape; its kind is read off it and kept",
         "leniency::no_token_is_refused_for_its_shape_and_its_kind_is_read_off"),
        ("ours", "Only an empty token, one with control characters or of more than 4,096 characters fails",
         "leniency::an_empty_endless_or_broken_token_fails_its_contact"),
        ("ours", "Hex of 64 characters or more is compared without case, all other tokens exactly",
         "leniency::hex_tokens_are_one_in_any_case_and_others_are_not"),
        ("doc", "A contact may hold many tokens", "matching::a_contact_may_hold_many_tokens_and_one_email"),
        ("doc", "A token belongs to one contact in its app, and moves to the one that it arrives with",
         "matching::a_token_that_arrives_with_another_contact_moves_to_it"
         " matching::the_same_token_of_another_app_is_another_token"
         " concurrent_uploads::eight_clients_leave_no_double_person_and_no_token_with_two_owners"),
        ("ours", "A token that was switched off stays off when it is uploaded again",
         "matching::a_token_that_was_switched_off_stays_off_when_it_is_uploaded_again"),
        ("seed doc client", "`device` keeps all that is sent of it, `active` being true unless it is said",
         "contact_values::a_device_keeps_everything_that_is_said_of_it"
         " contact_values::what_is_not_said_of_a_device_stays_unknown_but_that_it_is_active"
         " leniency::active_may_come_as_a_text_or_a_number"),
        ("doc", "`deviceModel` has at most 50 characters",
         "contact_values::a_device_model_beyond_50_characters_is_told"),
        ("doc ours", "`os` in any case; another text is kept and warned about",
         "leniency::an_os_is_known_in_any_case_and_another_kept"),
        ("client", "`locale` is kept as it was sent, beside the language read off it",
         "leniency::a_locale_is_kept_as_sent_beside_the_language_read_off_it"),
        ("client", "`webPushSubscription` with `endpoint` and `keys`", "leniency::a_web_push_subscription_is_kept_whole"),
        ("doc", "Additional fields of eight types, their values checked by type",
         "leniency::field_values_are_checked_by_type_and_bad_ones_dropped leniency::choices_are_of_the_allowed_values"
         " leniency::an_empty_value_clears_a_field_that_may_be_updated"),
        ("doc", "`GENDER` and `BIRTHDAY` of the list `PERSONAL` exist from the start",
         "contact_values::the_fields_of_the_list_personal_exist_from_the_start"),
        ("seed ours", "Fields are made before contacts are uploaded, and usable at once; missing ones are told once",
         "contact::additional_fields_are_made_and_usable_at_once leniency::missing_fields_are_told_once_a_request"),
        ("seed doc", "The import methods store confirmed e-mail addresses",
         "contact_values::a_contact_is_confirmed_by_every_method_but_subscribing"
         " import_answer::a_contact_with_an_email_is_confirmed"),
        ("seed doc", "Unsubscribed stays unsubscribed through any import", "subscriptions::unsubscribed_stays_unsubscribed_through_every_import"),
    ),
    "3. Adding contacts in bulk": (
        ("seed", "`POST /api/v1/contacts` adds and updates up to 3,000 contacts in one request",
         "import_answer::ten_broken_contacts_of_3000_are_reported_and_2990_stored"),
        ("seed ours", "More than 3,000: 400 that names the limit and the number, and nothing is stored",
         "import_answer::3001_contacts_are_refused_with_the_limit_and_the_number_and_nothing_is_stored"),
        ("seed", "`contacts` and `dedupeOn` are required",
         "import_answer::an_envelope_that_cannot_be_worked_on_is_400_with_the_path"),
        ("seed client", "`dedupeOn`: every one of its words finds the contact again",
         "matching::every_dedupe_key_finds_the_contact_again matching::dedupe_on_id_updates_the_contact_with_that_id"
         " matching::dedupe_on_id_never_creates"),
        ("client", "`email_or_sms` looks at the phone first", "matching::email_or_sms_looks_at_the_phone_first"),
        ("client", "`fieldId` with a value of at most 50 characters",
         "matching::dedupe_on_a_field_finds_contacts_stored_before_it_was_ever_used"
         " matching::a_field_value_that_identifies_has_at_most_50_characters"),
        ("client", "`contactFields`: only these of a known contact are updated; one that it does not carry is cleared",
         "matching::only_listed_fields_of_a_known_contact_are_updated"
         " matching::a_listed_field_that_the_contact_does_not_carry_is_cleared"
         " import_answer::unknown_names_in_contact_fields_and_custom_fields_are_warnings"),
        ("ours", "Without `contactFields` all that is carried is updated, and nothing else",
         "matching::without_contact_fields_all_that_is_carried_is_updated_and_the_rest_left_alone"),
        ("ours", "An absent `mobilepush` never deletes tokens", "matching::an_absent_mobilepush_never_deletes_tokens"),
        ("client", "The identifying field is never changed by the match on it",
         "matching::the_identifying_field_is_not_changed_by_the_match_on_it"),
        ("client ours", "`customFieldsIDs`: only these are touched on a known contact, all are stored on a new one",
         "matching::custom_fields_of_a_known_contact_are_touched_only_where_listed"),
        ("doc", "`groupNames` and `groupNamesExclude`: put into and taken out of static segments, made if missing",
         "matching::groups_are_made_and_filled_and_emptied matching::a_failed_contact_is_put_in_no_group"),
        ("doc", "Matched first by external id, whatever `dedupeOn` says",
         "matching::the_external_id_matches_first_whatever_dedupe_on_says"),
        ("doc", "Of several that share the value the most recently updated is taken",
         "matching::of_several_that_share_the_value_the_most_recently_updated_is_taken"),
        ("doc", "A new external id goes to one that has none",
         "matching::a_new_external_id_goes_to_the_one_without"
         " matching::it_is_received_even_where_contact_fields_does_not_list_it"),
        ("doc", "A contact with another external id is never matched",
         "matching::a_contact_with_a_foreign_external_id_is_never_matched"),
        ("doc", "A deleted contact matched by external id is skipped and reported, or restored with `restoreDeleted`",
         "matching::a_deleted_contact_is_skipped_and_reported"
         " matching::with_restore_deleted_it_comes_back_updated_and_with_its_tokens"),
        ("ours", "A deleted contact is never matched by anything else",
         "matching::a_deleted_contact_is_never_matched_by_anything_else"),
        ("ours", "Contacts of one request that are one person give one contact, the later value winning",
         "matching::contacts_of_one_request_that_are_one_person_give_one_contact_the_later_value_winning"
         " matching::they_are_one_person_by_the_dedupe_key_too"
         " matching::a_contact_made_by_this_request_takes_all_that_the_request_carries_for_it"),
        ("ours", "A contact that nothing identifies fails",
         "matching::a_contact_that_nothing_identifies_fails_since_sent_twice_it_would_be_stored_twice"),
        ("doc", "Requests at the same time end as if one had come after the other",
         "concurrent_uploads::eight_clients_leave_no_double_person_and_no_token_with_two_owners"
         " concurrent_uploads::single_contacts_at_once_make_one_person"
         " concurrent_uploads::the_first_use_of_a_field_as_identity_and_uploads_at_once_leave_no_double"),
        ("doc client", "The answer has `id` 0 for a batch and the contact's for one, `asyncSessionId`, `failedContacts`",
         "import_answer::the_answer_to_a_batch_has_id_0_a_session_and_no_failures"
         " client_requests::an_import_by_email_with_ids_as_texts_and_a_trailing_slash"),
        ("doc ours", "A bad contact is reported as it was sent, with `index`, `errorCode`, `errorMessage`, and stops no other",
         "import_answer::ten_broken_contacts_of_3000_are_reported_and_2990_stored"
         " leniency::numbers_and_nesting_beyond_all_bounds_fail_their_contact_alone"),
        ("ours", "`warnings` tell of values that were dropped or changed",
         "leniency::values_of_a_wrong_type_are_dropped_and_told"),
        ("ours", "What was answered with 200 is never lost; anything else may be sent again with the same result",
         "crash::a_killed_server_loses_nothing_it_answered_and_the_upload_run_again_finishes"
         " crash::a_killed_postgresql_loses_nothing_that_was_answered"
         " full_disk::a_full_disk_is_told_and_nothing_that_was_answered_is_lost"
         " matching::the_same_batch_twice_changes_nothing"),
        ("ours", "`Idempotency-Key`: the same key and body get the first answer, another body a 409, also two at once",
         "import_answer::an_idempotency_key_gets_the_first_answer_again"
         " import_answer::an_idempotency_key_with_another_body_is_409"
         " import_answer::of_two_at_once_with_one_idempotency_key_one_is_imported_and_both_get_its_answer"
         " repeats::of_many_at_once_with_one_key_and_different_bodies_one_is_stored"
         " repeats::the_first_answer_stands_whatever_happened_since repeats::a_refused_request_leaves_its_key_free"
         " repeats::one_body_for_two_apps_is_two_requests repeats::one_key_in_two_accounts_is_two_keys"),
        ("ours", "`dryRun=true`: everything is worked out and told, nothing is stored, no kept answer is taken or left",
         "import_answer::a_dry_run_tells_everything_and_stores_nothing"
         " repeats::a_dry_run_takes_no_kept_answer_and_leaves_none"
         " repeats::dry_runs_and_imports_at_once_tell_and_store_what_they_say"
         " repeats::a_dry_run_that_is_not_understood_stores_nothing"),
        ("doc ours", "`GET /api/v1/importstatus/{sessionId}`: the fate of every contact, the counts, the times",
         "import_answer::the_status_tells_what_became_of_each_contact"),
        ("doc", "A session that is unknown, or another account's: 404",
         "import_answer::a_session_of_another_account_or_of_nobody_is_404"),
    ),
    "4. Events of an import": (
        ("seed doc", "`eventKeyForNewContacts`: one event for each new contact and none for a known one",
         "import_answer::every_new_contact_makes_an_event_and_a_known_one_none"),
        ("doc ours", "The event's type is made if missing; its parameters and `keyValue` are those of the contact",
         "import_answer::every_new_contact_makes_an_event_and_a_known_one_none"),
        ("seed ours", "Without the key a `contactCreated` event is recorded",
         "import_answer::every_new_contact_makes_an_event_and_a_known_one_none"),
        ("doc", "The single method makes no event", "import_answer::the_single_method_makes_no_event"),
        ("seed", "A workflow starts on an event of a new contact", SENDING),
    ),
    "5. One contact": (
        ("doc", "`POST /api/v1/contact`: found by external id (a deleted one is restored), else e-mail, phone, token",
         "contact::adding_finds_by_external_id_then_email_then_phone_then_token"
         " contact::adding_restores_a_deleted_contact contact::adding_updates_all_fields_that_are_sent"),
        ("doc", "It answers `{\"id\"}`, and `channels` is required",
         "contact::a_contact_that_cannot_be_stored_is_400_with_the_path"),
        ("doc", "`PUT /api/v1/contact/{id}`: never creates (404); an external id of another is a 409",
         "contact::updating_changes_what_is_sent_and_never_creates contact::an_external_id_of_another_is_409"),
        ("ours", "`GET /api/v1/contact/{id}` and `GET /api/v1/contact`: the contact with all that is held of it",
         "contact::updating_changes_what_is_sent_and_never_creates"
         " contact_values::a_device_keeps_everything_that_is_said_of_it"),
        ("client ours", "`DELETE /api/v1/contact/{id}` and `DELETE /api/v1/contact`: restorable, or with `erase=true` for good",
         "contact::deleting_keeps_what_restoring_needs_and_erasing_keeps_nothing"
         " client_requests::an_erasure_by_external_id"),
        ("ours", "`GET /api/v1/contact/{id}/export` and `GET /api/v1/contact/export`: everything held about a contact",
         "privacy::everything_held_about_a_contact_is_told privacy::a_deleted_contact_is_exported_and_an_erased_one_is_not"
         " privacy::nobody_of_another_account_is_exported_or_told"),
        ("ours", "`GET /api/v1/erasures`: the record that a contact was erased for good",
         "privacy::an_erasure_is_on_record_and_found_by_either_id privacy::nothing_of_an_erased_contact_is_left_anywhere"
         " privacy::a_question_that_is_none_is_400"),
        ("client", "`GET /api/v1/contacts`: the search by `email`, `sms`, `firstname`, `lastname`, or `externalCustomerId` alone",
         "contact::the_search_takes_what_fits_all client_requests::a_search_by_email_with_a_page"
         " plans::a_search_reads_its_index_and_no_whole_table"
         " plans::the_index_finds_names_in_any_case_and_no_deleted_contact"),
        ("client", "`GET /api/v1/contacts/email`: the addresses of contacts by id", "subscriptions::the_addresses_of_contacts_are_told"
         " subscriptions::addresses_of_nobody_or_too_many_are_400"),
        ("doc", "`POST /api/v1/contacts/upload`: a CSV by link, fetched and imported as a session in the background; answers `asyncSessionId`",
         "links::a_csv_by_link_is_imported_in_the_background_and_its_session_tells_all"
         " links::delimiters_marks_ends_and_headings_are_understood"
         " links::cells_in_quotes_hold_delimiters_quotes_and_line_breaks"
         " links::a_long_file_goes_in_by_portions_and_its_mapping_is_told_by_pages"
         " links::columns_may_name_additional_fields_and_a_field_may_identify"
         " links::what_cannot_be_meant_is_400_and_no_session"),
        ("doc", "Credentials may stand in the link: they are sent to its server alone, and kept encrypted",
         "links::credentials_in_the_link_are_sent_and_shown_nowhere"
         " links::a_redirect_is_followed_and_takes_no_credentials_to_another_server"),
        ("doc", "A link leads to no private address unless the operator allows it, by no notation, redirect or name",
         "links::private_addresses_are_refused_unless_the_operator_allows_them"
         " links::a_redirect_to_a_private_address_is_refused"
         " guard::a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_connected_to"),
        ("ours", "Rows that cannot be stored are told with their line; a file that cannot be had ends the session with `ERROR` and the reason in `error`",
         "links::rows_that_cannot_be_stored_are_told_with_line_and_reason_and_stop_no_other"
         " links::a_file_that_is_none_ends_the_session_with_the_reason"
         " links::an_answer_that_will_stay_ends_the_session links::what_may_pass_is_tried_again_and_told_meanwhile"
         " links::what_never_passes_fails_after_five_attempts"),
        ("ours", "A server that is killed in the middle, or several at once: no row is lost, none goes in twice",
         "link_crash::a_server_killed_again_and_again_imports_every_row_once"
         " link_crash::a_server_told_to_end_hands_its_job_over_at_once"
         " link_crash::two_servers_share_the_work_and_do_none_twice"
         " link_crash::a_server_that_was_thought_dead_writes_nothing_more"),
        ("doc", "`POST /api/v1/contact/subscribe`: unconfirmed, double opt-in, events",
         "subscribing::who_subscribes_is_unconfirmed_until_the_button_in_the_mails_page_is_pressed"
         " subscribing::a_known_contact_is_updated_and_asked_only_while_its_address_is_not_confirmed"
         " subscribing::a_contact_without_an_address_subscribes_without_a_mail"
         " subscribing::two_who_subscribe_with_one_address_at_once_are_one_contact_and_get_one_mail"
         " subscribing::two_who_press_the_button_at_once_confirm_once"
         " subscribing::what_cannot_be_subscribed_is_400_and_stores_nothing"),
        ("ours", "An unsubscribed address stays so until its owner confirms anew; an import does not confirm one that waits",
         "subscribing::unsubscribed_stays_so_until_the_owner_confirms_anew"
         " subscribing::an_import_does_not_confirm_an_address_that_waits"),
        ("ours", "A link confirms one address of one contact for 7 days, by a button; a forged one is 400, an outdated one 410",
         "subscribing::a_link_that_is_too_old_or_for_somebody_gone_is_410 subscribing::a_link_that_was_not_signed_here_is_400"
         " subscribing::a_link_of_one_account_confirms_nobody_in_another"
         " subscribing::the_page_allows_nothing_but_its_own_form subscribing::the_page_takes_no_body_and_no_other_method"
         " subscribing::one_link_and_those_without_one_have_their_rates"),
        ("ours", "One address gets one mail in ten minutes and three a day; mails survive a kill and are sent again after a fault",
         "subscribing::one_address_gets_one_mail_in_ten_minutes_and_three_a_day"
         " posting::a_mail_outlives_a_server_that_is_killed_before_and_while_it_is_sent"
         " posting::what_fails_for_now_is_tried_again_after_growing_waits_and_given_up_in_the_end"),
        ("doc", "`GET /api/v1/contact/{id}/subscriptions` and `PUT /api/v1/contact/{id}/subscriptions`", "subscriptions::subscriptions_are_replaced_as_a_whole"
         " subscriptions::subscriptions_that_are_none_are_400_with_their_place"
         " subscriptions::subscriptions_of_a_contact_that_is_gone_or_anothers_are_404"),
        ("doc", "`POST /api/v1/emails/unsubscribed/add` and `POST /api/v1/emails/unsubscribed/delete`", "subscriptions::unsubscribed_stays_unsubscribed_through_every_import"
         " subscriptions::the_list_keeps_no_address_and_belongs_to_one_account"
         " subscriptions::a_list_that_is_none_is_400"),
    ),
    "6. Fields, segments, account": (
        ("client", "`GET /api/v1/addressbooks`: the fields by address book and list", "contact::the_address_book_has_the_fields_in_their_lists"),
        ("doc ours", "`GET /api/v1/additionalfields` lists the fields, `POST /api/v1/additionalfields` makes one",
         "contact::additional_fields_are_made_and_usable_at_once contact::a_field_that_cannot_be_made_says_why"),
        ("doc", "`GET /api/v1/groups`: the segments", "segments::segments_are_listed_by_a_text_in_their_name_and_paged"),
        ("ours", "`POST /api/v1/groups`, `GET /api/v1/group/{id}`, `PUT /api/v1/group/{id}`, `DELETE /api/v1/group/{id}`: segments are made, read, changed and removed",
         "dynamic::a_segment_is_made_read_changed_and_removed dynamic::a_static_segment_is_made_empty_and_has_no_conditions"
         " dynamic::a_name_that_is_taken_is_409 dynamic::many_at_once_with_one_name_make_one_segment"),
        ("ours", "Dynamic segments: conditions on fields, channels, app, os, app version, language, activity, events and lists, joined by all, any and not; evaluated in SQL",
         "dynamic::every_kind_of_condition_finds_who_meets_it dynamic::who_is_in_it_follows_what_happens"
         " dynamic::pages_of_a_dynamic_segment_hold_everybody_once dynamic::a_segment_of_members_of_another_follows_it"
         " dynamic::nobody_is_put_into_a_dynamic_segment dynamic::words_that_look_like_sql_are_words"
         " dynamic::conditions_on_what_another_account_has_are_met_by_nobody"),
        ("ours", "`POST /api/v1/groups/count`: how many meet conditions; what is no condition is a 400 with its place",
         "dynamic::every_kind_of_condition_finds_who_meets_it dynamic::what_is_no_condition_is_400_with_its_place"),
        ("doc", "`GET /api/v1/group/{id}/contacts`: who is in a segment", "segments::who_is_in_a_segment_is_paged_and_shown_whole"),
        ("doc", "`POST /api/v1/group/{id}/contacts/attach` and `POST /api/v1/group/{id}/contacts/detach`", "segments::contacts_are_attached_by_either_id_and_unknown_ones_are_told"
         " segments::contacts_are_detached_and_all_of_them_when_none_is_named"
         " segments::more_than_500_contacts_are_refused_and_none_is_moved"
         " segments::attaching_nobody_is_400"),
        ("doc", "`GET /api/v1/account/info`: whose account this is", "contact::account_and_version_say_who_and_what"),
        ("doc", "`GET /api/v1/version` and `GET /api/v2/version`: which program answers",
         "contact::account_and_version_say_who_and_what"),
        ("doc", "`GET /api/v1/balance`: zeros", "contact::the_balance_is_nought"),
    ),
    "7. Apps, tokens, push": (
        ("ours", "A token of an app that the account does not know is stored, and told once a request",
         "import_answer::a_token_of_an_unknown_app_is_stored_and_told_once"),
        ("doc", "`GET /api/v1/contact/token/{appUuid}/{token}/contactId`: whose a token is, or 404",
         "contact::whose_a_token_is_and_whether_it_is_active"),
        ("doc", "`GET /api/v1/contact/token/activated/{appUuid}/{token}` and `PUT /api/v1/contact/token/activated/{appUuid}/{token}`",
         "contact::whose_a_token_is_and_whether_it_is_active"),
        ("ours", "`GET /api/v1/apps` lists the apps, `POST /api/v1/apps` registers one or completes one known from its tokens",
         "tokens::an_app_that_tokens_name_is_listed_and_completed tokens::an_app_that_cannot_be_registered_says_why"),
        ("doc", "`POST /api/v1/apps/{appUuid}/tokens`: tokens with no profile; each becomes, or joins, a contact",
         "tokens::tokens_without_a_profile_become_contacts_and_join_those_that_they_name"
         " tokens::tokens_sent_again_stay_where_they_are_and_learn tokens::bad_tokens_fail_alone_and_name_their_place"
         " tokens::a_request_without_tokens_or_with_too_many_is_400"
         " tokens::a_dry_run_stores_nothing_and_a_key_answers_again"),
        ("doc", "`POST /api/v1/apps/{appUuid}/token/mute` and `POST /api/v1/apps/{appUuid}/token/unmute`: kept, not sent to",
         "tokens::a_muted_token_is_kept_and_stays_muted_wherever_it_goes tokens::muting_what_is_no_list_or_no_app_is_refused"
         " tokens::another_account_mutes_only_its_own tokens::erasing_forgets_that_a_token_was_muted"),
        ("doc", "Message templates below `/api/v1/messages/mobilepush`", SENDING),
        ("client", "`POST /api/v1/message/{id}/smartsend` and `GET /api/v1/message/status`", SENDING),
        ("ours", "Broadcasts, dead tokens, interactions", SENDING),
    ),
    "8. Events": (
        ("doc", "`POST /api/v1/event`: an event with params as names and values",
         "events::v1_takes_names_and_values_and_one_alone events::what_is_no_event_is_400_with_its_place"),
        ("doc", "`POST /api/v2/event`: params as an object or a list", "events::v2_takes_an_object_or_a_list"),
        ("doc", "`POST /api/v3/event` and `POST /api/v3/events`: a list of up to 1,000 with times",
         "events::v3_takes_a_list_with_times events::a_list_goes_in_as_a_whole_or_not_at_all"),
        ("doc", "The contact is found from the params",
         "events::the_contact_is_found_by_each_name_that_the_contract_lists"
         " events::of_several_with_one_address_the_last_changed_is_meant"),
        ("doc", "`POST /api/v1/past_events`, `POST /api/v2/past_events`, `POST /api/v3/past_events`: with a time",
         "events::past_events_need_their_time_and_can_be_taken_back"),
        ("doc", "`DELETE /api/v1/past_events`, `DELETE /api/v2/past_events`, `DELETE /api/v3/past_events`: by type and time",
         "events::past_events_need_their_time_and_can_be_taken_back"
         " events::taking_back_wants_a_type_and_a_time_and_reaches_no_other_account"),
        ("doc", "`GET /api/v2/contacts/messages` and `GET /api/v2/contacts/activity`",
         "events::nothing_was_sent_so_nothing_is_told_and_wrong_questions_are_refused"),
    ),
    "9. Requests that real clients send": (
        ("client", "An import by e-mail with ids as texts, a slash at the end and an event",
         "client_requests::an_import_by_email_with_ids_as_texts_and_a_trailing_slash"),
        ("client", "An import with every optional key null or empty",
         "client_requests::an_import_with_every_optional_key_null_or_empty"),
        ("client", "One contact with lone objects where lists belong",
         "client_requests::one_contact_with_lone_objects_for_lists"),
        ("client", "A search by e-mail with a page", "client_requests::a_search_by_email_with_a_page"),
        ("client", "An erasure by external id", "client_requests::an_erasure_by_external_id"),
    ),
}  # fmt: skip
