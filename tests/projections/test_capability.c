/* Tiers of machines: which one a machine has, by which policy, and what a policy may say of them. */
#include "base/file.h"
#include "ledger/log.h"
#include "projections/machine/capability.h"
#include "tests/projections/proof_box.h"

#define GIB (INT64_C(1) << 30)

static struct box b;

static struct capability judged(int64_t gpu, int64_t memory) {
    struct capability c;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(capability_judge(b.view, gpu, memory, &c, &b.err), 0);
    return c;
}

static void tier_is(int64_t gpu, int64_t memory, const char *tier, const char *policy) {
    struct capability c = judged(gpu, memory);
    if (!bytes_is(c.tier.name, tier) || strcmp(c.policy, policy) != 0) {
        fail_msg("%lld, %lld: '%.*s' of '%s'", (long long)gpu, (long long)memory, (int)c.tier.name.n,
                 (const char *)c.tier.name.p, c.policy);
    }
    capability_done(&c);
}

static void the_shipped_tiers_hold_until_a_policy_has_its_own(void **state) {
    (void)state;
    box_open(&b);
    tier_is(24 * GIB, 64 * GIB, "gpu-24g", "capability 1");
    tier_is(23 * GIB, 8 * GIB, "gpu-24g", "capability 1"); /* a card reports a little less */
    tier_is(-1, 64 * GIB, "cpu-large", "capability 1");
    tier_is(-1, -1, "unknown", "capability 1");
    uint64_t seq = box_event(&b, "policy.declared", "policy/mine",
                             "{\"policy\": \"mine\", \"version\": \"2\", \"capability_tiers\": [{\"tier\": \"big\", "
                             "\"memory_bytes\": 68719476736, \"parallel\": 2, \"runtimes\": [\"ollama*\"]}]}");
    tier_is(24 * GIB, 64 * GIB, "big", "mine 2");
    tier_is(24 * GIB, 32 * GIB, "unknown", "mine 2"); /* lists are not merged */
    struct capability c = judged(0, 64 * GIB);
    assert_int_equal(c.seq, seq);
    assert_int_equal(c.tier.parallel, 2);
    assert_int_equal(c.tier.largest_model_bytes, CAPABILITY_UNLIMITED);
    assert_true(capability_serves(&c.tier, bytes_of("ollama@gpu:1")));
    assert_false(capability_serves(&c.tier, bytes_of("vllm")));
    assert_false(capability_serves(&c.tier, bytes_of("")));
    capability_done(&c);
    box_event(&b, "policy.declared", "policy/other", "{\"policy\": \"other\", \"version\": \"1\"}");
    tier_is(0, 64 * GIB, "big", "mine 2"); /* it says nothing of machines */
    box_event(&b, "policy.declared", "policy/mine", "{\"policy\": \"mine\", \"version\": \"3\"}");
    tier_is(24 * GIB, 64 * GIB, "gpu-24g", "capability 1"); /* withdrawn */
    box_close(&b);
}

static void a_host_has_the_tier_of_the_policy_in_force(void **state) {
    (void)state;
    box_open(&b);
    box_event(&b, "hardware.profiled", "host/h", "{\"memory_bytes\": 17179869184}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "hardware", "h", NULL));
    box_text(&b, "tier", "cpu-small");
    uint64_t policy = box_event(
        &b, "policy.declared", "policy/m",
        "{\"policy\": \"m\", \"version\": \"1\", \"capability_tiers\": [{\"tier\": \"all\", \"fits\": \"little\"}]}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "hardware", "h", NULL));
    box_text(&b, "tier", "all");
    box_text(&b, "fits", "little");
    box_cites(&b, policy);
    box_close(&b);
}

static void the_file_that_is_shipped_says_what_the_program_does(void **state) {
    struct buf text, body, shipped;
    struct bytes list;
    struct err err = {0};
    (void)state;
    buf_init(&text, 1 << 20);
    buf_init(&body, 1 << 20);
    buf_init(&shipped, 1 << 20);
    assert_int_equal(file_read("share/policy/capability.json", &text, &err), 0);
    assert_int_equal(log_json_to_body(bytes_of_buf(&text), &body, &err), 0);
    assert_int_equal(mp_map_get(bytes_of_buf(&body), "capability_tiers", &list), 0);
    assert_int_equal(capability_shipped(&shipped, &err), 0);
    assert_true(bytes_eq(list, bytes_of_buf(&shipped)));
    assert_int_equal(capability_check(bytes_of("policy.declared"), bytes_of_buf(&body), (struct bytes){0}, &err), 0);
    buf_done(&shipped);
    buf_done(&body);
    buf_done(&text);
}

static void a_list_of_tiers_that_makes_no_sense_is_refused(void **state) {
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"{\"policy\": \"p\", \"capability_tiers\": []}",
         "field 'version' is missing: a policy that limits machines names its version"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"\"}]}",
         "field 'capability_tiers', tier 1: its name is empty"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"unknown\"}]}",
         "field 'capability_tiers', tier 1: 'unknown' is the name for machines of no tier"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\", \"overhead_percent\": 1001}]}",
         "field 'capability_tiers', tier 1: 'overhead_percent' is 1001; expected: at most 1000"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\", \"parallel\": 0}]}",
         "field 'capability_tiers', tier 1: 'parallel' is 0; expected: 1 or more"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\", \"largest_model_bytes\": 0}]}",
         "field 'capability_tiers', tier 1: 'largest_model_bytes' is 0; expected: 1 or more"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\", \"runtimes\": [\"\"]}]}",
         "field 'capability_tiers', tier 1: a pattern of 'runtimes' has 0 bytes; expected: 1 to 120"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\", \"gpu_bytes\": 9}, {\"tier\": \"a\"}]}",
         "field 'capability_tiers', tier 2: 'a' is the name of tier 1 too"},
        {"{\"version\": \"1\", \"capability_tiers\": [{\"tier\": \"a\"}, {\"tier\": \"b\", \"gpu_bytes\": 9}]}",
         "field 'capability_tiers', tier 2: every machine that reaches 'b' reaches tier 1 before it, so it never holds; "
         "expected: the highest thresholds first"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf body;
        struct err err = {0};
        buf_init(&body, 1 << 16);
        assert_int_equal(log_json_to_body(bytes_of(cases[i].json), &body, &err), 0);
        assert_int_equal(capability_check(bytes_of("policy.declared"), bytes_of_buf(&body), (struct bytes){0}, &err),
                         ERR_INVALID);
        assert_string_equal(err.msg, cases[i].why);
        assert_int_equal(capability_check(bytes_of("x.a.b"), bytes_of_buf(&body), (struct bytes){0}, &err), 0);
        buf_done(&body);
    }
}

/* ---- against a reference, over random lists and machines ---- */

static uint64_t x;

static uint32_t below(uint32_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((x >> 33) % n);
}

/* A list that the check lets pass has no tier that never holds; and the tier of a machine is the first that it reaches. */
static void tiers_are_picked_as_a_plain_reading_picks_them(void **state) {
    size_t passed = 0, of_nobody = 0;
    (void)state;
    x = 11;
    for (int round = 0; round < 4000; round++) {
        int64_t gpu[6], memory[6], has[2] = {(int64_t)below(6) - 1, (int64_t)below(6) - 1};
        uint32_t n = below(6);
        struct buf body;
        struct err err = {0};
        struct bytes list = {0};
        struct capability_tier tier;
        buf_init(&body, 1 << 16);
        mp_put_map(&body, 2);
        mp_put_str(&body, bytes_of("capability_tiers"));
        size_t at = body.n;
        mp_put_array(&body, n);
        for (uint32_t i = 0; i < n; i++) {
            char name[8];
            snprintf(name, sizeof(name), "t%u", i);
            gpu[i] = below(5);
            memory[i] = below(5);
            mp_put_map(&body, 3);
            mp_put_str(&body, bytes_of("gpu_bytes"));
            mp_put_uint(&body, (uint64_t)gpu[i]);
            mp_put_str(&body, bytes_of("memory_bytes"));
            mp_put_uint(&body, (uint64_t)memory[i]);
            mp_pair_str(&body, "tier", bytes_of(name));
        }
        list = (struct bytes){body.p + at, body.n - at};
        int64_t first = -1;
        bool unreachable = false;
        for (uint32_t i = 0; i < n; i++) {
            bool known = has[0] > 0 || has[1] > 0;
            if (first < 0 && known && (has[0] < 0 ? 0 : has[0]) >= gpu[i] && (has[1] < 0 ? 0 : has[1]) >= memory[i]) {
                first = i;
            }
            for (uint32_t k = 0; k < i; k++) {
                unreachable = unreachable || (gpu[i] >= gpu[k] && memory[i] >= memory[k]);
            }
        }
        bool picked = capability_pick(list, has[0], has[1], &tier);
        assert_int_equal(picked, first >= 0);
        assert_true(!picked || tier.name.p[1] == '0' + first);
        of_nobody += !picked;
        mp_pair_str(&body, "version", bytes_of("1"));
        int rc = capability_check(bytes_of("policy.declared"), bytes_of_buf(&body), (struct bytes){0}, &err);
        assert_int_equal(rc, unreachable ? ERR_INVALID : 0);
        passed += rc == 0;
        buf_done(&body);
    }
    assert_true(passed > 200 && of_nobody > 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_tiers_hold_until_a_policy_has_its_own),
        cmocka_unit_test(a_host_has_the_tier_of_the_policy_in_force),
        cmocka_unit_test(the_file_that_is_shipped_says_what_the_program_does),
        cmocka_unit_test(a_list_of_tiers_that_makes_no_sense_is_refused),
        cmocka_unit_test(tiers_are_picked_as_a_plain_reading_picks_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
