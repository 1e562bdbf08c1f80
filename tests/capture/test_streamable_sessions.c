/* Which conversation a request belongs to, and what begins an exchange. */
#include "capture/streamable/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct tap_names names = {.server = "s", .transport = "http"};

static struct sessions *begin(void) {
    const struct sessions_options options = {.names = &names};
    struct sessions *s = sessions_new(&options);
    assert_non_null(s);
    return s;
}

static uint64_t end(struct sessions *s) {
    struct tap_lost lost = {1, 1};
    uint64_t n = UINT64_MAX;
    sessions_free(s, 0, &lost, &n);
    assert_true(lost.events == 0 && lost.bytes == 0);
    return n;
}

static struct session *use(struct sessions *s, const char *id) {
    struct session *one = sessions_get(s, bytes_of(id));
    sessions_put(s, one);
    return one;
}

static void a_session_is_known_by_its_id(void **state) {
    struct sessions *s = begin();
    (void)state;
    struct session *a = use(s, "a"), *common = use(s, "");
    assert_non_null(a);
    assert_non_null(common);
    assert_ptr_equal(use(s, "a"), a);
    assert_ptr_not_equal(use(s, "b"), a);
    assert_ptr_equal(use(s, ""), common);
    assert_true(common->common && !a->common);
    assert_string_not_equal(a->names.run, common->names.run);
    assert_int_equal(end(s), 2); /* those without an id are no session */
}

static void a_session_that_is_over_ends_with_its_last_user(void **state) {
    struct sessions *s = begin();
    char run[TAP_RUN_LEN];
    (void)state;
    struct session *a = sessions_get(s, bytes_of("a")), *again = sessions_get(s, bytes_of("a"));
    assert_ptr_equal(a, again);
    memcpy(run, a->names.run, sizeof(run));
    sessions_over(s, a);
    struct session *next = sessions_get(s, bytes_of("a")); /* should it speak again, it is another run */
    assert_ptr_not_equal(next, a);
    assert_string_not_equal(next->names.run, run);
    sessions_put(s, next);
    sessions_put(s, a);
    assert_string_equal(again->names.run, run); /* one still uses it */
    sessions_put(s, again);
    struct session *common = sessions_get(s, bytes_of(""));
    sessions_over(s, common);
    sessions_put(s, common);
    assert_ptr_equal(use(s, ""), common); /* that of all others never ends */
    assert_int_equal(end(s), 2);
}

static void one_more_than_there_may_be_ends_the_one_that_was_not_used_for_longest(void **state) {
    struct sessions *s = begin();
    struct session *first, *second;
    char id[32], run[TAP_RUN_LEN];
    (void)state;
    (void)use(s, ""); /* the oldest of all, which stays */
    first = use(s, "0");
    second = use(s, "1");
    for (int i = 2; i < SESSIONS_MAX - 1; i++) {
        (void)snprintf(id, sizeof(id), "%d", i);
        assert_non_null(use(s, id));
    }
    assert_ptr_equal(use(s, "0"), first);
    memcpy(run, second->names.run, sizeof(run));
    struct session *more = sessions_get(s, bytes_of("more"));
    assert_non_null(more);
    assert_ptr_equal(use(s, "0"), first);
    assert_string_not_equal(use(s, "1")->names.run, run); /* it was the oldest, and begins anew */
    sessions_put(s, more);
    assert_true(use(s, "")->common);
    assert_int_equal(end(s), SESSIONS_MAX + 1);
}

static void when_all_are_in_use_there_is_none(void **state) {
    struct sessions *s = begin();
    struct session *all[SESSIONS_MAX];
    char id[32];
    (void)state;
    for (int i = 0; i < SESSIONS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "%d", i);
        all[i] = sessions_get(s, bytes_of(id));
        assert_non_null(all[i]);
    }
    assert_null(sessions_get(s, bytes_of("more")));
    sessions_put(s, all[7]);
    all[7] = sessions_get(s, bytes_of("more"));
    assert_non_null(all[7]);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        sessions_put(s, all[i]);
    }
    sessions_put(s, NULL);
    assert_int_equal(end(s), SESSIONS_MAX + 1);
}

/* ---- requests ---- */

struct given {
    const char *method, *target;
    const char *fields[3][2];
    unsigned unjudged, judged; /* the status of a refusal; 0: it passes */
    bool on;
};

static char long_word[1200];

static void set_head(const struct given *g, struct httpd_head *ret) {
    *ret = (struct httpd_head){.method = bytes_of(g->method), .target = bytes_of(g->target)};
    for (size_t i = 0; i < 3 && g->fields[i][0] != NULL; i++) {
        ret->headers[ret->n++] = (struct httpd_header){bytes_of(g->fields[i][0]), bytes_of(g->fields[i][1])};
    }
}

static void with_a_judge_nothing_leads_around_it(void **state) {
    static const struct given all[] = {
        {"POST", "/mcp", {{NULL}}, 0, 0, true},
        {"POST", "/mcp?key=1", {{NULL}}, 0, 0, true},
        {"GET", "/mcp", {{"Mcp-Session-Id", " a "}}, 0, 0, true},
        {"DELETE", "/mcp", {{"mcp-session-id", "a"}}, 0, 0, true},
        {"PUT", "/mcp", {{NULL}}, 0, 405, true},
        {"POST", "/mcp/", {{NULL}}, 0, 404, false},
        {"POST", "//mcp", {{NULL}}, 0, 404, false},
        {"POST", "/%6dcp", {{NULL}}, 0, 404, false},
        {"GET", "/.well-known/oauth-authorization-server", {{NULL}}, 0, 0, false},
        {"POST", "/.well-known/oauth-authorization-server", {{NULL}}, 0, 404, false},
        {"POST", "/mcp", {{"content-encoding", "gzip"}}, 0, 415, true},
        {"POST", "/mcp", {{"mcp-session-id", "a"}, {"Mcp-Session-Id", "b"}}, 0, 400, true},
        {"POST", "/mcp", {{"mcp-method", "tools/list"}, {"mcp-method", "tools/call"}}, 0, 400, true},
        {"POST", "/mcp", {{"mcp-name", long_word}}, 0, 400, true},
        {"POST", "/mcp", {{"mcp-session-id", long_word}}, 400, 400, true},
    };
    (void)state;
    memset(long_word, 'x', sizeof(long_word) - 1);
    for (size_t i = 0; i < 2 * sizeof(all) / sizeof(all[0]); i++) {
        const struct given *g = &all[i / 2];
        struct streamable_shared shared = {.sessions = begin(), .path = "/mcp", .judges = i % 2 != 0};
        struct exchange x;
        struct pass_plan plan = {0};
        struct httpd_head head;
        memset(&x, 0, sizeof(x));
        set_head(g, &head);
        bool on = exchange_begin(&x, &shared, &head, &plan);
        unsigned wanted = shared.judges ? g->judged : g->unjudged;
        if (on != g->on || plan.status != wanted) {
            fail_msg("%s %s, judged %d: %d %u, expected %d %u", g->method, g->target, shared.judges, on, plan.status, g->on,
                     wanted);
        }
        assert_true((plan.status != 0) == (plan.words[0] != '\0'));
        assert_true(plan.status != 0 || !on || plan.holds == (shared.judges && strcmp(g->method, "POST") == 0));
        assert_true((x.session != NULL) == (on && plan.status == 0));
        assert_true(atomic_load(&shared.others) == (on ? 0 : 1) && atomic_load(&shared.exchanges) == (on ? 1 : 0));
        exchange_end(&x, PASS_COMPLETE, "");
        (void)end(shared.sessions);
    }
}

static void the_answer_says_which_session_began_and_which_is_over(void **state) {
    static const struct given post = {"POST", "/mcp", {{NULL}}, 0, 0, true},
                              of_a = {"DELETE", "/mcp", {{"mcp-session-id", "a"}}, 0, 0, true};
    struct streamable_shared shared = {.sessions = begin(), .path = "/mcp"};
    struct pass_answer answer = {.status = 200, .type = "application/json", .lines = bytes_of("Mcp-Session-Id: a\r\n")};
    struct pass_plan plan = {0};
    struct httpd_head head;
    struct exchange x;
    (void)state;
    memset(&x, 0, sizeof(x));
    set_head(&post, &head);
    assert_true(exchange_begin(&x, &shared, &head, &plan));
    assert_true(x.session->common && x.within.apart);
    exchange_answered(&x, &answer); /* to a request that begins nothing */
    assert_true(x.session->common && x.is_json && !x.streams);
    x.initializes = true;
    exchange_answered(&x, &answer);
    struct session *a = x.session;
    assert_true(!a->common && !x.within.apart);
    exchange_end(&x, PASS_COMPLETE, "");
    assert_ptr_equal(use(shared.sessions, "a"), a);
    memset(&x, 0, sizeof(x));
    set_head(&of_a, &head);
    assert_true(exchange_begin(&x, &shared, &head, &plan));
    assert_ptr_equal(x.session, a);
    answer = (struct pass_answer){.status = 405, .type = "text/event-stream"};
    exchange_answered(&x, &answer); /* the server does not end it */
    assert_true(x.streams && !a->over);
    answer.status = 204;
    exchange_answered(&x, &answer);
    assert_true(a->over);
    exchange_end(&x, PASS_COMPLETE, "");
    (void)end(shared.sessions);
}

static void an_initialize_is_a_message_and_no_word_in_one(void **state) {
    static const struct {
        const char *text;
        bool is;
    } all[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{}}", true},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"initialize\"}}", false},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}]", false},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(exchange_is_initialize(bytes_of(all[i].text)), all[i].is);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_known_by_its_id),
        cmocka_unit_test(a_session_that_is_over_ends_with_its_last_user),
        cmocka_unit_test(one_more_than_there_may_be_ends_the_one_that_was_not_used_for_longest),
        cmocka_unit_test(when_all_are_in_use_there_is_none),
        cmocka_unit_test(with_a_judge_nothing_leads_around_it),
        cmocka_unit_test(the_answer_says_which_session_began_and_which_is_over),
        cmocka_unit_test(an_initialize_is_a_message_and_no_word_in_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
