/* The link to what is live: it leads to one whole version at every moment, whatever call the process is killed at or fails on;
 * doing it again completes it; what somebody else did to it is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <string.h>
#include <sys/wait.h>

#include "evals/gate/link.h"
#include "packs/tree/version.h"
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"

static struct scratch s;
static char live[FILE_PATH_MAX];

static int start(void **state) {
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    scratch_new(&s, 0);
    must(file_make_dirs(scratch_at(&s, "web/v1"), &why));
    must(file_make_dirs(scratch_at(&s, "web/v2"), &why));
    scratch_write(scratch_at(&s, "web/v1/a"), bytes_of("one"));
    scratch_write(scratch_at(&s, "web/v2/a"), bytes_of("two"));
    snprintf(live, sizeof(live), "%s", scratch_at(&s, "web/live"));
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static const char *leads(void) {
    static char to[FILE_PATH_MAX];
    struct err err = {0};
    return link_read(live, to, &err) == 0 ? to : "";
}

static size_t count(void) {
    size_t n = 0;
    DIR *d = opendir(scratch_at(&s, "web"));
    assert_non_null(d);
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n - 2;
}

/* False: there is no such call any more. */
static bool is_interrupted(const char *from, const char *to, long at, bool dies, bool done) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        syscalls.fail_at = at;
        syscalls.dies = dies;
        syscalls.done = done;
        syscalls.forever = !dies && !done;
        syscalls.error = ENOSPC;
        syscalls.on = true;
        int rc = link_switch(live, from, to, &err);
        _exit(!syscalls.hit ? 0 : rc == 0 ? 2 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* From v1 to v2, or from nothing to v2: interrupted at each call in each way, then completed. */
static void sweep(const char *from) {
    for (int how = 0; how < 4; how++) {
        long at = 1;
        for (bool interrupted = true; interrupted; at++) {
            unlink(live);
            if (from[0] != '\0') must(link_switch(live, "", from, &why));
            interrupted = is_interrupted(from, "v2", at, how < 2, how % 2 == 1);
            const char *to = leads();
            assert_true(strcmp(to, from) == 0 || strcmp(to, "v2") == 0);
            if (strcmp(to, "v2") != 0) must(link_switch(live, from, "v2", &why));
            assert_string_equal(leads(), "v2");
            must(link_switch(live, "v2", "v2", &why));
            assert_int_equal(count(), 3); /* nothing is left beside it */
        }
        assert_true(at > 4);
    }
}

static void it_leads_to_one_version_whenever_the_process_dies_or_a_call_fails(void **state) {
    (void)state;
    sweep("v1");
    sweep("");
}

static void what_somebody_else_did_is_left_alone(void **state) {
    (void)state;
    struct err err = {0};
    must(link_switch(live, "", "v1", &why));
    assert_int_equal(link_switch(live, "v3", "v2", &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "leads to 'v1': somebody else moved it"));
    assert_int_equal(link_switch(live, "", "v2", &err), ERR_CONFLICT);
    assert_string_equal(leads(), "v1");
    assert_int_equal(count(), 3);
    must(link_switch(live, NULL, "v2", &why)); /* wherever it leads */
    assert_string_equal(leads(), "v2");
    assert_int_equal(unlink(live), 0);
    assert_int_equal(link_switch(live, "v2", "v1", &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "is gone: somebody else removed it"));
    scratch_write(live, bytes_of("a file"));
    assert_int_equal(link_switch(live, NULL, "v1", &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "is not a link"));
}

static char temporary[FILE_PATH_MAX];

static void raw_link(const char *to, const char *path) {
    syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    syscall(SYS_symlinkat, to, AT_FDCWD, path);
}

static void move_it(void) {
    raw_link("v3", live);
}

static void put_a_file(void) {
    syscall(SYS_unlinkat, AT_FDCWD, live, 0);
    long fd = syscall(SYS_openat, AT_FDCWD, live, O_CREAT | O_WRONLY, 0600);
    syscall(SYS_write, fd, "a file", (size_t)6);
    syscall(SYS_close, fd);
}

/* Switches from `from` (NULL: by force) to v2 while somebody else meddles right before the exchange; is killed at a call, or not
 * (0). Returns the link's own answer, or -1. */
static int switch_meddled(const char *from, void (*meddle)(void), long killed_at) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        syscalls.fail_at = killed_at;
        syscalls.dies = true;
        syscalls.before = 2; /* symlink, renameat2, ... */
        syscalls.meddle = meddle;
        syscalls.on = true;
        int rc = link_switch(live, from, "v2", &err);
        _exit(rc == 0 ? 0 : rc == ERR_CONFLICT ? 1 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void renew(void) {
    unlink(live);
    must(link_switch(live, "", "v1", &why));
    snprintf(temporary, sizeof(temporary), "%s", scratch_at(&s, "web/.ledger-tmp-link-live"));
}

static void what_somebody_else_did_survives_a_kill_between_the_exchanges(void **state) {
    (void)state;
    char to[FILE_PATH_MAX];
    for (long at = 0; at < 8; at++) {
        renew();
        int rc = switch_meddled("v1", move_it, at);
        assert_true(rc == 1 || (at > 0 && rc == -1));
        if (at == 3) { /* between the exchanges: only what it took away tells */
            assert_string_equal(leads(), "v2");
            assert_int_equal(link_read(temporary, to, &why), 0);
            assert_string_equal(to, "v3");
        }
        must(link_recover(live, "v1", "v2", &why));
        assert_string_equal(leads(), at == 1 ? "v1" : "v3"); /* killed before it was moved */
        assert_int_equal(count(), 3);
    }
}

static void a_file_in_the_place_of_the_link_stays_there(void **state) {
    (void)state;
    struct err err = {0};
    char to[FILE_PATH_MAX];
    for (int forced = 0; forced < 2; forced++) {
        for (long at = 0; at < 8; at++) {
            renew();
            int rc = switch_meddled(forced ? NULL : "v1", put_a_file, at);
            assert_true(rc == 1 || (at > 0 && rc == -1));
            must(link_recover(live, "v1", "v2", &why));
            if (at == 1) {
                assert_string_equal(leads(), "v1");
            } else {
                assert_int_equal(link_read(live, to, &err), ERR_CONFLICT);
            }
            assert_int_equal(count(), 3);
        }
    }
    scratch_write(temporary, bytes_of("mine"));
    assert_int_equal(link_recover(live, "v1", "v2", &err), ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "is in the way: it is not a link"));
}

static void what_a_killed_process_left_is_removed(void **state) {
    (void)state;
    renew();
    raw_link("v2", temporary); /* before the exchange */
    must(link_recover(live, "v1", "v2", &why));
    assert_string_equal(leads(), "v1");
    assert_int_equal(count(), 3);
    must(link_switch(live, "v1", "v2", &why));
    raw_link("v1", temporary); /* after it */
    must(link_recover(live, "v1", "v2", &why));
    assert_string_equal(leads(), "v2");
    assert_int_equal(count(), 3);
}

static void a_digest_is_of_the_content(void **state) {
    (void)state;
    char one[VERSION_DIGEST_MAX], two[VERSION_DIGEST_MAX], again[VERSION_DIGEST_MAX];
    struct err err = {0};
    uint64_t bytes = 0;
    must(link_switch(live, "", "v1", &why));
    must(version_digest(live, one, &bytes, &why));
    assert_int_equal(bytes, 3);
    must(version_digest(scratch_at(&s, "web/v2"), two, NULL, &why));
    assert_string_not_equal(one, two);
    scratch_write(scratch_at(&s, "web/v2/a"), bytes_of("one"));
    must(version_digest(scratch_at(&s, "web/v2"), again, NULL, &why));
    assert_string_equal(one, again);
    must(version_digest(scratch_at(&s, "web/v1/a"), one, NULL, &why)); /* a file's SHA-256 */
    assert_string_equal(one, "sha256:7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
    assert_int_equal(version_digest(scratch_at(&s, "web/v9"), one, NULL, &err), ERR_NOTFOUND);
    assert_int_equal(mkfifo(scratch_at(&s, "web/v1/pipe"), 0600), 0);
    assert_int_equal(version_digest(scratch_at(&s, "web/v1"), one, NULL, &err), ERR_INVALID);
    assert_int_equal(version_digest(scratch_at(&s, "web/v1/pipe"), one, NULL, &err), ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_leads_to_one_version_whenever_the_process_dies_or_a_call_fails, start, finish),
        cmocka_unit_test_setup_teardown(what_somebody_else_did_is_left_alone, start, finish),
        cmocka_unit_test_setup_teardown(what_somebody_else_did_survives_a_kill_between_the_exchanges, start, finish),
        cmocka_unit_test_setup_teardown(a_file_in_the_place_of_the_link_stays_there, start, finish),
        cmocka_unit_test_setup_teardown(what_a_killed_process_left_is_removed, start, finish),
        cmocka_unit_test_setup_teardown(a_digest_is_of_the_content, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
