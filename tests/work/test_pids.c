/* Lists of processes that are longer than one read: each number is taken whole or not at all. Numbers above 4194304 name no
 * process on any machine. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "work/limits/cgroup.h"
#include "work/limits/pids.h"
#include "work/limits/tree.h"

enum { NOBODY = 5000000, MANY = 5000, LIST_MAX = 1 << 18, PATH_ROOM = 128 };

static char dir[] = "/tmp/work-pids-XXXXXX", path[PATH_ROOM];
static char children[PATH_ROOM]; /* a file of /proc that is read from `path` instead; empty: none */
static size_t chunk;             /* bytes that one read gives at most; 0: no limit */

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = (flags & O_CREAT) != 0 ? va_arg(args, int) : 0;
    va_end(args);
    return __real_open(children[0] != 0 && strcmp(name, children) == 0 ? path : name, flags, mode);
}

ssize_t __real_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n);
ssize_t __wrap_read(int fd, void *to, size_t n) {
    return __real_read(fd, to, chunk != 0 && chunk < n ? chunk : n);
}

static int start(void **state) {
    (void)state;
    return mkdtemp(dir) != NULL && snprintf(path, sizeof path, "%s/cgroup.procs", dir) > 0 ? 0 : -1;
}

static int finish(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static void put(const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_put_all(fd, (const uint8_t *)text, strlen(text)), 0);
    close(fd);
}

/* The numbers that a list gives, in one line. */
static const char *read_of(const char *text) {
    static char got[512];
    struct limits_pids pids;
    size_t n = 0;
    put(text);
    got[0] = 0;
    limits_pids_open(&pids, path);
    for (pid_t pid; (pid = limits_pids_next(&pids)) != 0;) {
        n += (size_t)snprintf(got + n, sizeof got - n, "%d ", (int)pid);
    }
    limits_pids_close(&pids);
    return got;
}

static void a_number_counts_once_something_ends_it(void **state) {
    (void)state;
    for (chunk = 0; chunk < 4; chunk++) {
        assert_string_equal(read_of("12 345 6789 "), "12 345 6789 ");
        assert_string_equal(read_of("12\n345\n6789\n"), "12 345 6789 ");
        assert_string_equal(read_of("12 345 6789"), "12 345 ");
        assert_string_equal(read_of("12\n0\n345\n"), "12 345 ");
        assert_string_equal(read_of("2147483647 8 "), "2147483647 8 ");
        assert_string_equal(read_of("7 2147483648 8 "), "7 ");
        assert_string_equal(read_of("7 99999999999999999999999 8 "), "7 ");
        assert_string_equal(read_of("7 -8 9 "), "7 ");
        assert_string_equal(read_of("7 8x 9 "), "7 ");
        assert_string_equal(read_of(""), "");
    }
    chunk = 0;
}

static void a_file_that_is_absent_has_no_numbers(void **state) {
    struct limits_pids pids;
    (void)state;
    limits_pids_open(&pids, "/proc/self/absent");
    assert_int_equal(limits_pids_next(&pids), 0);
    limits_pids_close(&pids);
}

struct seen {
    size_t n;
    bool other;
};

static void look(void *ctx, pid_t pid) {
    struct seen *seen = ctx;
    seen->other = seen->other || pid != (pid_t)(NOBODY + seen->n);
    seen->n++;
}

static void a_process_with_thousands_of_children_has_those_and_no_other(void **state) {
    static char list[LIST_MAX];
    struct seen seen = {0};
    (void)state;
    size_t n = 1; /* no number ends at a power of two */
    list[0] = ' ';
    for (int i = 0; i < MANY; i++) {
        n += (size_t)snprintf(list + n, sizeof list - n, "%d ", NOBODY + i);
    }
    put(list);
    (void)snprintf(children, sizeof children, "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
    limits_tree_each(getpid(), look, &seen);
    children[0] = 0;
    assert_false(seen.other);
    assert_int_equal(seen.n, MANY);
}

static pid_t child(void) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        for (;;) {
            pause();
        }
    }
    return pid;
}

/* A list in which another number begins with this process's, and that beginning ends at the offset. Then the other process. */
static void put_list(size_t offset, pid_t begins, pid_t other) {
    static char list[LIST_MAX];
    char digits[16];
    size_t n = 0;
    uint64_t number = (uint64_t)begins * 10;
    while (number < NOBODY) {
        number *= 10;
    }
    (void)snprintf(digits, sizeof digits, "%d", (int)begins);
    size_t from = offset - strlen(digits);
    if (from % 2 == 1) {
        list[n++] = '\n';
    }
    for (; n < from; n += 2) {
        memcpy(list + n, "1\n", 2);
    }
    (void)snprintf(list + n, sizeof list - n, "%llu\n%d\n", (unsigned long long)number, (int)other);
    put(list);
}

static void half_a_number_of_a_process_is_never_signalled(void **state) {
    static const size_t offsets[] = {4095, 4096, 32767, 65535, 65536};
    struct limits_group group = {.version = 1, .members = {-1, -1}, .born = -1};
    pid_t spared = child();
    (void)state;
    memcpy(group.dir[1], dir, sizeof dir);
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        pid_t ended = child();
        int status;
        put_list(offsets[i], spared, ended);
        limits_cgroup_kill(&group);
        assert_int_equal(kill(ended, SIGTERM), 0); /* ends one that was missed; one that was killed is still waited for */
        assert_int_equal(waitpid(ended, &status, 0), ended);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
    int status;
    assert_int_equal(kill(spared, SIGTERM), 0);
    assert_int_equal(waitpid(spared, &status, 0), spared);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_counts_once_something_ends_it),
        cmocka_unit_test(a_file_that_is_absent_has_no_numbers),
        cmocka_unit_test(a_process_with_thousands_of_children_has_those_and_no_other),
        cmocka_unit_test(half_a_number_of_a_process_is_never_signalled),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
