/* Digests that are kept of programs: whatever is done to a program, by whatever call, it is never said to have bytes that it had
 * before. Histories are random; the seed is printed, and LEDGER_TEST_SEED sets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "packs/life/program.h"

#define STEPS 300
#define SIZE  16

static char dir[FILE_PATH_MAX];
static uint64_t seed;

static uint64_t pick(uint64_t n) { /* xorshift64* */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * UINT64_C(2685821657736338717) >> 33) % n;
}

static int set_up(void **state) {
    const char *text = getenv("LEDGER_TEST_SEED"), *tmp = getenv("TMPDIR");
    (void)state;
    seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
    print_message("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    seed |= 1;
    snprintf(dir, sizeof(dir), "%s/program-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static void put(const char *path, char c) {
    char text[SIZE];
    memset(text, c, sizeof(text));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof(text)), SIZE);
    close(fd);
}

/* One byte of it, by a write or through a mapping; its times set back to what they were, as far as anybody can. */
static void change(const char *path, bool mapped, bool back) {
    struct stat st;
    uint8_t c = (uint8_t)pick(256);
    off_t at = (off_t)pick(SIZE);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    if (mapped) {
        uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        assert_true(p != MAP_FAILED);
        p[at] = c;
        assert_int_equal(munmap(p, SIZE), 0);
    } else {
        assert_int_equal(pwrite(fd, &c, 1, at), 1);
    }
    if (back ||
        mapped) { /* what is written through a mapping need not change the times; such a program is refused when it is opened */
        const struct timespec times[] = {st.st_atim, st.st_mtim};
        assert_int_equal(futimens(fd, times), 0);
    }
    close(fd);
}

static void a_program_never_has_bytes_that_it_had_before(void **state) {
    (void)state;
    char path[FILE_PATH_MAX + 16], other[FILE_PATH_MAX + 16];
    struct program_cache *cache = NULL;
    struct program *now = calloc(1, sizeof(*now)), *kept = calloc(1, sizeof(*kept));
    assert_true(now != NULL && kept != NULL && program_cache_new(&cache, NULL) == 0);
    snprintf(path, sizeof(path), "%s/a", dir);
    snprintf(other, sizeof(other), "%s/b", dir);
    put(path, 'a');
    for (int i = 0; i < STEPS; i++) {
        switch (pick(4)) {
        case 0:
            put(other, (char)('a' + pick(26)));
            assert_int_equal(rename(other, path), 0);
            break;
        case 1:
            put(path, (char)('a' + pick(26)));
            break;
        case 2:
            change(path, pick(2) == 0, pick(2) == 0);
            break;
        default:
            break;
        }
        assert_int_equal(program_find_in(cache, bytes_of(path), "/", kept, NULL), 0);
        assert_int_equal(program_find(bytes_of(path), "/", now, NULL), 0);
        assert_memory_equal(kept->digest, now->digest, HASH_LEN);
    }
    program_cache_free(cache);
    free(kept);
    free(now);
}

/* Of the machine's programs, which nobody changes now, digests are kept. */
static void a_digest_that_is_kept_is_that_of_the_bytes(void **state) {
    (void)state;
    static const char *const names[] = {"cat", "wc", "env", "sleep"};
    struct program_cache *cache = NULL;
    struct program *now = calloc(1, sizeof(*now)), *kept = calloc(1, sizeof(*kept));
    assert_true(now != NULL && kept != NULL && program_cache_new(&cache, NULL) == 0);
    for (int i = 0; i < 40; i++) {
        const struct bytes name = bytes_of(names[pick(4)]);
        assert_int_equal(program_find_in(cache, name, "/", kept, NULL), 0);
        assert_int_equal(program_find(name, "/", now, NULL), 0);
        assert_memory_equal(kept->digest, now->digest, HASH_LEN);
        assert_string_equal(kept->host, now->host);
    }
    assert_int_equal(program_find_in(cache, bytes_of("no-such-program"), "/", kept, NULL), ERR_NOTFOUND);
    program_cache_free(cache);
    free(kept);
    free(now);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_never_has_bytes_that_it_had_before),
        cmocka_unit_test(a_digest_that_is_kept_is_that_of_the_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
