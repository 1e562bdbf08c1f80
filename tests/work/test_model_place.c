/* Where a call goes: names, addresses, this box and others. Names are looked up here instead of in the network. */
#include "work/model/place.h"

#include <netdb.h>

#include "base/clock.h"
#include "tests/work/model_box.h"
#include "work/probe.h"

int __real_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret);
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret);

static unsigned look_ups;

static int find_numeric(const char *address, struct addrinfo **ret) {
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    return __real_getaddrinfo(address, NULL, &hints, ret);
}

/* box.test is this box at the first look-up and another afterwards; mixed.test both; slow.test takes its time. */
int __wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **ret) {
    if (strcmp(name, "slow.test") == 0) {
        sleep(1);
        return EAI_NONAME;
    }
    if (strcmp(name, "box.test") == 0) return find_numeric(look_ups++ == 0 ? "127.0.0.1" : "192.0.2.1", ret);
    if (strcmp(name, "mixed.test") == 0) {
        int rc = find_numeric("127.0.0.1", ret);
        return rc == 0 ? find_numeric("192.0.2.1", &(*ret)->ai_next) : rc;
    }
    if (strcmp(name, "missing.test") == 0) return EAI_NONAME;
    return __real_getaddrinfo(name, service, hints, ret);
}

static void a_place_says_whether_it_is_this_box(void **state) {
    static const struct {
        const char *url;
        bool loopback;
        uint16_t port;
    } places[] = {
        {"http://127.0.0.1:11434", true, 11434},   {"http://127.9.9.9/v1", true, 80},
        {"http://[::1]:8080", true, 8080},         {"http://localhost:1234/", true, 1234},
        {"https://192.168.1.5", false, 443},       {"http://0.0.0.0:1", false, 1},
        {"http://[::ffff:127.0.0.1]:1", false, 1}, {"https://203.0.113.9:8443", false, 8443},
    };
    struct err err = {0};
    struct work_place place;
    (void)state;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct work_model *model = NULL;
        const struct work_endpoint endpoint = {.url = places[i].url};
        assert_int_equal(work_model_open(&endpoint, &model, &err), 0);
        if (work_model_place(model, NULL, &place, &err) != 0 || place.loopback != places[i].loopback ||
            place.port != places[i].port) {
            fail_msg("%s: %d, %u (%s)", places[i].url, place.loopback, (unsigned)place.port, err.msg);
        }
        work_model_close(model);
    }
}

static void nothing_leaves_the_box_unless_it_may(void **state) {
    struct model_box *b = *state;
    struct work_model *model = NULL;
    struct work_identity identity;
    b->endpoint.url = "http://203.0.113.9:11434";
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), 0);
    assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), 0);
    assert_int_equal(b->result.end, WORK_CALL_OFF_BOX);
    assert_non_null(strstr(
        b->result.why, "'203.0.113.9' is not on this box (203.0.113.9), and nothing was sent; expected: network.egress"));
    assert_false(b->result.loopback);
    assert_int_equal(work_model_identify(model, "tiny", 0, NULL, &identity, &b->err), 0);
    assert_int_equal(identity.end, WORK_CALL_OFF_BOX);
    work_model_close(model);
}

static void a_key_does_not_leave_the_box_in_the_clear(void **state) {
    struct model_box *b = *state;
    struct work_model *model = NULL;
    struct work_place place;
    b->endpoint = (struct work_endpoint){.url = "http://203.0.113.9:11434", .key_file = b->key, .off_box = true};
    assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), 0);
    assert_int_equal(work_model_place(model, NULL, &place, &b->err), ERR_INVALID);
    assert_non_null(strstr(b->err.msg, "in the clear; expected: https"));
    assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), ERR_INVALID);
    work_model_close(model);
}

static void an_address_with_a_secret_in_it_is_refused(void **state) {
    struct model_box *b = *state;
    struct work_model *model = NULL;
    static const char *const urls[] = {"http://user:word@127.0.0.1", "http://127.0.0.1/?key=word", "http://127.0.0.1/#word",
                                       "unix:///word", ""};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        b->endpoint = (struct work_endpoint){.url = urls[i]};
        assert_int_equal(work_model_open(&b->endpoint, &model, &b->err), ERR_INVALID);
        assert_null(strstr(b->err.msg, "word"));
    }
}

static void a_name_is_pinned_to_what_it_led_to(void **state) {
    struct work_place place = {
        .host = "box.example", .port = 443, .addresses_n = 2, .addresses = {"192.0.2.1", "2001:db8::1"}};
    char pin[MODEL_PIN_MAX];
    (void)state;
    model_place_pin(&place, pin);
    assert_string_equal(pin, "box.example:443:192.0.2.1,[2001:db8::1]");
    place = (struct work_place){.host = "::1", .port = 443, .addresses_n = 1, .addresses = {"::1"}};
    model_place_pin(&place, pin);
    assert_string_equal(pin, "");
}

static struct work_model *open_url(struct model_box *b, const char *url) {
    struct work_model *model = NULL;
    b->endpoint.url = url;
    if (work_model_open(&b->endpoint, &model, &b->err) != 0) {
        fail_msg("%s", b->err.msg);
    }
    return model;
}

static void a_name_is_looked_up_once_and_never_by_the_client(void **state) {
    struct model_box *b = *state;
    char url[64];
    look_ups = 0;
    snprintf(url, sizeof(url), "http://box.test:%u/ollama", b->server.port);
    struct work_model *model = open_url(b, url);
    for (int i = 0; i < 2; i++) {
        work_model_result_done(&b->result);
        assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), 0);
        assert_int_equal(b->result.end, WORK_CALL_OK);
        assert_string_equal(b->result.address, "127.0.0.1");
    }
    assert_int_equal(look_ups, 1);
    work_model_close(model);
}

static void a_name_that_leads_off_the_box_too_is_off_the_box(void **state) {
    struct model_box *b = *state;
    struct work_place place;
    struct work_model *model = open_url(b, "http://mixed.test:1");
    assert_int_equal(work_model_place(model, NULL, &place, &b->err), 0);
    assert_false(place.loopback);
    assert_int_equal(place.addresses_n, 2);
    assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), 0);
    assert_int_equal(b->result.end, WORK_CALL_OFF_BOX);
    work_model_close(model);
}

static void call_fails(struct model_box *b, const char *url, enum work_call_end end, const char *words) {
    struct work_model *model = open_url(b, url);
    work_model_result_done(&b->result);
    assert_int_equal(work_model_call(model, &b->request, &b->result, &b->err), 0);
    if (b->result.end != end || strstr(b->result.why, words) == NULL) {
        fail_msg("%s: %s, %s", url, work_call_end_name(b->result.end), b->result.why);
    }
    work_model_close(model);
}

static void a_look_up_fails_takes_too_long_or_is_stopped(void **state) {
    struct model_box *b = *state;
    static const volatile sig_atomic_t flag = 1;
    struct work_place place;
    call_fails(b, "http://missing.test", WORK_CALL_UNREACHABLE,
               "http://missing.test:80/api/chat: 'missing.test' is not found");
    b->request.limit.total_ms = 100;
    call_fails(b, "http://slow.test", WORK_CALL_TIMEOUT, "looking up 'slow.test' takes too long");
    b->request.stop.flag = &flag;
    call_fails(b, "http://slow.test", WORK_CALL_STOPPED, "stopped");
    struct work_model *model = open_url(b, "http://missing.test");
    assert_int_equal(work_model_place(model, NULL, &place, &b->err), ERR_NET);
    assert_string_equal(b->err.msg, "http://missing.test:80: 'missing.test' is not found: Name or service not known");
    work_model_close(model);
    model_wait(NULL, clock_monotonic_ns() + 2 * CLOCK_NS_PER_S); /* the threads that were left to themselves end */
}

/* A name of another's may not lead to a server of this box. */
static void a_probe_asks_no_special_address_that_its_url_does_not_name(void **state) {
    static const struct {
        const char *host;
        bool asked;
    } hosts[] = {{"127.0.0.1", true}, {"localhost", true}, {"box.test", false}, {"mixed.test", false}};
    struct model_box *b = *state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct work_probe_result r;
        char url[64];
        look_ups = 0;
        snprintf(url, sizeof(url), "http://%s:%u/health", hosts[i].host, b->server.port);
        assert_int_equal(work_probe_run(&(struct work_probe){.url = url, .off_box = true, .named = true}, &r, &b->err), 0);
        if (r.expected != hosts[i].asked || (!hosts[i].asked && strstr(r.why, "leads to a loopback address") == NULL)) {
            fail_msg("%s: %s, '%s'", url, work_call_end_name(r.end), r.why);
        }
    }
    assert_int_equal(model_box_requests(b, "/health"), 2);
}

static void a_probe_says_where_it_goes_without_a_look_up(void **state) {
    struct work_place place;
    struct err err = {0};
    (void)state;
    look_ups = 0;
    assert_int_equal(work_probe_place("http://box.test/a?b", &place, &err), 0);
    assert_string_equal(place.host, "box.test");
    assert_int_equal(place.port, 80);
    assert_int_equal(look_ups, 0);
    assert_int_equal(work_probe_place("ftp://box.test/", &place, &err), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_says_whether_it_is_this_box),
        MODEL_TEST(nothing_leaves_the_box_unless_it_may),
        MODEL_TEST(a_key_does_not_leave_the_box_in_the_clear),
        MODEL_TEST(an_address_with_a_secret_in_it_is_refused),
        cmocka_unit_test(a_name_is_pinned_to_what_it_led_to),
        MODEL_TEST(a_name_is_looked_up_once_and_never_by_the_client),
        MODEL_TEST(a_name_that_leads_off_the_box_too_is_off_the_box),
        MODEL_TEST(a_probe_asks_no_special_address_that_its_url_does_not_name),
        cmocka_unit_test(a_probe_says_where_it_goes_without_a_look_up),
        MODEL_TEST(a_look_up_fails_takes_too_long_or_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
