/* One look at an endpoint. */
#include "tests/work/model_box.h"
#include "work/probe.h"

static void finds(struct model_box *b, const char *path, struct work_probe p, bool expected, const char *found,
                  const char *words) {
    struct work_probe_result r;
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s", b->server.port, path);
    p.url = url;
    if (work_probe_run(&p, &r, &b->err) != 0) {
        fail_msg("%s: %s", path, b->err.msg);
    }
    if (r.expected != expected || strcmp(r.found, found) != 0 || strstr(r.why, words) == NULL ||
        (expected && r.why[0] != '\0')) {
        fail_msg("%s: %s, %d, '%s': %s", path, work_call_end_name(r.end), r.expected, r.found, r.why);
    }
    assert_null(strstr(r.why, "s3cret"));
    assert_true(r.place.loopback);
}

static void a_status_is_as_expected_or_named(void **state) {
    struct model_box *b = *state;
    finds(b, "health", (struct work_probe){0}, true, "", "");
    finds(b, "health?token=s3cret", (struct work_probe){.status = 200}, true, "", "");
    assert_int_equal(model_box_requests(b, "/health?token=s3cret"), 1);
    finds(b, "down?token=s3cret", (struct work_probe){0}, false, "", "/down: status 503; expected: 200 to 299");
    finds(b, "down", (struct work_probe){.status = 503}, true, "", "");
    finds(b, "health", (struct work_probe){.status = 204}, false, "", "status 200; expected: 204");
}

static void a_member_is_as_expected_or_shown(void **state) {
    struct model_box *b = *state;
    finds(b, "health", (struct work_probe){.member = "status", .value = "\"ok\""}, true, "\"ok\"", "");
    finds(b, "health", (struct work_probe){.member = "slots.1.busy", .value = "true"}, true, "true", "");
    finds(b, "health", (struct work_probe){.member = "slots.0"}, true, "{\"busy\":false,\"id\":0}", "");
    finds(b, "health", (struct work_probe){.member = "n", .value = "2"}, false, "1", "member 'n' is 1; expected: 2");
    finds(b, "health", (struct work_probe){.member = "slots.2"}, false, "", "no member 'slots.2'");
    finds(b, "health", (struct work_probe){.member = "status.x"}, false, "", "no member 'status.x'");
    finds(b, "health", (struct work_probe){.member = "slots..id"}, false, "", "no member");
    finds(b, "html", (struct work_probe){.member = "status"}, false, "",
          "the answer is not JSON; expected: a member 'status'");
    finds(b, "health", (struct work_probe){.bytes_max = 10}, false, "", "exceeded");
}

static void a_look_ends_by_its_deadline_or_its_stop(void **state) {
    struct model_box *b = *state;
    static const volatile sig_atomic_t flag = 1;
    finds(b, "silent", (struct work_probe){.timeout_ms = 200}, false, "", "/silent: ");
    finds(b, "silent", (struct work_probe){.stop.flag = &flag}, false, "", "/silent: stopped");
    finds(b, "redirect", (struct work_probe){0}, false, "", "status 302");
}

static void a_look_outside_needs_leave(void **state) {
    struct work_probe_result r;
    struct err err = {0};
    (void)state;
    assert_int_equal(work_probe_run(&(struct work_probe){.url = "http://203.0.113.9/x?s3cret"}, &r, &err), 0);
    assert_int_equal(r.end, WORK_CALL_OFF_BOX);
    assert_false(r.expected);
    assert_null(strstr(r.why, "s3cret"));
    assert_int_equal(work_probe_run(&(struct work_probe){.url = "http://a:b@127.0.0.1/x"}, &r, &err), ERR_INVALID);
    assert_int_equal(work_probe_run(&(struct work_probe){.url = "http://127.0.0.1/#x"}, &r, &err), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        MODEL_TEST(a_status_is_as_expected_or_named),
        MODEL_TEST(a_member_is_as_expected_or_shown),
        MODEL_TEST(a_look_ends_by_its_deadline_or_its_stop),
        cmocka_unit_test(a_look_outside_needs_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
