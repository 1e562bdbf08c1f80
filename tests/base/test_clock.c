/* The clocks run, agree with the system's, and the boot id is the kernel's. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void the_wall_clock_agrees_with_the_system(void **state) {
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t now = clock_wall_ns() / CLOCK_NS_PER_S;
    uint64_t after = (uint64_t)time(NULL);
    assert_in_range(now, before - 1, after + 1);
}

static void the_boot_clock_never_goes_back(void **state) {
    (void)state;
    uint64_t last = clock_boot_ns();
    assert_true(last > 0);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_boot_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void the_boot_id_is_the_kernels_and_stays_the_same(void **state) {
    (void)state;
    uint8_t a[CLOCK_BOOT_ID_LEN], b[CLOCK_BOOT_ID_LEN];
    memset(a, 0xaa, sizeof(a));
    memset(b, 0x55, sizeof(b));
    clock_boot_id(a);
    clock_boot_id(b);
    assert_memory_equal(a, b, sizeof(a));
    char want[64] = "00000000-0000-0000-0000-000000000000", got[64];
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f != NULL) {
        assert_non_null(fgets(want, sizeof(want), f));
        want[strcspn(want, "\n")] = '\0';
        fclose(f);
    }
    snprintf(got, sizeof(got), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", a[0], a[1], a[2],
             a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14], a[15]);
    assert_string_equal(got, want);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_agrees_with_the_system),
        cmocka_unit_test(the_boot_clock_never_goes_back),
        cmocka_unit_test(the_boot_id_is_the_kernels_and_stays_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
