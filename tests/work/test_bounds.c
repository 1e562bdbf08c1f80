/* A step that takes more than it may is ended, and the result says of what. By control groups where there are some, and by
 * the supervisor. */
#include "tests/work/sandbox.h"

#include <sys/eventfd.h>

#include "work/limits/cgroup.h"

enum { MIB = 1 << 20 };

/* A scenario by whatever this machine has, and by the supervisor; as each user. */
struct way {
    const char *(*run)(bool supervisor);
};

static const char *both(void *ctx) {
    const struct way *way = ctx;
    const char *wrong = way->run(true);
    return wrong != NULL ? wrong : way->run(false);
}

static void each(const char *(*run)(bool supervisor)) {
    struct way way = {run};
    sandbox_each_user(both, &way);
}

static const char *told(const struct sandbox *s, const char *what) {
    static char text[4096];
    snprintf(text, sizeof text, "%s: rc %d (%s), %s %d (%s) by %s, said %zu bytes '%.300s', error '%.900s'", what, s->rc,
             s->err.msg, work_end_name(s->result.end), s->result.code, s->result.why, work_limits_name(s->result.limits),
             s->out_n, s->out, s->error);
    return text;
}

static const char *floods(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"dd", "if=/dev/zero", "bs=1M", "count=10240", NULL},
                        .process = {.program = "/bin/dd", .limit.output = 300000}};
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_OUTPUT_OUT && s.result.output_cut && s.out_n == 300000 &&
                s.result.output_bytes == 300000 &&
                strcmp(s.result.why, "it wrote more than its 300000 bytes of output") == 0;
    const char *wrong = good ? NULL : told(&s, "10 GB of output");
    sandbox_done(&s);
    return wrong;
}

static void output_is_stored_to_its_limit_and_the_step_ended(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(floods);
}

static const char *fills(bool supervisor) {
    char dir[] = "/tmp/work-bounds-XXXXXX";
    if (mkdtemp(dir) == NULL || chmod(dir, 0777) != 0) {
        return "mkdtemp";
    }
    int fd = open(dir, O_PATH | O_CLOEXEC);
    struct work_bind bind = {.fd = fd, .inside = "/out", .writable = true};
    struct sandbox s = {.host.supervisor = supervisor, .process = {.binds = &bind, .binds_n = 1, .limit.files = 8 * MIB}};
    sandbox_python(&s, "for i in range(10000):\n"
                       "    with open('/out/%d' % i, 'wb') as f: f.write(b'x' * (1 << 20))\n");
    sandbox_run(&s);
    bool good =
        s.rc == 0 && s.result.end == WORK_FILES_OUT && strcmp(s.result.why, "it wrote more than its 8 MiB to files") == 0;
    const char *wrong = good ? NULL : told(&s, "10 GB in files");
    sandbox_done(&s);
    s = (struct sandbox){.host.supervisor = supervisor, .process = {.binds = &bind, .binds_n = 1, .limit.files = 64 * MIB}};
    sandbox_python(&s, "f = open('/out/one', 'wb', 0)\nf.truncate(64 << 20)\nf.seek(64 << 20)\n"
                       "try: f.write(b'x')\nexcept OSError as e: print(e.errno)\n");
    if (wrong == NULL) {
        wrong = sandbox_says(&s, "27\n"); /* EFBIG; the signal that comes with it is ignored by Python */
    }
    close(fd);
    file_remove_tree(dir, NULL);
    return wrong;
}

static void files_grow_to_their_limit_and_the_step_is_ended(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(fills);
}

static const char *forks(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor, .process.limit = {.processes = 20, .wall_ms = 60000}};
    sandbox_python(&s, "import os, time\n"
                       "for i in range(10000):\n"
                       "    try:\n"
                       "        if os.fork() == 0: time.sleep(86413)\n"
                       "    except OSError: pass\n"
                       "time.sleep(86413)\n");
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_PROCESSES_OUT && s.result.processes_max <= 40 &&
                strcmp(s.result.why, "it started more than its 20 processes") == 0;
    const char *wrong = good ? NULL : told(&s, "10,000 forks");
    sandbox_done(&s);
    return wrong;
}

/* How a step may keep bytes out of sight: each of these writes 200 MB where 20 may be written. */
static const char script_hide[] =
    "import os, time\n"
    "data = b'x' * (1 << 20)\n"
    "def fill(dir, name, flags=0):\n"
    "    fd = os.open(name, os.O_CREAT * (flags == 0) | os.O_RDWR | flags, 0o600, dir_fd=dir)\n"
    "    for i in range(10): os.write(fd, data)\n"
    "    return fd\n"
    "out = os.open('/out', os.O_RDONLY)\n";

static const char *hides(bool supervisor) {
    static const char *const ways[] = {
        "for i in range(200):\n"
        "    os.mkdir('d', dir_fd=out); out = os.open('d', os.O_RDONLY, dir_fd=out)\n"
        "for i in range(20): os.close(fill(out, str(i)))\n",
        "os.mkdir('hidden', dir_fd=out); dir = os.open('hidden', os.O_RDONLY, dir_fd=out); os.fchmod(dir, 0o300)\n"
        "for i in range(20): os.close(fill(dir, str(i)))\n",
        "for i in range(20): fill(out, str(i)); os.unlink(str(i), dir_fd=out)\n",
        "for i in range(20): fill(out, '.', os.O_TMPFILE)\n",
        "r, w = os.pipe()\n"
        "for i in range(5):\n"
        "    if os.fork() == 0:\n"
        "        for k in range(950): os.open('.', os.O_RDWR | os.O_TMPFILE, 0o600, dir_fd=out)\n"
        "        os.write(w, b'x'); time.sleep(86416)\n"
        "for i in range(5): os.read(r, 1)\n"
        "if os.fork() == 0:\n"
        "    for i in range(20): fill(out, '.', os.O_TMPFILE)\n",
        "for i in range(5):\n"
        "    if os.fork() == 0:\n"
        "        for k in range(950): os.write(os.open('.', os.O_RDWR | os.O_TMPFILE, 0o600, dir_fd=out), b'x')\n"
        "        time.sleep(86416)\n",
    };
    const char *wrong = NULL;
    for (size_t i = 0; wrong == NULL && i < sizeof ways / sizeof *ways; i++) {
        char dir[] = "/tmp/work-bounds-XXXXXX", script[2048];
        if (mkdtemp(dir) == NULL || chmod(dir, 0777) != 0) {
            return "mkdtemp";
        }
        int fd = open(dir, O_PATH | O_CLOEXEC);
        struct work_bind bind = {.fd = fd, .inside = "/out", .writable = true};
        struct sandbox s = {.host.supervisor = supervisor,
                            .process = {.binds = &bind, .binds_n = 1, .limit = {.files = 20 * MIB, .wall_ms = 60000}}};
        snprintf(script, sizeof script, "%s%stime.sleep(86416)\n", script_hide, ways[i]);
        sandbox_python(&s, script);
        sandbox_run(&s);
        wrong = s.rc == 0 && s.result.end == WORK_FILES_OUT ? NULL : told(&s, ways[i]);
        sandbox_done(&s);
        close(fd);
        snprintf(script, sizeof script, "chmod -R u+rwx %s; rm -rf %s", dir, dir);
        wrong = system(script) == 0 || wrong != NULL ? wrong : "a tree that cannot be removed";
    }
    return wrong;
}

static void bytes_that_a_step_hides_count_too(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(hides);
}

static const char *writes_and_leaves(bool supervisor) {
    char dir[] = "/tmp/work-bounds-XXXXXX";
    if (mkdtemp(dir) == NULL || chmod(dir, 0777) != 0) {
        return "mkdtemp";
    }
    int fd = open(dir, O_PATH | O_CLOEXEC);
    struct work_bind bind = {.fd = fd, .inside = "/out", .writable = true};
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"dd", "if=/dev/zero", "of=/out/file", "bs=64k", "count=3", NULL},
                        .process = {.program = "/bin/dd", .binds = &bind, .binds_n = 1, .limit.files = 128 << 10}};
    sandbox_run(&s); /* one file: its own limit */
    bool good = s.rc == 0 && s.result.end == WORK_SIGNALED && s.result.code == SIGXFSZ &&
                strcmp(s.result.why, "it wrote more than its 128 KiB to a file") == 0;
    const char *wrong = good ? NULL : told(&s, "one file");
    sandbox_done(&s);
    s = (struct sandbox){.host.supervisor = supervisor,
                         .process = {.binds = &bind, .binds_n = 1, .limit.files = 128 << 10}};
    sandbox_python(&s, "for i in range(8): open('/out/%d' % i, 'wb').write(b'x' * 65536)\n");
    if (wrong == NULL) {
        sandbox_run(&s); /* it is gone before anybody looks */
        wrong = s.rc == 0 && s.result.end == WORK_FILES_OUT ? NULL : told(&s, "several files");
        sandbox_done(&s);
    }
    close(fd);
    file_remove_tree(dir, NULL);
    return wrong;
}

static void a_step_that_is_quick_is_held_to_its_limit_too(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(writes_and_leaves);
}

static void a_fork_bomb_is_ended(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(forks);
}

static const char *one_more(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor, .process.limit.processes = 4};
    sandbox_python(&s, "import os, time\n"
                       "pids = [os.fork() for i in range(1)]\n"
                       "if 0 in pids: time.sleep(0.1); os._exit(0)\n"
                       "for pid in pids: os.waitpid(pid, 0)\n"
                       "print('done')\n");
    return sandbox_says(&s, "done\n");
}

static void as_many_processes_as_it_may_are_left_alone(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(one_more);
}

static const char *swells(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor, .process.limit = {.memory = 96 * (uint64_t)MIB, .wall_ms = 60000}};
    sandbox_python(&s, "import os, time\n"
                       "pids = []\n"
                       "for i in range(8):\n"
                       "    pid = os.fork()\n"
                       "    if pid == 0:\n"
                       "        x = bytearray(os.urandom(1 << 20) * 48); time.sleep(86414)\n"
                       "time.sleep(86414)\n");
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_MEMORY_OUT && s.result.memory_max >= 48 * MIB &&
                strcmp(s.result.why, "it used more than its 96 MiB of memory") == 0;
    const char *wrong = good ? NULL : told(&s, "memory of several");
    sandbox_done(&s);
    s = (struct sandbox){.host.supervisor = supervisor, .process.limit = {.memory = 96 * (uint64_t)MIB, .wall_ms = 60000}};
    sandbox_python(&s, "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint('had it')\n");
    if (wrong == NULL) {
        sandbox_run(&s);
        good = s.rc == 0 && (s.result.end == WORK_MEMORY_OUT || (s.result.end == WORK_EXITED && s.result.code != 0)) &&
               s.out_n == 0;
        wrong = good ? NULL : told(&s, "memory of one");
        sandbox_done(&s);
    }
    return wrong;
}

static const char *shares(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor, .process.limit = {.memory = 96 * (uint64_t)MIB, .wall_ms = 60000}};
    sandbox_python(&s, "import mmap, time\nkept = []\n"
                       "for i in range(64):\n"
                       "    m = mmap.mmap(-1, 16 << 20); kept.append(m)\n"
                       "    for at in range(0, len(m), 4096): m[at] = 1\n"
                       "time.sleep(86417)\n");
    sandbox_run(&s);
    const char *wrong = s.rc == 0 && s.result.end == WORK_MEMORY_OUT ? NULL : told(&s, "shared memory");
    sandbox_done(&s);
    s = (struct sandbox){.host.supervisor = supervisor,
                         .process.limit = {.memory = 96 * (uint64_t)MIB, .wall_ms = 60000, .processes = 16}};
    sandbox_python(&s, "import mmap, os, time\n"
                       "m = mmap.mmap(-1, 32 << 20)\n"
                       "def touch():\n"
                       "    for at in range(0, len(m), 4096): m[at] = 1\n"
                       "touch()\n"
                       "pids = [os.fork() for i in range(3)]\n"
                       "touch(); time.sleep(0.3)\n"
                       "if 0 in pids: os._exit(0)\n"
                       "for pid in pids: os.waitpid(pid, 0)\n"
                       "print('done')\n");
    return wrong != NULL ? wrong : sandbox_says(&s, "done\n");
}

static void shared_memory_counts_and_counts_once(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(shares);
}

/* Zeros that are only read take no memory but for the tables that lead to them. */
static const char *looks_around(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor, .process.limit = {.memory = 64 * (uint64_t)MIB, .wall_ms = 60000}};
    sandbox_python(&s, "import mmap, time\n"
                       "m = mmap.mmap(-1, 96 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)\n"
                       "for at in range(0, len(m), 2 << 20): m[at]\n"
                       "time.sleep(86418)\n");
    sandbox_run(&s);
    const char *wrong = s.rc == 0 && s.result.end == WORK_MEMORY_OUT ? NULL : told(&s, "page tables");
    sandbox_done(&s);
    return wrong;
}

static void page_tables_count_as_memory(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(looks_around);
}

static void memory_is_bounded_for_all_processes_together(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(swells);
}

static const char *sleeps(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"sh", "-c", "trap '' TERM INT HUP; sleep 86415 & while :; do wait; done", NULL},
                        .process = {.program = "/bin/sh", .limit = {.wall_ms = 300, .grace_ms = 100}}};
    struct work_program sleeper = {.fd = -1, .path = "/bin/sleep"};
    s.process.programs = &sleeper;
    s.process.programs_n = 1;
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_TIMEOUT && strcmp(s.result.why, "it took more than its 300 ms") == 0 &&
                !sandbox_alive("86415");
    const char *wrong = good ? NULL : told(&s, "for ever");
    sandbox_done(&s);
    return wrong;
}

static void a_step_that_sleeps_for_ever_is_ended_with_its_children(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(sleeps);
}

static const char *stops_itself(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"sh", "-c", "kill -STOP $$", NULL},
                        .process = {.program = "/bin/sh", .limit = {.wall_ms = 300, .grace_ms = 100}}};
    sandbox_run(&s);
    const char *wrong = s.rc == 0 && s.result.end == WORK_TIMEOUT ? NULL : told(&s, "SIGSTOP");
    sandbox_done(&s);
    return wrong;
}

static void a_step_that_stops_itself_is_ended(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(stops_itself);
}

static const char *spins(bool supervisor) {
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"sh", "-c", "while :; do :; done", NULL},
                        .process = {.program = "/bin/sh", .limit = {.cpu_ms = 200, .wall_ms = 120000}}};
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_TIMEOUT && s.result.cpu_us >= 200000 &&
                strcmp(s.result.why, "it used more than its 200 ms of processor time") == 0;
    const char *wrong = good ? NULL : told(&s, "processor time");
    sandbox_done(&s);
    return wrong;
}

static void processor_time_is_bounded(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(spins);
}

static const char *says_goodbye(bool supervisor) {
    int stop = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    struct sandbox s = {.host.supervisor = supervisor,
                        .argv = {"sh", "-c", "trap 'echo bye; exit 3' TERM; echo ready; while :; do :; done", NULL},
                        .process = {.program = "/bin/sh", .stop = stop, .limit.wall_ms = 60000}};
    sandbox_run(&s); /* stopped before it began */
    bool good = s.rc == 0 && s.result.end == WORK_STOPPED;
    const char *wrong = good ? NULL : told(&s, "stopped");
    sandbox_done(&s);
    close(stop);
    s = (struct sandbox){.host.supervisor = supervisor,
                         .argv = {"sh", "-c", "trap 'echo bye; exit 3' TERM; while :; do :; done", NULL},
                         .process = {.program = "/bin/sh", .limit = {.wall_ms = 1000, .grace_ms = 60000}}};
    if (wrong == NULL) {
        sandbox_run(&s);
        good = s.rc == 0 && s.result.end == WORK_TIMEOUT && strcmp(s.out, "bye\n") == 0;
        wrong = good ? NULL : told(&s, "grace");
        sandbox_done(&s);
    }
    return wrong;
}

static void a_step_that_is_stopped_has_its_grace(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    each(says_goodbye);
}

static void bytes_are_stored_as_they_were_written(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct sandbox s = {0};
    sandbox_python(&s,
                   "import sys\nsys.stdout.buffer.write(bytes(range(256)) + b'\\x1b[2J\\x1b]0;title\\x07\\xff\\xfe')\n");
    sandbox_run(&s);
    assert_int_equal(s.result.end, WORK_EXITED);
    assert_int_equal(s.out_n, 256 + 16);
    for (size_t i = 0; i < 256; i++) {
        assert_int_equal((uint8_t)s.out[i], i);
    }
    assert_memory_equal(s.out + 256, "\x1b[2J\x1b]0;title\x07\xff\xfe", 16);
    sandbox_done(&s);
}

static void what_bubblewrap_says_is_safe_to_show(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    int fd = open("/etc/hostname", O_PATH | O_CLOEXEC);
    struct work_bind binds[] = {{.fd = fd, .inside = "/file"}, {.fd = fd, .inside = "/file/\x1b[2J"}};
    struct sandbox s = {.argv = {"true", NULL}, .process = {.program = "/bin/true", .binds = binds, .binds_n = 2}};
    sandbox_run(&s);
    assert_int_equal(s.rc, 0);
    assert_int_equal(s.result.end, WORK_NOT_STARTED);
    assert_non_null(strstr(s.result.why, "bwrap: "));
    assert_null(strchr(s.result.why, 0x1b));
    sandbox_done(&s);
    close(fd);
}

static int groups_left(const char *dir) {
    int n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char mine[64];
        snprintf(mine, sizeof mine, "ledger-step-%ld-", (long)getpid());
        n += strncmp(e->d_name, mine, strlen(mine)) == 0;
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

static void no_control_group_is_left(void **state) {
    (void)state;
    struct limits_place place;
    limits_cgroup_find(&place);
    if (place.version == 0) {
        print_message("skipped: this user may make no control groups here\n");
        skip();
    }
    SANDBOX_NEEDED();
    struct sandbox s = {.argv = {"true", NULL}, .process.program = "/bin/true"};
    sandbox_run(&s);
    assert_int_equal(s.result.limits, place.version);
    sandbox_done(&s);
    for (int i = 0; i < LIMITS_DIRS && place.dir[i][0] != 0; i++) {
        assert_int_equal(groups_left(place.dir[i]), 0);
    }
}

/* What the kernel says of the groups of a child that was forked into this one. */
static void groups_of_a_child(const struct limits_group *group, char *ret, size_t room) {
    int news[2];
    bool joined = false;
    assert_int_equal(pipe(news), 0);
    pid_t pid = limits_cgroup_fork(group, &joined);
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open("/proc/self/cgroup", O_RDONLY);
        ssize_t n = joined ? read(fd, ret, room) : 0;
        _exit(n > 0 && write(news[1], ret, (size_t)n) == n ? 0 : 1);
    }
    close(news[1]);
    size_t n = 0;
    for (ssize_t got; n + 1 < room && (got = read(news[0], ret + n, room - 1 - n)) > 0;) {
        n += (size_t)got;
    }
    ret[n] = 0;
    close(news[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_process_is_forked_into_its_groups(void **state) {
    (void)state;
    struct limits_place place;
    struct limits_group group;
    char groups[4096], name[64];
    struct err err = {0};
    limits_cgroup_find(&place);
    if (place.version == 0) {
        print_message("skipped: this user may make no control groups here\n");
        skip();
    }
    snprintf(name, sizeof name, "ledger-step-%ld-forked", (long)getpid());
    assert_int_equal(limits_cgroup_new(&place, name, 64U << 20, 8, &group, &err), 0);
    groups_of_a_child(&group, groups, sizeof groups);
    limits_cgroup_done(&group);
    size_t times = 0;
    for (const char *p = groups; (p = strstr(p, name)) != NULL; p++) {
        times++;
    }
    assert_int_equal(times, place.version == 2 ? 1 : 2);
}

/* Where version 2 is there but hands out no memory, a group of it can still be born into: made by hand. */
static void a_process_is_born_in_a_group_of_version_2(void **state) {
    (void)state;
    const char *roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
    struct limits_group group = LIMITS_NO_GROUP;
    char path[FILE_PATH_MAX], groups[4096], name[64];
    snprintf(name, sizeof name, "ledger-step-%ld-born", (long)getpid());
    group.version = 2;
    for (size_t i = 0; i < 2 && group.born < 0; i++) {
        assert_int_equal(file_join(path, roots[i], "cgroup.controllers", NULL), 0);
        if (access(path, F_OK) == 0 && file_join(group.dir[0], roots[i], name, NULL) == 0 &&
            mkdir(group.dir[0], 0700) == 0) {
            group.born = open(group.dir[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
    }
    if (group.born < 0) {
        print_message("skipped: this user may make no group of version 2\n");
        skip();
    }
    groups_of_a_child(&group, groups, sizeof groups);
    limits_cgroup_done(&group);
    assert_non_null(strstr(groups, name));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_stored_to_its_limit_and_the_step_ended),
        cmocka_unit_test(files_grow_to_their_limit_and_the_step_is_ended),
        cmocka_unit_test(bytes_that_a_step_hides_count_too),
        cmocka_unit_test(a_step_that_is_quick_is_held_to_its_limit_too),
        cmocka_unit_test(a_fork_bomb_is_ended),
        cmocka_unit_test(as_many_processes_as_it_may_are_left_alone),
        cmocka_unit_test(memory_is_bounded_for_all_processes_together),
        cmocka_unit_test(shared_memory_counts_and_counts_once),
        cmocka_unit_test(page_tables_count_as_memory),
        cmocka_unit_test(a_step_that_stops_itself_is_ended),
        cmocka_unit_test(a_step_that_sleeps_for_ever_is_ended_with_its_children),
        cmocka_unit_test(processor_time_is_bounded),
        cmocka_unit_test(a_step_that_is_stopped_has_its_grace),
        cmocka_unit_test(bytes_are_stored_as_they_were_written),
        cmocka_unit_test(what_bubblewrap_says_is_safe_to_show),
        cmocka_unit_test(no_control_group_is_left),
        cmocka_unit_test(a_process_is_forked_into_its_groups),
        cmocka_unit_test(a_process_is_born_in_a_group_of_version_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
