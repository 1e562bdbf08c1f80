/* Permissions: what was asked, granted and taken back, when it ends, and who used it without. */
#include "projections/fold/run.h"
#include "projections/permissions/find.h"
#include "projections/permissions/row.h"
#include "tests/projections/state_box.h"

static struct box b;
extern const struct projection projection_permissions;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t say(const char *step, const char *json) {
    char kind[64];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    return box_event(&b, kind, "pack/p", json);
}

/* The row of pack/p, exec and this scope, as of now. */
static void look(const char *scope) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", scope, NULL));
}

static void expect(const char *scope, const char *state, int64_t violations) {
    look(scope);
    box_text(&b, "state", state);
    box_int(&b, "violations", violations);
}

static void a_grant_has_its_own_tier_or_that_of_its_request_never_an_older_one(void **state) {
    (void)state;
    say("denied", "{\"group\":\"exec\",\"tier\":\"T2\"}");
    say("granted", "{\"group\":\"exec\"}");
    expect("", "granted", 0);
    assert_false(row_has(&b.row, box_column(&b, "tier")));
    say("requested", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T1\"}");
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "granted", 0);
    box_text(&b, "tier", "T1");
    say("expired", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "expired", 0);
    box_text(&b, "tier", "T1");
    say("requested", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "requested", 0);
    assert_false(row_has(&b.row, box_column(&b, "tier")));
}

static void a_request_is_granted_used_and_revoked(void **state) {
    (void)state;
    uint64_t asked =
        say("requested", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T1\",\"request\":\"r1\",\"required\":true,"
                         "\"at\":4000}");
    expect("/a", "requested", 0);
    box_text(&b, "who", "pack/p");
    box_text(&b, "request", "r1");
    box_evidence(&b, 1, asked);
    uint64_t granted = say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T2\",\"at\":5000}");
    expect("/a", "granted", 0);
    box_text(&b, "tier", "T2");
    box_text(&b, "by", "user:test");
    box_int(&b, "since", 5000);
    box_int(&b, "decided_seq", (int64_t)granted);
    box_evidence(&b, 2, asked, granted);
    assert_true(row_bool(&b.row, box_column(&b, "required")));
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":3,\"at\":6000}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "granted", 0);
    box_int(&b, "uses", 4);
    uint64_t revoked = say("revoked", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "revoked", 0);
    box_evidence(&b, 1, revoked);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "revoked", 1);
    box_text(&b, "violation", "used, but it was revoked");
}

static void a_request_ends_neither_a_grant_nor_a_denial(void **state) {
    (void)state;
    uint64_t granted = say("granted", "{\"group\":\"exec\"}");
    uint64_t again = say("requested", "{\"group\":\"exec\",\"request\":\"again\"}");
    expect("", "granted", 0);
    box_evidence(&b, 1, granted);
    uint64_t denied = say("denied", "{\"group\":\"exec\"}");
    uint64_t asked = say("requested", "{\"group\":\"exec\"}");
    expect("", "denied", 0);
    box_text(&b, "reason", "asked for again by event 4");
    box_evidence(&b, 3, again, denied, asked); /* the denial answered the first */
    box_int(&b, "decided_seq", (int64_t)denied);
    say("used", "{\"group\":\"exec\"}");
    expect("", "denied", 1);
    box_text(&b, "violation", "used, but it was denied");
}

static void a_grant_ends_when_its_time_has_come(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"at\":1000,\"expires\":2000,\"lifetime\":\"until\"}");
    box_view(&b, LOG_NO_SEQ, 1999);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_view(&b, LOG_NO_SEQ, 2000);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "", NULL));
    box_text(&b, "state", "expired");
    box_text(&b, "step", "granted");
    box_int(&b, "since", 2000);
    say("used", "{\"group\":\"exec\",\"at\":1500}"); /* done in time, it says, but told when it was over */
    expect("", "expired", 1);
    box_text(&b, "violation", "used, but it was expired");
    say("expired", "{\"group\":\"exec\"}");
    expect("", "expired", 1);
    say("requested", "{\"group\":\"exec\"}");
    expect("", "requested", 1);
    say("granted", "{\"group\":\"exec\"}"); /* without an end this time */
    expect("", "granted", 1);
    box_int(&b, "uses", 0);
    assert_false(row_has(&b.row, box_column(&b, "expires")));
}

static void once_is_once(void **state) {
    (void)state;
    uint64_t granted = say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"once\",\"at\":6000}");
    expect("/a", "granted", 0);
    uint64_t use = say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":7000}");
    expect("/a", "expired", 0);
    box_int(&b, "since", 7000);
    box_evidence(&b, 2, granted, use);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "expired", 1);
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"once\"}");
    expect("/a", "granted", 1);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":2}");
    expect("/a", "expired", 2);
    box_text(&b, "violation", "used 2 times, but it was granted for once");
}

static void a_use_counts_for_what_covers_it(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/*\",\"lifetime\":\"once\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}");
    expect("/srv/*", "expired", 0);
    assert_false(box_row(&b, "permissions", "pack/p", "exec", "/srv/a/b", NULL));
    say("granted", "{\"group\":\"exec\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}"); /* by the newer one, of everything */
    expect("", "granted", 0);
    box_int(&b, "uses", 1);
    say("denied", "{\"group\":\"exec\",\"scope\":\"/srv/a/?\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}");
    expect("/srv/a/?", "denied", 1);
    say("used", "{\"group\":\"gpu\",\"scope\":\"0\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "gpu", "0", NULL));
    assert_false(row_has(&b.row, box_column(&b, "state")));
    box_text(&b, "violation", "used, but nobody granted it");
}

static void taking_back_is_always_possible_and_shows_when_there_was_nothing(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/*\"}");
    say("revoked", "{\"group\":\"exec\",\"scope\":\"/srv/secret\"}"); /* a part of it */
    expect("/srv/secret", "revoked", 0);
    say("revoked", "{\"group\":\"exec\"}"); /* all of it */
    expect("", "revoked", 0);
    say("revoked", "{\"group\":\"exec\"}");
    expect("", "revoked", 0);
    say("revoked", "{\"group\":\"exec\",\"scope\":\"/opt\"}");
    expect("/opt", "revoked", 1);
    box_text(&b, "violation", "revoked, but it was never granted");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/usr\"}");
    say("expired", "{\"group\":\"exec\",\"scope\":\"/usr\"}");
    expect("/usr", "denied", 1);
    say("expired", "{\"group\":\"exec\",\"scope\":\"/var\"}");
    expect("/var", "expired", 1);
}

static void a_session_takes_its_grants_with_it(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"lifetime\":\"session\",\"session\":\"s1\",\"at\":8000}");
    box_event_of(&b, "run.started", "run/s1", "s1", NULL);
    expect("", "granted", 0);
    uint64_t end = box_event_of(&b, "run.finished", "run/s1", "s1", "{\"at\":9000}");
    expect("", "expired", 0);
    box_int(&b, "since", 9000);
    box_evidence(&b, 2, (uint64_t)1, end);
}

static void a_use_is_of_a_session_s_grant_in_that_session_alone(void **state) {
    static const char use[] = "{\"group\":\"exec\",\"scope\":\"/a\"}";
    (void)state;
    say("granted", "{\"group\":\"exec\",\"lifetime\":\"session\",\"session\":\"s1\"}");
    box_event_of(&b, "permission.used", "pack/p", "s1", use);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"session\":\"s1\"}");
    expect("", "granted", 0);
    say("used", use);
    expect("", "granted", 1);
    box_text(&b, "violation", "used, but it was granted for a session, and the use names none");
    box_event_of(&b, "permission.used", "pack/p", "s2", use);
    expect("", "granted", 2);
    box_text(&b, "violation", "used, but it was granted for another session");
    box_odd(&b, "permission.granted", "pack/p", "{\"group\":\"exec\",\"lifetime\":\"session\"}");
    box_event_of(&b, "permission.used", "pack/p", "s1", use);
    expect("", "expired", 3);
    box_text(&b, "violation", "used, but it was granted for a session that it does not name");
}

static void a_grant_whose_end_is_not_known_is_over(void **state) {
    static const char *const grants[] = {"{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"until\",\"at\":4000}",
                                         "{\"group\":\"exec\",\"scope\":\"/a\",\"expires\":null,\"at\":4000}"};
    (void)state;
    for (int64_t i = 0; i < 2; i++) {
        box_odd(&b, "permission.granted", "pack/p", grants[i]);
        expect("/a", "expired", i);
        box_int(&b, "since", 4000);
        say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
        expect("/a", "expired", i + 1);
        box_text(&b, "violation", "used, but it was granted until a time that nobody named");
        say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":4000}");
        expect("/a", "granted", i + 1);
    }
}

static void a_grant_of_null_reaches_nothing(void **state) {
    (void)state;
    box_odd(&b, "permission.granted", "pack/p", "{\"group\":\"exec\",\"scope\":null}");
    expect(PERMISSIONS_SCOPE_UNKNOWN, "expired", 0);
    box_text(&b, "reason", "no use has it: its scope has a '..' segment");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    look("/a");
    assert_false(row_has(&b.row, box_column(&b, "state")));
    box_text(&b, "violation", "used, but it was granted, but for a scope that is not known");
    say("used", "{\"group\":\"exec\"}");
    look("");
    assert_false(row_has(&b.row, box_column(&b, "state")));
    box_odd(&b, "permission.denied", "pack/p", "{\"group\":\"exec\",\"scope\":null}"); /* of everything */
    say("granted", "{\"group\":\"gpu\"}");
    expect("", "denied", 1);
}

/* What this body, as of a schema, makes of an empty table: the scope that is granted, or "none". */
static void grant_of(uint32_t schema, bool has_private, const char *kind, const char *json, char ret[64]) {
    struct log_event event = {.seq = 5, .time = 9, .schema = schema, .has_private = has_private};
    const struct rows_entry **entry = NULL;
    struct fold_input *input = NULL;
    struct fold *fold = NULL;
    struct rows *rows = NULL;
    struct buf body;
    struct row row;
    size_t n = 0;
    buf_init(&body, 4096);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    event.kind = bytes_of(kind);
    event.subject = bytes_of("pack/p");
    event.body = bytes_of_buf(&body);
    assert_int_equal(rows_new(NULL, &rows, &b.err), 0);
    assert_int_equal(fold_new(&projection_permissions, rows, &fold, &b.err), 0);
    assert_int_equal(fold_input_new(upcast_all, upcast_count, &input, &b.err), 0);
    assert_int_equal(fold_input_set(input, &event, &b.err), 0);
    assert_int_equal(fold_apply(fold, input, &b.err), 0);
    assert_int_equal(rows_sorted(rows, 0, &entry, &n, &b.err), 0);
    snprintf(ret, 64, "none");
    if (n > 0) {
        row_init(&row, &projection_permissions.tables[0]);
        assert_int_equal(row_decode(&row, entry[0]->bytes, NULL, 0, &b.err), 0);
        struct bytes scope = row_text(&row, PERMISSIONS_SCOPE);
        snprintf(ret, 64, "%.*s", (int)scope.n, (const char *)scope.p);
        row_done(&row);
    }
    free(entry);
    fold_input_free(input);
    fold_free(fold);
    rows_free(rows);
    buf_done(&body);
}

static void a_scope_that_an_older_ledger_holds_private_is_not_everything(void **state) {
    static const struct {
        uint32_t schema;
        bool has_private;
        const char *kind, *json, *scope;
    } rows[] = {
        {1, true, "permission.granted", "{\"group\":\"exec\"}", PERMISSIONS_SCOPE_UNKNOWN},
        {1, true, "permission.decided", "{\"group\":\"exec\",\"decision\":\"allow\"}", PERMISSIONS_SCOPE_UNKNOWN},
        {1, true, "permission.granted", "{\"group\":\"exec\",\"scope\":\"/a\"}", "/a"},
        {1, true, "permission.decided", "{\"group\":\"exec\",\"decision\":\"deny\"}", ""},
        {1, true, "permission.denied", "{\"group\":\"exec\"}", ""},
        {1, false, "permission.granted", "{\"group\":\"exec\"}", ""},
        {2, true, "permission.granted", "{\"group\":\"exec\"}", ""}, /* a note */
    };
    char scope[64];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        grant_of(rows[i].schema, rows[i].has_private, rows[i].kind, rows[i].json, scope);
        assert_string_equal(scope, rows[i].scope);
    }
}

static void an_answer_holds_as_long_as_it_says_or_once(void **state) {
    (void)state;
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"allow\",\"group\":\"exec\",\"request\":\"r\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "expired"); /* it was the answer to that request */
    box_text(&b, "lifetime", "once");
    box_event(&b, "permission.decided", "tool/bash",
              "{\"decision\":\"allow\",\"group\":\"exec\",\"request\":\"r\",\"lifetime\":\"permanent\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"unknown\",\"group\":\"exec\"}");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"ask\",\"group\":\"exec\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"abort\",\"group\":\"exec\"}");
    box_event(&b, "permission.decided", "tool/odd", "{\"decision\":\"deny\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "denied");
    assert_true(box_row(&b, "permissions", "tool/odd", "", "", NULL));
    box_text(&b, "state", "denied");
    box_int(&b, "violations", 0);
}

/* One that is not found by its uses must not read as granted. */
static void a_grant_past_the_limit_of_patterns_says_so_and_does_not_hold(void **state) {
    char json[128], scope[32];
    (void)state;
    for (unsigned i = 0; i <= PERMISSION_PATTERNS_MAX; i++) {
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/%u/*\"}", i);
        say("granted", json);
    }
    say("used", "{\"group\":\"exec\",\"scope\":\"/255/a\"}");
    expect("/255/*", "granted", 0);
    snprintf(scope, sizeof(scope), "/%u/*", PERMISSION_PATTERNS_MAX);
    expect(scope, "expired", 1);
    box_text(
        &b, "violation",
        "granted, but no use finds it: of one holder and group 256 patterns (256 KiB) are looked at; permission.expired "
        "of a granted one makes room, or permission.revoked of what is wider");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/x/*\"}"); /* in the place of the oldest */
    expect("/x/*", "denied", 0);
    expect("/0/*", "expired", 0);
    expect("/1/*", "granted", 0);
}

/* What the words above say makes room. */
static void what_is_over_or_taken_back_by_what_is_wider_makes_room_for_another_pattern(void **state) {
    static const char another[] = "{\"group\":\"exec\",\"scope\":\"/another/*\"}",
                      use[] = "{\"group\":\"exec\",\"scope\":\"/another/a\"}";
    static const char *const ways[][2] = {{"expired", "{\"group\":\"exec\",\"scope\":\"/7/*\"}"},
                                          {"revoked", "{\"group\":\"exec\",\"scope\":\"/1*\"}"},
                                          {"revoked", "{\"group\":\"exec\"}"}};
    char json[128];
    (void)state;
    for (size_t way = 0; way < 3; way++) {
        if (way > 0) {
            box_close(&b);
            box_open(&b);
        }
        say("granted", "{\"group\":\"exec\",\"scope\":\"/another/?\"}");
        say("denied", "{\"group\":\"exec\",\"scope\":\"/kept/*\"}");
        for (unsigned i = 0; i < PERMISSION_PATTERNS_MAX - 2; i++) {
            snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/%u/*\"}", i);
            say("granted", json);
        }
        say("granted", another); /* has no room */
        say(ways[way][0], ways[way][1]);
        say("granted", another);
        say("used", use);
        say("used", "{\"group\":\"exec\",\"scope\":\"/kept/a\"}");
        expect("/another/*", "granted", 1);
        box_int(&b, "uses", 1);
        expect(way == 2 ? "" : "/kept/*", way == 2 ? "revoked" : "denied", 1);
    }
}

/* A grant of the scope that was refused undoes that as far as it holds, and no farther. */
static void a_narrower_grant_of_a_refused_scope_leaves_the_refusal_to_the_rest(void **state) {
    static const struct {
        const char *scope, *grant, *state; /* of the row */
        const char *use;
    } rows[] = {
        {"/a/b", ",\"tier\":\"T0\"", "granted", "/a/b"},
        {"/a/b", ",\"tier\":\"T3\",\"lifetime\":\"until\",\"expires\":1000", "denied", "/a/b"},
        {"/a/b", ",\"tier\":\"T3\",\"lifetime\":\"session\",\"session\":\"zz\"", "granted", "/a/b"},
        {"/a/b", ",\"tier\":\"T3\",\"session\":\"zz\"", "granted", "/a/b"},
        {"/a/b*", ",\"tier\":\"T0\"", "granted", "/a/bx"},
        {"/a/b?", ",\"tier\":\"T0\"", "granted", "/a/bx"},
    };
    char json[200];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_close(&b);
        box_open(&b);
        say("granted", "{\"group\":\"exec\",\"scope\":\"/a/*\",\"tier\":\"T3\"}");
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"}", rows[i].scope);
        uint64_t denied = say("denied", json);
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"%s}", rows[i].scope, rows[i].grant);
        say("granted", json);
        expect(rows[i].scope, rows[i].state, 0);
        box_int(&b, "refused_seq", (int64_t)denied);
        assert_true(row_text(&b.row, box_column(&b, "reason")).n > 0);
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\",\"tier\":\"T3\"}", rows[i].use);
        say("used", json);
        look(rows[i].scope);
        box_int(&b, "unpermitted", 1);
        look("/a/*");
        box_int(&b, "unpermitted", 0);
        assert_int_equal(row_int(&b.row, box_column(&b, "uses")), 0);
    }
}

static void a_grant_that_was_used_up_does_not_bring_back_what_was_refused(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a/*\",\"tier\":\"T3\"}");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/a/b\"}");
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a/b\",\"tier\":\"T3\",\"lifetime\":\"once\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a/b\"}");
    expect("/a/b", "denied", 0);
    box_text(&b, "reason", "by event 2: what event 3 granted since does not hold");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a/b\"}");
    expect("/a/b", "denied", 1);
}

static void over_is_over_whatever_begins_again(void **state) {
    static const char use[] = "{\"group\":\"exec\",\"session\":\"s1\"}";
    (void)state;
    uint64_t granted = say("granted", "{\"group\":\"exec\",\"lifetime\":\"session\",\"session\":\"s1\"}");
    box_event_of(&b, "run.started", "run/s1", "s1", NULL);
    say("used", use);
    expect("", "granted", 0);
    uint64_t end = box_event_of(&b, "run.finished", "run/s1", "s1", NULL);
    box_event_of(&b, "run.started", "run/s1", "s1", NULL);
    box_event_of(&b, "run.finished", "run/s1", "s1", NULL);
    expect("", "expired", 0);
    box_evidence(&b, 2, granted, end);
    say("used", use);
    expect("", "expired", 1);
    box_int(&b, "uses", 1);
    say("granted", "{\"group\":\"exec\",\"session\":\"s1\"}"); /* of a session that is over */
    expect("", "expired", 1);
}

static void a_grant_that_names_a_session_holds_there_alone_whatever_its_lifetime(void **state) {
    static const char *const lifetimes[] = {"", ",\"lifetime\":\"permanent\"", ",\"lifetime\":\"once\"",
                                            ",\"lifetime\":\"until\",\"expires\":4000000000000000000"};
    char json[200];
    (void)state;
    for (int64_t i = 0; i < 4; i++) {
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"session\":\"s1\"%s}", lifetimes[i]);
        say("granted", json);
        say("used", "{\"group\":\"exec\",\"session\":\"s2\"}");
        expect("", "granted", i + 1);
        box_text(&b, "violation", "used, but it was granted for another session");
        say("used", "{\"group\":\"exec\",\"session\":\"s1\"}");
        look("");
        box_int(&b, "uses", 1);
        box_int(&b, "violations", i + 1);
    }
}

/* Everything has every scope as a part: a refusal of one refuses it. */
static void a_use_of_everything_is_refused_by_a_refusal_of_any_part(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"lifetime\":\"once\"}");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    say("used", "{\"group\":\"exec\"}");
    expect("/a", "denied", 1);
    box_text(&b, "violation", "used, but it was denied");
    look("");
    box_int(&b, "uses", 0);
    say("denied", "{\"group\":\"gpu\",\"scope\":\"0\"}");
    say("used", "{\"group\":\"gpu\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "gpu", "0", NULL));
    box_text(&b, "violation", "used, but it was denied");
}

static void what_was_only_asked_for_or_used_is_named_as_such(void **state) {
    (void)state;
    say("requested", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "requested", 1);
    box_text(&b, "violation", "used, but it was requested, not granted");
    say("expired", "{\"group\":\"exec\",\"scope\":\"/b\"}");
    for (int64_t i = 0; i < 2; i++) {
        say("used", "{\"group\":\"exec\",\"scope\":\"/b\"}");
        look("/b");
        box_text(&b, "violation", "used, but nobody granted it");
    }
}

static void many_uses_in_one_event_are_counted_once_each(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"once\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":3}");
    look("/a");
    box_int(&b, "uses", 1);
    box_int(&b, "unpermitted", 2);
    box_odd(&b, "permission.used", "pack/p", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":9223372036854775807}");
    box_odd(&b, "permission.used", "pack/p", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":-4}");
    look("/a");
    box_int(&b, "unpermitted", 2 + 1000000 + 1);
}

/* Where one use is left that is refused, nothing was lifted. */
static void a_refusal_is_lifted_by_what_reaches_all_of_it_alone(void **state) {
    static const struct {
        const char *group, *denied, *granted, *state;
    } rows[] = {
        {"network.egress", "h.org", "h?org", "denied"},
        {"network.egress", "h.org", "h?org*", "lifted"},
        {"network.egress", "h.org:443", "h?org:443", "lifted"},
        {"filesystem.read", "*", "**", "denied"},
        {"filesystem.read", "?rv", "*", "denied"},
        {"filesystem.read", "srv/*", "**", "lifted"},
        {"filesystem.read", "*", "", "lifted"},
        {"filesystem.read", "/srv/*", "/**", "lifted"},
    };
    char json[200];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_close(&b);
        box_open(&b);
        snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\"}", rows[i].group, rows[i].denied);
        say("denied", json);
        snprintf(json, sizeof(json), "{\"group\":\"%s\",\"scope\":\"%s\",\"tier\":\"T3\"}", rows[i].group, rows[i].granted);
        uint64_t granted = say("granted", json);
        box_view(&b, LOG_NO_SEQ, 0);
        assert_true(box_row(&b, "permissions", "pack/p", rows[i].group, rows[i].denied, NULL));
        box_text(&b, "state", rows[i].state);
        box_int(&b, "overridden_by", (int64_t)granted);
    }
}

/* 256 that all take it are looked at, with those of no group. */
static void a_use_may_be_covered_by_many_patterns(void **state) {
    char json[400], stars[300];
    (void)state;
    for (unsigned i = 1; i <= PERMISSION_PATTERNS_MAX; i++) {
        memset(stars, '*', i);
        stars[i] = '\0';
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"%s\"}", stars);
        say("granted", json);
        snprintf(json, sizeof(json), "{\"decision\":\"deny\",\"scope\":\"%s\"}", stars);
        say("decided", json);
    }
    say("used", "{\"group\":\"exec\",\"scope\":\"a\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "", stars, NULL));
    box_text(&b, "violation", "used, but it was denied");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_grant_has_its_own_tier_or_that_of_its_request_never_an_older_one, start, finish),
        cmocka_unit_test_setup_teardown(a_request_is_granted_used_and_revoked, start, finish),
        cmocka_unit_test_setup_teardown(a_request_ends_neither_a_grant_nor_a_denial, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_ends_when_its_time_has_come, start, finish),
        cmocka_unit_test_setup_teardown(once_is_once, start, finish),
        cmocka_unit_test_setup_teardown(a_use_counts_for_what_covers_it, start, finish),
        cmocka_unit_test_setup_teardown(taking_back_is_always_possible_and_shows_when_there_was_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_session_takes_its_grants_with_it, start, finish),
        cmocka_unit_test_setup_teardown(a_use_is_of_a_session_s_grant_in_that_session_alone, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_whose_end_is_not_known_is_over, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_of_null_reaches_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_scope_that_an_older_ledger_holds_private_is_not_everything, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_holds_as_long_as_it_says_or_once, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_past_the_limit_of_patterns_says_so_and_does_not_hold, start, finish),
        cmocka_unit_test_setup_teardown(a_use_may_be_covered_by_many_patterns, start, finish),
        cmocka_unit_test_setup_teardown(what_is_over_or_taken_back_by_what_is_wider_makes_room_for_another_pattern, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_narrower_grant_of_a_refused_scope_leaves_the_refusal_to_the_rest, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_that_was_used_up_does_not_bring_back_what_was_refused, start, finish),
        cmocka_unit_test_setup_teardown(over_is_over_whatever_begins_again, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_that_names_a_session_holds_there_alone_whatever_its_lifetime, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_use_of_everything_is_refused_by_a_refusal_of_any_part, start, finish),
        cmocka_unit_test_setup_teardown(what_was_only_asked_for_or_used_is_named_as_such, start, finish),
        cmocka_unit_test_setup_teardown(many_uses_in_one_event_are_counted_once_each, start, finish),
        cmocka_unit_test_setup_teardown(a_refusal_is_lifted_by_what_reaches_all_of_it_alone, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
