/* What a step cannot do, whoever starts it. */
#include "tests/work/sandbox.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>

/* A directory of this test with a file to read, one that is not bound, and a place to write. */
struct place {
    char dir[512];
    int granted, writable;
};

static void put(const char *dir, const char *name, const char *text) {
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, dir, name, NULL), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int setup(void **state) {
    static struct place p;
    char path[FILE_PATH_MAX];
    const char *tmp = getenv("TMPDIR");
    snprintf(p.dir, sizeof p.dir, "%s/confined-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.dir));
    assert_int_equal(chmod(p.dir, 0755), 0);
    put(p.dir, "secret", "the secret");
    snprintf(path, sizeof path, "%s/granted", p.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    put(path, "file", "granted");
    p.granted = open(path, O_PATH | O_CLOEXEC);
    assert_int_equal(symlinkat("../secret", p.granted, "link"), 0);
    snprintf(path, sizeof path, "%s/writable", p.dir);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    p.writable = open(path, O_PATH | O_CLOEXEC);
    *state = &p;
    return p.granted >= 0 && p.writable >= 0 ? 0 : -1;
}

static int teardown(void **state) {
    struct place *p = *state;
    close(p->granted);
    close(p->writable);
    return file_remove_tree(p->dir, NULL);
}

static const char *runs(void *ctx) {
    (void)ctx;
    struct sandbox s = {.argv = {"sh", "-c", "read line; echo \"$line $A\"; echo wrong >&2; exit 7", NULL},
                        .process.program = "/bin/sh",
                        .process.environment = (const char *const[]){"A=b", NULL}};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0 || write(ends[1], "hello\n", 6) != 6) {
        return "pipe";
    }
    s.process.input = ends[0];
    sandbox_run(&s);
    const char *wrong = s.rc != 0                                                 ? s.err.msg
                        : s.result.end != WORK_EXITED || s.result.code != 7       ? "status"
                        : strcmp(s.out, "hello b\n") != 0                         ? "output"
                        : strcmp(s.error, "wrong\n") != 0                         ? "error"
                        : s.result.output_bytes != 8 || s.result.error_bytes != 6 ? "bytes"
                        : s.result.uid == 0 || s.result.gid == 0                  ? "root"
                        : strcmp(s.result.bwrap, "") == 0                         ? "version"
                        : s.result.execute != WORK_EXEC_SEALED                    ? "execute"
                                                                                  : NULL;
    close(ends[0]);
    close(ends[1]);
    sandbox_done(&s);
    return wrong;
}

static void a_step_runs_and_its_output_and_status_are_reported(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(runs, *state);
}

static void a_signal_is_told_from_a_status(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct sandbox s = {.argv = {"sh", "-c", "kill -11 $$", NULL}, .process.program = "/bin/sh"};
    sandbox_run(&s);
    assert_int_equal(s.rc, 0);
    assert_int_equal(s.result.end, WORK_SIGNALED);
    assert_int_equal(s.result.code, 11);
    sandbox_done(&s);
    s = (struct sandbox){.argv = {"sh", "-c", "exit 139", NULL}, .process.program = "/bin/sh"};
    sandbox_run(&s);
    assert_int_equal(s.result.end, WORK_EXITED);
    assert_int_equal(s.result.code, 139);
    sandbox_done(&s);
}

static const char *reads(void *ctx) {
    struct place *p = ctx;
    char script[8192];
    snprintf(script, sizeof script,
             "import os\n"
             "print(open('/granted/file').read())\n"
             "for path in ('%s/secret', '/granted/link', '/granted/../secret', '/etc/passwd', '/etc/shadow', '/root', "
             "'/home', '/var', '/sys',"
             " '/boot', '/mnt', '/proc/1/environ', '/proc/1/root/etc', '/proc/1/mem', '/proc/kcore', '/dev/sda', "
             "'/dev/mem', '/dev/vda', '/oldroot',"
             " '/run/systemd', '/usr/bin/cat', '/tmp/0', '/granted/../../etc/passwd'):\n"
             "    try:\n"
             "        os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1)\n"
             "        print('read', path)\n"
             "    except OSError: pass\n"
             "for path in ('/granted/new', '/granted/file', '/new', '/usr/lib/new', '/etc/new', '/dev/new', "
             "'/usr/bin/new', '/run/new'):\n"
             "    try: open(path, 'w'); print('wrote', path)\n"
             "    except OSError: pass\n"
             "open('/tmp/scratch', 'w').write('x')\n"
             "open('/out/made', 'w').write('made')\n"
             "print(sorted(os.listdir('/')))\n",
             p->dir);
    struct work_bind binds[] = {{.fd = p->granted, .inside = "/granted"},
                                {.fd = p->writable, .inside = "/out", .writable = true}};
    struct sandbox s = {.process.binds = binds, .process.binds_n = 2};
    sandbox_python(&s, script);
    const char *wrong = sandbox_says(
        &s, "granted\n['bin', 'dev', 'etc', 'granted', 'lib', 'lib64', 'out', 'proc', 'sbin', 'tmp', 'usr']\n");
    if (wrong == NULL && (faccessat(p->writable, "made", R_OK, 0) != 0 || unlinkat(p->writable, "made", 0) != 0)) {
        wrong = geteuid() == 0 || faccessat(p->writable, "made", R_OK, 0) == 0 ? NULL : "what was written is not there";
    }
    return wrong;
}

static void a_step_reads_and_writes_its_binds_alone(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(reads, *state);
}

static const char *no_sockets(void *ctx) {
    (void)ctx;
    struct sandbox s = {0};
    sandbox_python(&s,
                   "import ctypes, os\n"
                   "libc = ctypes.CDLL(None, use_errno=True)\n"
                   "for family in range(46):\n"
                   "    for kind in (1, 2, 3, 5):\n"
                   "        if libc.socket(family, kind, 0) >= 0: print('socket', family, kind)\n"
                   "if libc.syscall(41, (1 << 32) | 2, 1, 0) >= 0: print('socket with high bits')\n"
                   "if libc.syscall(425, 8, ctypes.create_string_buffer(256)) >= 0: print('io_uring')\n"
                   "pair = ctypes.create_string_buffer(8)\n"
                   "for kind in (2, 3, 4, 2 | 0o4000, 2 | 0o2000000):\n" /* from which any path could be sent to */
                   "    if libc.socketpair(1, kind, 0, pair) == 0: print('pair', kind)\n"
                   "if libc.socketpair(1, 1, 0, pair) != 0: print('no pair of streams')\n"
                   "print(sorted(line.split(':')[0].strip() for line in open('/proc/self/net/dev').readlines()[2:]))\n");
    return sandbox_says(&s, "['lo']\n");
}

static void a_step_cannot_open_a_socket(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(no_sockets, *state);
}

static const char script_execute[] =
    "import os, ctypes, shutil\n"
    "libc = ctypes.CDLL(None, use_errno=True)\n"
    "def attempt(name, path, *args):\n"
    "    pid = os.fork()\n"
    "    if pid == 0:\n"
    "        try: os.execve(path, [name, *args], {})\n"
    "        except OSError: os._exit(42)\n"
    "    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 42: print('executed', name)\n"
    "shutil.copyfile('/usr/bin/python3', '/tmp/copy'); os.chmod('/tmp/copy', 0o755)\n"
    "attempt('copy', '/tmp/copy', '-c', '')\n"
    "open('/tmp/script', 'w').write('#!/usr/bin/python3\\n'); os.chmod('/tmp/script', 0o755)\n"
    "attempt('script', '/tmp/script')\n"
    "attempt('cat', '/usr/bin/cat', '/dev/null')\n"
    "attempt('keeper', '/proc/1/exe')\n"
    "for fd in [libc.memfd_create(b'x', 0)]:\n"
    "    if fd >= 0:\n"
    "        os.write(fd, open('/usr/bin/python3', 'rb').read())\n"
    "        attempt('memory', '/proc/self/fd/%d' % fd, '-c', '')\n";

static const char *sealed(void *ctx) {
    (void)ctx;
    char script[4096];
    struct sandbox s = {0};
    snprintf(script, sizeof script,
             "%sattempt('itself', '/usr/bin/python3', '-c', '')\n"
             "attempt('loader', '/lib64/ld-linux-x86-64.so.2', '/usr/bin/python3', '-c', '')\n"
             "print('done')\n",
             script_execute);
    sandbox_python(&s, script);
    return sandbox_says(&s, "done\n");
}

static void a_step_cannot_execute_another_program(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(sealed, *state);
}

static const char *named(void *ctx) {
    (void)ctx;
    char script[4096];
    struct work_program programs[] = {{.fd = -1, .path = "/usr/bin/true"}, {.fd = -1, .path = "/usr/bin/id"}};
    struct sandbox s = {.process.programs = programs, .process.programs_n = 2};
    snprintf(script, sizeof script,
             "%simport subprocess\n"
             "subprocess.run(['/usr/bin/true'], check=True)\n"
             "print(sorted(os.listdir('/usr/bin')), flush=True)\n"
             "subprocess.run(['/usr/bin/id', '-u'], check=True, stdout=subprocess.DEVNULL)\n",
             script_execute);
    sandbox_python(&s, script);
    return sandbox_says(&s, "['id', 'python3', 'true']\n");
}

static void a_step_executes_the_programs_that_are_named(void **state) {
    SANDBOX_NEEDED();
    struct sandbox s = {.argv = {"true", NULL}, .process.program = "/usr/bin/true"};
    struct work_program self = {.fd = -1, .path = "/usr/bin/true"};
    s.process.programs = &self;
    s.process.programs_n = 1;
    sandbox_run(&s);
    enum work_execute execute = s.result.execute;
    sandbox_done(&s);
    if (execute != WORK_EXEC_LANDLOCK) {
        print_message("skipped: this kernel has no Landlock\n");
        skip();
    }
    sandbox_each_user(named, *state);
}

static const char *alone(void *ctx) {
    (void)ctx;
    struct sandbox s = {0};
    sandbox_python(&s, "import os, signal, ctypes\n"
                       "libc = ctypes.CDLL(None, use_errno=True)\n"
                       "print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))\n"
                       "os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM); os.kill(1, signal.SIGSTOP)\n"
                       "if libc.ptrace(16, 1, 0, 0) == 0: print('traced')\n"
                       "for name in ('mem', 'environ', 'maps', 'fd', 'root', 'cwd'):\n"
                       "    try:\n"
                       "        path = '/proc/1/' + name\n"
                       "        os.listdir(path) if name in ('fd', 'root', 'cwd') else open(path, 'rb').read(1)\n"
                       "        print('saw', name)\n"
                       "    except OSError: pass\n"
                       "print(os.getpid(), os.uname().nodename)\n");
    return sandbox_says(&s, "[1, 2]\n2 step\n");
}

static void a_step_sees_no_other_process_and_cannot_touch_its_keeper(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(alone, *state);
}

static const char *no_more(void *ctx) {
    (void)ctx;
    struct sandbox s = {0};
    sandbox_python(&s,
                   "import os, ctypes\n"
                   "libc = ctypes.CDLL(None, use_errno=True)\n"
                   "status = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
                   "print([int(status[n], 16) for n in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')], "
                   "status['NoNewPrivs'].strip())\n"
                   "for flags in (0x10000000, 0x20000, 0x40000000, 0x20000000):\n"
                   "    if libc.unshare(flags) == 0: print('unshared', hex(flags))\n"
                   "if libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0: print('mounted')\n"
                   "open('/tmp/x', 'w')\n"
                   "for mode in (0o4755, 0o2755):\n"
                   "    if libc.chmod(b'/tmp/x', mode) == 0: print('set-user-id', oct(mode))\n"
                   "    if libc.open(b'/tmp/y%o' % mode, os.O_CREAT | os.O_WRONLY, mode) >= 0: print('made', oct(mode))\n"
                   "if libc.chmod(b'/tmp/x', 0o1644) != 0: print('chmod')\n"
                   "two = ctypes.create_string_buffer(16)\n"
                   "if libc.prlimit(1, 0, two, None) == 0: print('limits of the keeper')\n"
                   "if libc.prctl(4, 0, 0, 0, 0) == 0: print('out of sight')\n"
                   "if libc.memfd_create(b'x', 0) >= 0: print('a file in memory')\n"
                   "for get in (libc.shmget, libc.msgget, libc.semget):\n"
                   "    if get(0, 4096, 0o1600) >= 0: print('System V')\n"
                   "for request in (0x5412, 0x541c, 1 << 32 | 0x5412):\n" /* types into a terminal */
                   "    if libc.ioctl(0, ctypes.c_ulong(request), b'x') == 0: print('ioctl', hex(request))\n"
                   "print(sorted(int(f) for f in os.listdir('/proc/self/fd'))[:4], dict(os.environ))\n");
    return sandbox_says(&s, "[0, 0, 0, 0, 0] 1\n[0, 1, 2, 3] {'LC_CTYPE': 'C.UTF-8'}\n");
}

static void a_step_has_no_rights_no_descriptors_and_no_environment_but_its_own(void **state) {
    SANDBOX_NEEDED();
    int leak = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC, as a careless caller has it */
    assert_true(dup2(leak, 40) == 40);
    sandbox_each_user(no_more, *state);
    close(40);
    close(leak);
}

static const char *leaves(void *ctx) {
    (void)ctx;
    struct work_program sleeper = {.fd = -1, .path = "/usr/bin/sleep"};
    struct sandbox s = {.argv = {"sh", "-c", "(setsid sleep 86411 >/dev/null 2>&1 &) ; sleep 86411 & echo left", NULL},
                        .process.program = "/bin/sh",
                        .process.programs = &sleeper,
                        .process.programs_n = 1};
    const char *wrong = sandbox_says(&s, "left\n");
    return wrong != NULL ? wrong : sandbox_alive("86411") ? "a process outlived its step" : NULL;
}

static void nothing_outlives_a_step(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(leaves, *state);
}

/* A runner, killed while its step sleeps. */
static const char *killed(void *ctx) {
    struct sandbox s = {.argv = {"sleep", ctx, NULL}, .process.program = "/usr/bin/sleep"};
    pid_t runner = fork();
    if (runner == 0) {
        sandbox_run(&s);
        _exit(0);
    }
    if (!sandbox_becomes_alive(ctx, true)) {
        return "the step did not start";
    }
    kill(runner, SIGKILL);
    waitpid(runner, NULL, 0);
    return sandbox_becomes_alive(ctx, false) ? NULL : "a step outlived its runner";
}

static void a_step_does_not_outlive_a_killed_runner(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    static char marker[] = "86412.25";
    sandbox_each_user(killed, marker);
}

/* Orphans become this process's children, and show. */
static const char *stopped_early(void *ctx) {
    (void)ctx;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (int i = 0; i < 20; i++) {
        int stop = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK), status;
        struct sandbox s = {.argv = {"true", NULL}, .process = {.program = "/bin/true", .stop = stop}};
        sandbox_run(&s);
        bool good = s.rc == 0 && s.result.end == WORK_STOPPED;
        sandbox_done(&s);
        close(stop);
        while (waitpid(-1, &status, WNOHANG) > 0) {
        }
        if (!good || waitpid(-1, &status, WNOHANG) == 0) {
            return good ? "a process was left" : "it was not stopped";
        }
    }
    return NULL;
}

/* Whoever takes the reports waits for something, as for a lock; so nobody watches the step meanwhile. */
static int wait_for_its_end(void *ctx, struct bytes line, struct err *err) {
    (void)line;
    bool *gone = ctx;
    *gone = sandbox_becomes_alive("86420", false);
    return *gone ? 0 : err_set(err, ERR_BUSY, "the step outlived its time");
}

static const char *ends_unwatched(void *ctx) {
    (void)ctx;
    struct work_program sleeper = {.fd = -1, .path = "/bin/sleep"};
    bool gone = false;
    struct sandbox s = {.process = {.programs = &sleeper,
                                    .programs_n = 1,
                                    .report = wait_for_its_end,
                                    .report_ctx = &gone,
                                    .limit = {.wall_ms = 500, .grace_ms = 100}}};
    sandbox_python(&s, "import os, socket, subprocess\n"
                       "child = subprocess.Popen(['/bin/sleep', '86420'])\n"
                       "s = socket.socket(socket.AF_UNIX); s.connect(os.environ['LEDGER_SOCKET']); s.sendall(b'x\\n')\n"
                       "child.wait()\n");
    sandbox_run(&s);
    bool good = s.rc == 0 && gone && s.result.end == WORK_TIMEOUT;
    static char text[4096];
    snprintf(text, sizeof text, "rc %d (%s), %s (%s), error '%.200s'", s.rc, s.err.msg, work_end_name(s.result.end),
             s.result.why, s.error);
    sandbox_done(&s);
    return good ? NULL : text;
}

static void a_step_that_nobody_watches_ends_when_its_time_is_up(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    sandbox_each_user(ends_unwatched, NULL);
}

static void a_step_that_is_stopped_before_it_began_leaves_nothing(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    sandbox_each_user(stopped_early, NULL);
}

/* Ctrl-C reaches every process of the terminal's foreground group; the runner alone decides what it means for the step. */
static const char *interrupted(void *ctx) {
    (void)ctx;
    int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), status = -1;
    pid_t runner = fork();
    if (runner == 0) {
        uint64_t one = 1;
        setpgid(0, 0);
        signal(SIGINT, SIG_IGN);
        pid_t key = fork();
        if (key == 0) {
            bool started = sandbox_becomes_alive("86418", true);
            kill(0, SIGINT);
            _exit(!started || write(stop, &one, sizeof one) != sizeof one);
        }
        struct work_program sleeper = {.fd = -1, .path = "/usr/bin/sleep"};
        struct sandbox s = {
            .argv = {"sh", "-c", "trap 'echo bye; exit 3' TERM; sleep 86418 & wait", NULL},
            .process = {
                .program = "/bin/sh", .programs = &sleeper, .programs_n = 1, .stop = stop, .limit.grace_ms = 60000}};
        sandbox_run(&s);
        bool good = s.rc == 0 && s.result.end == WORK_STOPPED && strcmp(s.out, "bye\n") == 0;
        _exit(good && waitpid(key, &status, 0) == key && status == 0 ? 0 : 1);
    }
    close(stop);
    return waitpid(runner, &status, 0) == runner && status == 0 ? NULL : "the step did not end as it was asked to";
}

static void an_interrupt_of_the_terminal_leaves_a_step_its_grace(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    sandbox_each_user(interrupted, NULL);
}

static void a_step_that_kills_all_it_reaches_kills_itself_alone(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct sandbox s = {.argv = {"sh", "-c", "kill -9 -1; echo alone", NULL}, .process.program = "/bin/sh"};
    assert_null(sandbox_says(&s, "alone\n")); /* it reaches nobody but itself's children */
}

static void a_directory_that_only_root_can_reach_is_bound_for_its_user(void **state) {
    struct place *p = *state;
    SANDBOX_NEEDED();
    SANDBOX_ROOT_NEEDED();
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/private", p->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/private/open", p->dir);
    assert_int_equal(mkdir(path, 0755), 0);
    put(path, "file", "reached");
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct work_bind bind = {.fd = fd, .inside = "/in"};
    struct sandbox s = {
        .argv = {"cat", "/in/file", NULL}, .process.program = "/bin/cat", .process.binds = &bind, .process.binds_n = 1};
    assert_null(sandbox_says(&s, "reached"));
    put(path, "file", "reached again");
    snprintf(path, sizeof path, "%s/private/open/file", p->dir);
    assert_int_equal(chmod(path, 0600), 0);
    sandbox_run(&s); /* whose file it is still counts */
    assert_int_equal(s.result.end, WORK_EXITED);
    assert_int_equal(s.result.code, 1);
    sandbox_done(&s);
    close(fd);
}

static void a_program_that_only_root_can_reach_is_bound_for_its_user(void **state) {
    struct place *p = *state;
    SANDBOX_NEEDED();
    SANDBOX_ROOT_NEEDED();
    char path[FILE_PATH_MAX], script[2 * FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/closed", p->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(script, sizeof script, "cp /bin/true %s/closed/program", p->dir);
    assert_int_equal(system(script), 0);
    snprintf(path, sizeof path, "%s/closed/program", p->dir);
    struct sandbox s = {.argv = {"program", NULL}, .process.program = path};
    assert_null(sandbox_says(&s, ""));
}

/* Between opening and binding, the directory moves and a link to another takes its place. */
static const char *swapped(void *ctx) {
    struct place *p = ctx;
    int fd = -1;
    const char *wrong = "the place cannot be made";
    (void)mkdirat(p->writable, "other", 0755);
    if (mkdirat(p->writable, "mine", 0755) == 0 && (fd = openat(p->writable, "mine", O_PATH | O_CLOEXEC)) >= 0 &&
        renameat(p->writable, "mine", p->writable, "moved") == 0 && symlinkat("other", p->writable, "mine") == 0) {
        int file = openat(p->writable, "moved/right", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        struct work_bind bind = {.fd = fd, .inside = "/in"};
        struct sandbox s = {.process = {.binds = &bind, .binds_n = 1}};
        close(file);
        sandbox_python(&s, "import os\nprint(os.listdir('/in'))\n");
        wrong = sandbox_says(&s, "['right']\n");
        (void)unlinkat(p->writable, "moved/right", 0);
    }
    (void)unlinkat(p->writable, "mine", 0);
    (void)unlinkat(p->writable, "moved", AT_REMOVEDIR);
    (void)unlinkat(p->writable, "other", AT_REMOVEDIR);
    close(fd);
    return wrong;
}

static void a_link_that_takes_the_place_of_a_bind_is_not_followed(void **state) {
    SANDBOX_NEEDED();
    sandbox_each_user(swapped, *state);
}

static void a_path_opened_beneath_cannot_lead_elsewhere(void **state) {
    struct place *p = *state;
    struct err err;
    int fd = -1, root = open(p->dir, O_PATH | O_CLOEXEC);
    assert_int_equal(work_open_beneath(root, "granted/file", &fd, &err), 0);
    close(fd);
    assert_int_equal(work_open_beneath(root, "", &fd, &err), 0);
    close(fd);
    assert_int_equal(work_open_beneath(root, "granted/link", &fd, &err), ERR_INVALID);
    assert_string_equal(err.msg, "'granted/link' goes through a symbolic link");
    assert_int_equal(work_open_beneath(p->granted, "../secret", &fd, &err), ERR_INVALID);
    assert_string_equal(err.msg, "'../secret' leaves its directory");
    assert_int_equal(work_open_beneath(root, "/etc/passwd", &fd, &err), ERR_INVALID);
    assert_int_equal(work_open_beneath(root, "missing", &fd, &err), ERR_NOTFOUND);
    close(root);
}

static void a_program_that_was_opened_is_what_runs_whatever_its_path_leads_to(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    int echo = open("/usr/bin/echo", O_RDONLY | O_CLOEXEC);
    assert_true(echo > 0);
    struct sandbox s = {.argv = {"x", "opened", NULL}, .process.program = "/usr/bin/false", .process.program_fd = echo};
    sandbox_run(&s);
    assert_int_equal(s.rc, 0);
    assert_int_equal(s.result.end, WORK_EXITED);
    assert_int_equal(s.result.code, 0);
    assert_string_equal(s.out, "opened\n");
    sandbox_done(&s);
    close(echo);
}

static void a_program_that_is_not_there_is_named(void **state) {
    struct place *p = *state;
    SANDBOX_NEEDED();
    struct work_bind bind = {.fd = p->granted, .inside = "/granted"};
    struct sandbox s = {
        .argv = {"file", NULL}, .process.program = "/granted/file", .process.binds = &bind, .process.binds_n = 1};
    sandbox_run(&s);
    assert_int_equal(s.rc, 0);
    assert_int_equal(s.result.end, WORK_NOT_STARTED);
    assert_string_equal(s.result.why, "cannot execute '/granted/file': Permission denied");
    sandbox_done(&s);
    s = (struct sandbox){.argv = {"x", NULL}, .process.program = "/usr/bin/no-such-program"};
    sandbox_run(&s);
    assert_int_equal(s.rc, ERR_NOTFOUND);
    assert_string_equal(s.err.msg, "cannot open the program '/usr/bin/no-such-program': No such file or directory");
    sandbox_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_runs_and_its_output_and_status_are_reported),
        cmocka_unit_test(a_signal_is_told_from_a_status),
        cmocka_unit_test(a_step_reads_and_writes_its_binds_alone),
        cmocka_unit_test(a_step_cannot_open_a_socket),
        cmocka_unit_test(a_step_cannot_execute_another_program),
        cmocka_unit_test(a_step_executes_the_programs_that_are_named),
        cmocka_unit_test(a_step_sees_no_other_process_and_cannot_touch_its_keeper),
        cmocka_unit_test(a_step_has_no_rights_no_descriptors_and_no_environment_but_its_own),
        cmocka_unit_test(nothing_outlives_a_step),
        cmocka_unit_test(a_step_that_nobody_watches_ends_when_its_time_is_up),
        cmocka_unit_test(a_step_that_is_stopped_before_it_began_leaves_nothing),
        cmocka_unit_test(an_interrupt_of_the_terminal_leaves_a_step_its_grace),
        cmocka_unit_test(a_step_does_not_outlive_a_killed_runner),
        cmocka_unit_test(a_step_that_kills_all_it_reaches_kills_itself_alone),
        cmocka_unit_test(a_directory_that_only_root_can_reach_is_bound_for_its_user),
        cmocka_unit_test(a_program_that_only_root_can_reach_is_bound_for_its_user),
        cmocka_unit_test(a_link_that_takes_the_place_of_a_bind_is_not_followed),
        cmocka_unit_test(a_path_opened_beneath_cannot_lead_elsewhere),
        cmocka_unit_test(a_program_that_was_opened_is_what_runs_whatever_its_path_leads_to),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
