/* The supervisor, the locks and the status file: children that crash, hang, are killed or outlive their parent. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "capture/sources/notify.h"
#include "capture/sources/place.h"
#include "capture/sources/reporter.h"
#include "capture/sources/supervise.h"

#define CONF "[steady]\nsource = dpkg\nevery = 1h\n[crash]\nsource = hardware\nevery = 1h\n"

struct box {
    char dir[64];
    int out[2];   /* children write their pid: 's' or 'c', then the number */
    pid_t keeper; /* 0: it has ended */
};

static int make_box(void **state) {
    struct box *b = calloc(1, sizeof(*b));
    snprintf(b->dir, sizeof(b->dir), "/tmp/test-keeper-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(pipe2(b->out, O_CLOEXEC), 0);
    *state = b;
    return 0;
}

static int remove_box(void **state) {
    struct box *b = *state;
    if (b->keeper > 0) {
        kill(b->keeper, SIGKILL);
        waitpid(b->keeper, NULL, 0);
    }
    close(b->out[0]);
    close(b->out[1]);
    file_remove_tree(b->dir, NULL);
    free(b);
    return 0;
}

static void write_conf(const struct box *b, const char *text) {
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, b->dir, SOURCES_CONF, NULL), 0);
    assert_int_equal(file_write_durable(path, bytes_of(text), 0600, NULL), 0);
}

struct word {
    char which;
    pid_t pid;
};

/* In the child. A name that begins with 'c' crashes at once. */
static int record(void *ctx, const struct sources_entry *entry, const struct sources_status *begin) {
    const struct box *b = ctx;
    struct sources_status status = *begin;
    struct word word = {entry->name[0], getpid()};
    int lock = -1;
    if (sources_place_open(b->dir, entry->name, &lock, NULL) != 0 ||
        sources_place_take(lock, SOURCES_RECORDS, entry->name, NULL) != 0) {
        return 9;
    }
    status.phase = SOURCES_RUNNING;
    if (sources_status_write(b->dir, entry->name, &status, NULL) != 0) return 8;
    if (write(b->out[1], &word, sizeof(word)) != (ssize_t)sizeof(word)) return 7;
    if (word.which == 'c') raise(SIGKILL);
    if (word.which == 'h') signal(SIGTERM, SIG_IGN);
    for (;;) {
        pause();
    }
}

static void say(void *ctx, const char *name, const char *words) {
    (void)ctx, (void)name, (void)words;
}

static void keep(struct box *b, const char *const *names, size_t n) {
    pid_t parent = getpid();
    b->keeper = fork();
    assert_true(b->keeper >= 0);
    if (b->keeper > 0) return;
    struct sources_conf conf = {0};
    struct sources_supervise o = {.dir = b->dir,
                                  .conf = &conf,
                                  .names = names,
                                  .n_names = n,
                                  .pause_ns = CLOCK_NS_PER_S / 100,
                                  .ctx = b,
                                  .run = record,
                                  .say = say};
    struct err err = {0};
    int rc = getppid() != parent ? ERR_IO : sources_conf_load(&conf, b->dir, &err);
    if (rc == 0) rc = sources_supervise(&o, &err);
    sources_conf_done(&conf);
    _exit(rc == 0 ? 0 : rc == ERR_BUSY ? 2 : 1);
}

/* The next child whose name begins with that letter. */
static pid_t next(const struct box *b, char which) {
    struct word word;
    do {
        assert_int_equal(read(b->out[0], &word, sizeof(word)), sizeof(word));
    } while (word.which != which);
    return word.pid;
}

static int end_of(struct box *b, int number) {
    int status = 0;
    kill(b->keeper, number);
    assert_int_equal(waitpid(b->keeper, &status, 0), b->keeper);
    b->keeper = 0;
    return status;
}

static bool is_gone(pid_t pid) {
    for (int i = 0; i < 500; i++) {
        if (kill(pid, 0) != 0 && errno == ESRCH) return true;
        poll(NULL, 0, 10);
    }
    return false;
}

static void children_that_end_are_started_again_and_count_as_failed(void **state) {
    struct box *b = *state;
    struct sources_status status = {0};
    write_conf(b, CONF);
    keep(b, NULL, 0);
    pid_t steady = 0;
    for (unsigned crashes = 0; crashes <= SOURCES_TRIES + 1;) {
        struct word word;
        assert_int_equal(read(b->out[0], &word, sizeof(word)), sizeof(word));
        crashes += word.which == 'c';
        steady = word.which == 's' ? word.pid : steady;
        if (word.which == 'c' && crashes == SOURCES_TRIES + 1) { /* it has been said before this start */
            for (int i = 0; i < 500 && status.phase != SOURCES_FAILED; i++) {
                sources_status_read(b->dir, "crash", &status, NULL);
                poll(NULL, 0, 2);
            }
        }
    }
    assert_true(steady > 0);
    assert_int_equal(sources_place_holder(b->dir, "steady", SOURCES_RECORDS), steady);
    assert_int_equal(sources_place_holder(b->dir, "crash", SOURCES_KEEPS), b->keeper);
    assert_int_equal(status.phase, SOURCES_FAILED);
    assert_string_equal(status.error, "it was ended by signal 9");
    assert_true(status.restarts >= SOURCES_TRIES);
    assert_int_equal(end_of(b, SIGTERM), 0);
    assert_true(is_gone(steady));
}

static void a_killed_child_is_started_again_and_the_others_stay(void **state) {
    struct box *b = *state;
    write_conf(b, "[steady]\nsource = dpkg\nevery = 1h\n[t]\nsource = hardware\nevery = 1h\n");
    keep(b, NULL, 0);
    pid_t first = next(b, 's');
    kill(first, SIGKILL);
    pid_t second = next(b, 's');
    assert_int_not_equal(first, second);
    assert_true(sources_place_holder(b->dir, "t", SOURCES_RECORDS) > 0);
    assert_int_equal(end_of(b, SIGINT), 0);
}

static void children_end_with_a_parent_that_is_killed(void **state) {
    struct box *b = *state;
    write_conf(b, "[steady]\nsource = dpkg\nevery = 1h\n");
    keep(b, NULL, 0);
    pid_t child = next(b, 's');
    assert_true(WIFSIGNALED(end_of(b, SIGKILL)));
    assert_true(is_gone(child));
    assert_int_equal(sources_place_holder(b->dir, "steady", SOURCES_KEEPS), 0); /* nothing is stale */
    assert_int_equal(sources_place_holder(b->dir, "steady", SOURCES_RECORDS), 0);
}

static void a_second_keeper_starts_nothing_and_names_the_first(void **state) {
    struct box *b = *state;
    struct err err = {0};
    int fd = -1;
    char wanted[128];
    write_conf(b, "[steady]\nsource = dpkg\nevery = 1h\n");
    keep(b, NULL, 0);
    next(b, 's');
    assert_int_equal(sources_place_open(b->dir, "steady", &fd, &err), 0);
    assert_int_equal(sources_place_take(fd, SOURCES_KEEPS, "steady", &err), ERR_BUSY);
    snprintf(wanted, sizeof(wanted), "the source 'steady' is run by process %ld already", (long)b->keeper);
    assert_string_equal(err.msg, wanted);
    close(fd);
    struct box second = *b;
    keep(&second, NULL, 0);
    int status = 0;
    assert_int_equal(waitpid(second.keeper, &status, 0), second.keeper);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
    assert_int_equal(end_of(b, SIGTERM), 0);
}

static void only_the_named_sources_run(void **state) {
    struct box *b = *state;
    static const char *const one[] = {"steady"}, *const none[] = {"absent"};
    write_conf(b, CONF);
    keep(b, one, 1);
    next(b, 's');
    assert_int_equal(sources_place_holder(b->dir, "crash", SOURCES_KEEPS), 0);
    assert_int_equal(end_of(b, SIGTERM), 0);
    keep(b, none, 1);
    int status = 0;
    assert_int_equal(waitpid(b->keeper, &status, 0), b->keeper);
    b->keeper = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void a_changed_configuration_is_read_again(void **state) {
    struct box *b = *state;
    write_conf(b, "[steady]\nsource = dpkg\nevery = 1h\n[x]\nsource = hardware\nevery = 1h\n");
    keep(b, NULL, 0);
    struct word word[2];
    assert_int_equal(read(b->out[0], &word[0], sizeof(word[0])), sizeof(word[0]));
    assert_int_equal(read(b->out[0], &word[1], sizeof(word[1])), sizeof(word[1]));
    pid_t steady = word[word[1].which == 's'].pid, x = word[word[1].which == 'x'].pid;
    write_conf(
        b, "[steady]\nsource = dpkg\nevery = 1h\n[x]\nsource = hardware\nevery = 2h\n[y]\nsource = ollama\nevery = 1h\n");
    kill(b->keeper, SIGHUP);
    for (int seen = 0; seen != 3;) { /* the new one, and the changed one once more */
        assert_int_equal(read(b->out[0], &word[0], sizeof(word[0])), sizeof(word[0]));
        assert_true(word[0].which == 'y' || word[0].which == 'x');
        seen |= word[0].which == 'y' ? 1 : 2;
    }
    assert_true(is_gone(x));
    assert_int_equal(sources_place_holder(b->dir, "steady", SOURCES_RECORDS), steady);
    write_conf(b, "[steady]\nsource = dpkg\nevery = no\n");
    kill(b->keeper, SIGHUP); /* which changes nothing */
    write_conf(b, "[steady]\nsource = dpkg\nevery = 1h\n");
    kill(b->keeper, SIGHUP);
    for (int i = 0; i < 500 && sources_place_holder(b->dir, "y", SOURCES_RECORDS) != 0; i++) {
        poll(NULL, 0, 10);
        if (i % 50 == 49) kill(b->keeper, SIGHUP); /* two signals at once are one */
    }
    assert_int_equal(sources_place_holder(b->dir, "y", SOURCES_RECORDS), 0);
    assert_int_equal(sources_place_holder(b->dir, "steady", SOURCES_RECORDS), steady);
    assert_int_equal(end_of(b, SIGTERM), 0);
}

static void a_status_is_read_as_it_was_written(void **state) {
    struct box *b = *state;
    struct sources_status s = {.phase = SOURCES_WAITING, .pid = 7, .accepted = 3, .errors = UINT64_C(1) << 40}, got = {0};
    struct err err = {0};
    snprintf(s.error, sizeof(s.error), "with a token ghp_0123456789abcdefghijklmnopqrstuvwxyz and \"quotes\"\n");
    snprintf(s.address, sizeof(s.address), "http://127.0.0.1:4318");
    assert_int_equal(sources_status_read(b->dir, "a", &got, &err), ERR_NOTFOUND);
    int fd = -1;
    assert_int_equal(sources_place_open(b->dir, "a", &fd, &err), 0);
    assert_int_equal(sources_status_write(b->dir, "a", &s, &err), 0);
    assert_int_equal(sources_status_read(b->dir, "a", &got, &err), 0);
    assert_int_equal(got.phase, SOURCES_WAITING);
    assert_int_equal(got.pid, 7);
    assert_true(got.errors == UINT64_C(1) << 40);
    assert_string_equal(got.address, "http://127.0.0.1:4318");
    assert_null(strstr(got.error, "ghp_0123"));
    assert_non_null(strstr(got.error, "and \"quotes\"\n"));
    close(fd);
}

static void a_status_that_is_garbage_is_not_believed(void **state) {
    struct box *b = *state;
    static const char *const texts[] = {"",
                                        "{",
                                        "[]",
                                        "7",
                                        "null",
                                        "\"x\"",
                                        "{\"phase\":7,\"pid\":\"x\",\"error\":[1]}",
                                        "{\"phase\":\"running\",\"pid\":-1,\"address\":true}",
                                        "\xff\xfe"};
    char path[FILE_PATH_MAX];
    struct err err = {0};
    int fd = -1;
    assert_int_equal(sources_place_open(b->dir, "a", &fd, &err), 0);
    assert_int_equal(sources_place_status(path, b->dir, "a", &err), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sources_status got = {.pid = 99};
        assert_int_equal(file_write_durable(path, bytes_of(texts[i]), 0600, NULL), 0);
        int rc = sources_status_read(b->dir, "a", &got, &err);
        bool object = texts[i][0] == '{' && texts[i][1] != '\0';
        assert_int_equal(rc, object ? 0 : ERR_CORRUPT);
        assert_int_equal(got.pid, object ? 0 : 99);
    }
    struct buf large = {.max = (size_t)1 << 20};
    buf_put_str(&large, "{\"error\":\"");
    while (large.n < 2 * SOURCES_STATUS_MAX) {
        buf_put_str(&large, "aaaaaaaaaaaaaaaa");
    }
    buf_put_str(&large, "\"}");
    struct sources_status got = {0};
    assert_int_equal(file_write_durable(path, bytes_of_buf(&large), 0600, NULL), 0);
    assert_int_equal(sources_status_read(b->dir, "a", &got, &err), ERR_CORRUPT);
    buf_done(&large);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* which nothing waits for */
    assert_int_equal(sources_status_read(b->dir, "a", &got, &err), ERR_CORRUPT);
    close(fd);
}

static void the_last_status_is_written_before_the_reporter_ends(void **state) {
    struct box *b = *state;
    struct sources_status begin = {.phase = SOURCES_RUNNING}, got = {0};
    struct sources_reporter *r = NULL;
    struct err err = {0};
    int fd = -1;
    assert_int_equal(sources_place_open(b->dir, "a", &fd, &err), 0);
    assert_int_equal(sources_reporter_new(b->dir, "a", &begin, &r, &err), 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        sources_reporter_take(r)->accepted = i;
        sources_reporter_put(r, false);
    }
    sources_reporter_free(r);
    assert_int_equal(sources_status_read(b->dir, "a", &got, &err), 0);
    assert_int_equal(got.accepted, 1000);
    close(fd);
}

static void a_service_manager_is_told_by_a_datagram(void **state) {
    struct box *b = *state;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char got[64] = "";
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", b->dir);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(sources_notify(a.sun_path, "READY=1\n", NULL), 0);
    assert_int_equal(recv(fd, got, sizeof(got) - 1, 0), 8);
    assert_string_equal(got, "READY=1\n");
    close(fd);
    assert_int_equal(sources_notify(NULL, "READY=1\n", NULL), 0);
    assert_int_equal(sources_notify("relative", "READY=1\n", NULL), ERR_INVALID);
    assert_int_not_equal(sources_notify("/absent/socket", "READY=1\n", NULL), 0);
}

int main(void) {
#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, make_box, remove_box)
    const struct CMUnitTest tests[] = {
        WITH_BOX(children_that_end_are_started_again_and_count_as_failed),
        WITH_BOX(a_killed_child_is_started_again_and_the_others_stay),
        WITH_BOX(children_end_with_a_parent_that_is_killed),
        WITH_BOX(a_second_keeper_starts_nothing_and_names_the_first),
        WITH_BOX(only_the_named_sources_run),
        WITH_BOX(a_changed_configuration_is_read_again),
        WITH_BOX(a_status_is_read_as_it_was_written),
        WITH_BOX(a_status_that_is_garbage_is_not_believed),
        WITH_BOX(the_last_status_is_written_before_the_reporter_ends),
        WITH_BOX(a_service_manager_is_told_by_a_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
