/* No room: a full disk and a used-up quota are states, not crashes. Appends are refused as "nothing stored", reads
 * continue, keys can still be rotated within the quota, and once there is room again appends continue where they were. */
#include "tests/ledger/small_disk.h"

static struct scratch s;

static unsigned numbers; /* in each event of noise, 9 bytes each */

/* A batch of events that do not compress. */
static int append_noise(struct ledger *ledger, uint64_t from, unsigned n, struct err *err) {
    struct log_batch *batch;
    uint64_t noise = from * 7919 + 1;
    int rc = log_batch_new(ledger, &batch, err);
    for (unsigned i = 0; i < n && rc == 0; i++) {
        char key[32];
        struct buf body;
        buf_init(&body, 1 << 16);
        mp_put_map(&body, 1);
        mp_put_str(&body, bytes_of("evidence"));
        mp_put_array(&body, numbers);
        for (unsigned k = 0; k < numbers; k++) {
            noise = noise * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            mp_put_uint(&body, noise >> 1);
        }
        snprintf(key, sizeof(key), "noise-%llu", (unsigned long long)from + i);
        struct log_draft draft = scratch_draft("promotion.promoted", "promotion/1", bytes_of_buf(&body));
        draft.key = bytes_of(key);
        rc = log_batch_add(batch, &draft, err);
        buf_done(&body);
    }
    if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    log_batch_free(batch);
    return rc;
}

/* Appends batches of this many events until one does not fit; returns how many events are stored. */
static uint64_t fill_up(struct ledger *ledger, uint64_t from, unsigned n, const char *text) {
    struct log_head before, after;
    int rc = 0;
    while (rc == 0) {
        must(log_head(ledger, &before, &why));
        rc = append_noise(ledger, from, n, &why);
        from += rc == 0 ? n : 0;
    }
    if (rc != ERR_FULL || strstr(why.msg, text) == NULL) {
        fail_msg("gave %s '%s'", err_name(rc), why.msg);
    }
    must(log_head(ledger, &after, &why));
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.root, before.root, LOG_HASH);
    return from;
}

/* ---- the quota ---- */

static void keys_can_be_replaced_when_the_quota_is_used_up(void **state) {
    static const uint64_t maps[] = {1 << 20, 2 << 20, 5 << 20, 16 << 20};
    static const unsigned batches[] = {200, 50, 7, 1};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        uint64_t n = 0;
        scratch_new(&s, maps[i]);
        numbers = i < 2 ? 80 : 500; /* a quarter of the quota holds 256 of them */
        /* in large steps, then in ever smaller ones, so that whatever still fits uses all the room it may */
        for (size_t b = 0; b < 4; b++) {
            n = fill_up(s.ledger, n, batches[b], "the database has reached its quota");
        }
        assert_true(n > 10);
        for (int k = 0; k < 10; k++) {
            must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
        }
        int rc = scratch_try(s.ledger, 1, NULL, NULL, &why);
        assert_true(rc == 0 || rc == ERR_FULL);
        scratch_verify_good(s.ledger);
        scratch_reopen(&s);
        must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
        scratch_verify_good(s.ledger);
        scratch_close(&s);
        /* a larger quota, and it continues */
        char config[64];
        snprintf(config, sizeof(config), "map_bytes = %llu\n", (unsigned long long)maps[i] + (4 << 20));
        scratch_write(scratch_at(&s, "box/config"), bytes_of(config));
        scratch_open(&s);
        must(append_noise(s.ledger, n, 50, &why));
        scratch_verify_good(s.ledger);
        scratch_done(&s);
    }
}

/* ---- the disk ---- */

/* Inside the small file system. */
static void fill_the_disk(void) {
    const struct log_create_options o = {.origin = SCRATCH_ORIGIN, .actor = "user:test", .map_bytes = (uint64_t)64 << 20};
    char id[LOG_ARTIFACT_ID], command[700];
    uint64_t size, n;
    numbers = 500;
    must(log_create(s.dir, &o, &why));
    small_disk_ballast(scratch_at(&s, "ballast"), 2 << 20);
    scratch_open(&s);
    n = fill_up(s.ledger, 0, 20, "o space left");
    n = fill_up(s.ledger, n, 1, "o space left");
    scratch_verify_good(s.ledger);
    for (int k = 0; k < 3; k++) { /* again and again */
        must_fail(append_noise(s.ledger, n, 20, &why), ERR_FULL, "");
    }
    snprintf(command, sizeof(command), "head -c 500000 /dev/urandom >'%s/../large'", s.top);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof(command), "%s/../large", s.top);
    must_fail(log_artifact_put(s.ledger, command, id, &size, &why), ERR_FULL, "");
    snprintf(command, sizeof(command), "ls '%s'/box/artifacts | grep -q incoming", s.top);
    assert_int_not_equal(system(command), 0); /* nothing is left of it */
    scratch_verify_good(s.ledger);
    scratch_reopen(&s); /* reading on a full disk needs no room */
    scratch_verify_good(s.ledger);
    assert_int_equal(unlink(scratch_at(&s, "ballast")), 0);
    must(append_noise(s.ledger, n, 20, &why));
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    snprintf(command, sizeof(command), "%s/../large", s.top);
    must(log_artifact_put(s.ledger, command, id, &size, &why));
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

static void a_full_disk_refuses_appends_until_there_is_room(void **state) {
    (void)state;
    small_disk_run(&s, "7m", fill_the_disk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_can_be_replaced_when_the_quota_is_used_up),
        cmocka_unit_test(a_full_disk_refuses_appends_until_there_is_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
