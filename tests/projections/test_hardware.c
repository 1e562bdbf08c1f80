/* Hardware: the newest profile of a machine, what it is capable of, and its faults. */
#include "tests/projections/state_box.h"

#define GIB(n) ((long long)(n) << 30)

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static uint64_t profile(const char *fields) {
    char json[1024];
    snprintf(json, sizeof(json), "{\"cpu\":\"a cpu\",\"cores\":8%s}", fields);
    return box_event(&box, "hardware.profiled", "host/local", json);
}

static void find_host(void) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "hardware", "local", NULL));
}

static void the_newest_profile_counts_and_what_it_leaves_out_is_unknown(void **state) {
    (void)state;
    profile(",\"memory_bytes\":8589934592,\"kernel\":\"6.1\"");
    uint64_t seq = profile(",\"memory_bytes\":17179869184");
    find_host();
    box_text(&box, "cpu", "a cpu");
    box_int(&box, "memory_bytes", 17179869184);
    box_text(&box, "kernel", "");
    box_int(&box, "profiles", 2);
    box_evidence(&box, 1, seq);
}

static void a_machine_is_what_it_is_since_its_profile_is_this_one(void **state) {
    (void)state;
#define DIGEST ",\"digest\":\"sha256:00000000000000000000000000000000000000000000000000000000000000aa\""
    uint64_t first = profile(DIGEST);
    profile(DIGEST);
    find_host();
    box_int(&box, "since_seq", (int64_t)first);
    uint64_t other = profile("");
    find_host();
    box_int(&box, "since_seq", (int64_t)other);
}

static void expect_tier(long long memory, long long gpu1, long long gpu2, const char *tier) {
    char fields[512], gpus[256] = "";
    if (gpu2 > 0) {
        snprintf(gpus, sizeof(gpus), ",\"gpus\":[{\"memory_bytes\":%lld},{\"memory_bytes\":%lld},{\"name\":\"x\"}]", gpu1,
                 gpu2);
    } else if (gpu1 > 0) {
        snprintf(gpus, sizeof(gpus), ",\"gpus\":[{\"memory_bytes\":%lld}]", gpu1);
    }
    snprintf(fields, sizeof(fields), ",\"memory_bytes\":%lld%s", memory, gpus);
    profile(fields);
    find_host();
    box_text(&box, "tier", tier);
    box_int(&box, "gpu_memory_bytes", gpu1 + gpu2);
}

static void the_tier_follows_from_the_memory_of_gpus_and_machine(void **state) {
    (void)state;
    expect_tier(GIB(4), 0, 0, "cpu-tiny");
    expect_tier(GIB(8), 0, 0, "cpu-small");
    expect_tier(GIB(31), 0, 0, "cpu-medium"); /* a 32 GiB board reports slightly less */
    expect_tier(GIB(128), 0, 0, "cpu-large");
    expect_tier(GIB(16), GIB(2), 0, "cpu-small"); /* too little to count */
    expect_tier(GIB(16), GIB(8) - 1, 0, "gpu-8g");
    expect_tier(GIB(16), GIB(8) / 16 * 15 - 1, 0, "gpu-4g");
    expect_tier(GIB(16), 25757220864, 0, "gpu-24g"); /* 24564 MiB, as reported by such a card */
    expect_tier(GIB(16), GIB(24), GIB(24), "gpu-48g");
    expect_tier(GIB(16), GIB(80), GIB(80), "gpu-160g");
}

static void a_profile_without_memory_has_no_tier(void **state) {
    (void)state;
    profile("");
    find_host();
    box_text(&box, "tier", "unknown");
    profile(",\"gpus\":[{\"name\":\"shares the machine's memory\"}],\"memory_bytes\":68719476736");
    find_host();
    box_text(&box, "tier", "cpu-large");
    box_int(&box, "gpu_count", 1);
}

static void memories_that_no_machine_has_do_not_overflow(void **state) {
    (void)state;
    char body[256];
    snprintf(body, sizeof(body), "{\"gpus\":[{\"memory_bytes\":%lld},{\"memory_bytes\":%lld},7]}", (long long)INT64_MAX,
             (long long)INT64_MAX);
    box_odd(&box, "hardware.profiled", "host/local", body); /* an older program accepted it */
    find_host();
    box_int(&box, "gpu_memory_bytes", INT64_MAX);
    box_text(&box, "tier", "gpu-160g");
}

static void faults_are_counted_by_device(void **state) {
    (void)state;
    uint64_t a =
        box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"disk\",\"device\":\"sda\",\"code\":5,\"at\":200}");
    uint64_t b =
        box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"disk\",\"device\":\"sda\",\"code\":7,\"at\":100}");
    box_event(&box, "hardware.faulted", "host/local", "{\"what\":\"oom\",\"unit\":\"ollama.service\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "hardware_faults", "local", "disk", "sda", NULL));
    box_int(&box, "count", 2);
    box_int(&box, "code", 5); /* of the newer one, by their times */
    box_int(&box, "at", 200);
    box_int(&box, "first_at", 100);
    box_evidence(&box, 2, a, b);
    assert_true(box_row(&box, "hardware_faults", "local", "oom", "", NULL));
    box_text(&box, "unit", "ollama.service");
    assert_false(box_row(&box, "hardware", "local", NULL));
}

static void a_number_that_nobody_can_mean_tells_nothing(void **state) {
    (void)state;
    box_odd(&box, "hardware.profiled", "host/local", "{\"memory_bytes\":-5,\"cores\":-1}");
    find_host();
    box_text(&box, "tier", "unknown");
    assert_false(row_has(&box.row, box_column(&box, "memory_bytes")));
    assert_false(row_has(&box.row, box_column(&box, "cores")));
    box_odd(&box, "hardware.profiled", "host/local", "{\"memory_bytes\":-5,\"gpus\":[{\"memory_bytes\":25769803776}]}");
    find_host();
    box_text(&box, "tier", "gpu-24g");
}

static void a_profile_of_years_ago_is_counted_and_is_not_the_machine(void **state) {
    (void)state;
    uint64_t seq = profile(",\"memory_bytes\":8589934592");
    profile(",\"memory_bytes\":17179869184,\"at\":1500000000000000000");
    find_host();
    box_int(&box, "memory_bytes", 8589934592);
    box_int(&box, "since_seq", (int64_t)seq);
    box_int(&box, "profiles", 2);
    box_int(&box, "late", 1);
    box_evidence(&box, 1, seq);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_newest_profile_counts_and_what_it_leaves_out_is_unknown),
        TEST(a_machine_is_what_it_is_since_its_profile_is_this_one),
        TEST(the_tier_follows_from_the_memory_of_gpus_and_machine),
        TEST(a_profile_without_memory_has_no_tier),
        TEST(memories_that_no_machine_has_do_not_overflow),
        TEST(a_number_that_nobody_can_mean_tells_nothing),
        TEST(a_profile_of_years_ago_is_counted_and_is_not_the_machine),
        TEST(faults_are_counted_by_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
