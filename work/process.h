/* One confined process: a program under bubblewrap, with what it was given and nothing else.
 *
 *   work_host_open     once per run: finds bubblewrap, the user and the way of limits, and says what is missing
 *   work_process_run   once per step: starts it, watches it, ends it, says how it ended
 *   work_host_close
 *
 * Nothing here decides whether a step may run, or what it may see: the caller has asked that before. Nothing here records
 * either; the result says all there is to record.
 *
 * What a step has: its own namespaces of every kind; a read-only root of system libraries (a fixed list of directories), the
 * programs that are named, each bound alone, and the binds; /proc of its own processes, a minimal /dev, and /tmp and
 * /dev/shm of its own; no capability, no new user namespace, a filter of system calls. No network but what the proxy lets
 * through. All that it starts ends with it, and it ends with the process that called work_process_run, however that ends. */
#ifndef WORK_PROCESS_H
#define WORK_PROCESS_H

#include <sys/types.h>

#include "base/bytes.h"
#include "base/hash.h"

#define WORK_BWRAP           "/usr/bin/bwrap"
#define WORK_USER            "nobody" /* the user of a step when root runs it, unless another is named */
#define WORK_BINDS_MAX       256
#define WORK_PROGRAMS_MAX    64
#define WORK_EGRESS_MAX      256        /* patterns, and connections that are listed, half of them refusals at most */
#define WORK_REPORT_LINE_MAX (1U << 20) /* bytes of one line of a report */
#define WORK_VERSION_MAX     32
#define WORK_NAME_MAX        256

/* ---- the host ---- */

enum work_limits { WORK_BY_SUPERVISOR, WORK_BY_CGROUP1, WORK_BY_CGROUP2 };
enum work_execute {
    WORK_EXEC_SEALED,   /* nothing may be executed once the program runs */
    WORK_EXEC_LANDLOCK, /* the named programs may */
    WORK_EXEC_MOUNTS, /* a kernel without Landlock: whatever the step can see may, /usr/bin holding the named ones alone */
    WORK_EXEC_ANY     /* unconfined */
};
const char *work_limits_name(enum work_limits limits);    /* "supervisor", "cgroup1", "cgroup2" */
const char *work_execute_name(enum work_execute execute); /* "sealed", "landlock", "mounts", "any" */

struct work_host_options {
    const char *bwrap; /* NULL: WORK_BWRAP */
    const char *user;  /* of steps when this process is root; NULL: WORK_USER. Never root */
    bool supervisor;   /* do not look for cgroups */
    /* Without bubblewrap, and so without any confinement: only the user, the environment, the limits and the end of a step
     * are as ever. Paths are those of the host: binds, programs and egress are not used, and there is no socket for reports.
     * What a step starts is found through its parents, so that one which means harm can escape its end and its limits. */
    bool unconfined;
};
struct work_host;

/* ERR_NOTFOUND: there is no bubblewrap, or no such user. ERR_VERSION: this bubblewrap cannot bind by descriptor. That
 * this machine lets it make a sandbox shows at the first step only. `options` may be NULL. */
int work_host_open(const struct work_host_options *options, struct work_host **ret, struct err *err);
void work_host_close(struct work_host *host);
/* The user that steps run as. Files that a step may read or write must be open to it. */
void work_host_user(const struct work_host *host, uid_t *ret_uid, gid_t *ret_gid);
/* What steps will be confined with, before the first of them. */
struct work_host_state {
    bool confined;
    char bwrap[WORK_VERSION_MAX]; /* empty: unconfined */
    uid_t uid;
    gid_t gid;
    enum work_limits limits;
    enum work_execute execute; /* of a step with programs; one without is sealed */
};
void work_host_state(const struct work_host *host, struct work_host_state *ret);

/* ---- a process ---- */

/* A file or directory of the host. `fd` is borrowed, opened with O_PATH or for reading; what it was opened at does not
 * matter any more. */
struct work_bind {
    int fd;
    const char *inside; /* absolute, in plain form, outside the system's own directories */
    bool writable;
};

/* An executable file, bound alone. fd -1: the file of the host at `path`. */
struct work_program {
    int fd;
    const char *path; /* inside */
};

/* 0: no limit, except for `wall_ms`, `memory` and `processes`, which have these defaults. */
#define WORK_WALL_MS   (10U * 60 * 1000)
#define WORK_MEMORY    (UINT64_C(1) << 30)
#define WORK_PROCESSES 64
#define WORK_OUTPUT    (UINT64_C(16) << 20)
#define WORK_FILES     (UINT64_C(1) << 30)
struct work_limit {
    uint64_t wall_ms;
    uint64_t cpu_ms;    /* of all its processes together */
    uint64_t memory;    /* bytes, of all its processes together, its /tmp included where a cgroup counts */
    uint64_t processes; /* and threads */
    uint64_t output;    /* bytes of standard output and error together; 0: WORK_OUTPUT */
    uint64_t files;    /* bytes that its writable binds may grow by together, so also the most of one file; 0: WORK_FILES */
    uint64_t grace_ms; /* between SIGTERM and SIGKILL when time is up or it is stopped; 0: SIGKILL at once */
};

typedef int work_line_fn(void *ctx, struct bytes line, struct err *err);

struct work_process {
    const char *program;            /* absolute, inside: one of `programs`, in a bind, or else a file of the host */
    int program_fd;                 /* the program's file, bound at that path, borrowed; 0: it is opened by its path */
    const char *const *argv;        /* argv[0] included; NULL at the end */
    const char *const *environment; /* "NAME=value"; NULL at the end. Nothing is inherited */
    const char *directory;          /* where it starts, inside; NULL: /tmp */
    int input;                      /* standard input, borrowed; -1: /dev/null */
    int output, error;              /* files that take standard output and error, borrowed */
    const struct work_bind *binds;
    size_t binds_n;
    /* Paths in binds, inside: in whose place the step sees an empty directory, or a file that it cannot open. NULL at the end;
     * NULL: none. */
    const char *const *masked, *const *masked_files;
    const struct work_program *programs; /* that it may execute once it runs; none: execve is refused from then on */
    size_t programs_n;
    struct work_limit limit;
    const char *const *egress; /* "host:port", "*.host:port", "[address]:port"; NULL at the end. NULL: no network */
    work_line_fn
        *report; /* a line that it wrote to the socket in LEDGER_SOCKET; NULL: no socket. A failure ends the step */
    void *report_ctx;
    int stop; /* readable: end the step; -1: none */
};

enum work_end {
    WORK_EXITED,   /* code */
    WORK_SIGNALED, /* code: the signal */
    WORK_TIMEOUT,  /* wall or processor time */
    WORK_MEMORY_OUT,
    WORK_PROCESSES_OUT,
    WORK_OUTPUT_OUT,
    WORK_FILES_OUT,
    WORK_STOPPED,    /* by `stop` or by a failed `report` */
    WORK_NOT_STARTED /* `why` says what failed */
};
const char *work_end_name(enum work_end end); /* "exit", "signal", "timeout", "memory", "processes", "output", ... */

/* Connections through the proxy that are alike, or refusals. The host is empty where a request was not understood. */
struct work_connection {
    char host[WORK_NAME_MAX];
    char address[64]; /* that it was connected to; empty: it was not */
    char refused[96]; /* why; empty: it was not refused */
    uint64_t sent, received, times;
    uint16_t port;
};

struct work_result {
    enum work_end end;
    int code;
    char why[ERR_MSG_MAX / 2]; /* what ended it, where that was not itself */
    /* resources */
    uint64_t wall_us;
    /* 0: not known. Of a step that ended by itself the time is exact; of one that was ended it is that of its group, else
     * what was seen of it. Processes are counted by looking: one that was gone before is missed. */
    uint64_t cpu_us;        /* of the user and of the system */
    uint64_t memory_max;    /* bytes: of the cgroup, else the largest seen */
    uint64_t processes_max; /* the most seen at once */
    uint64_t output_bytes, error_bytes;
    bool output_cut; /* there was more than `limit.output` */
    uint64_t reports, reports_dropped;
    /* the confinement in force */
    bool confined; /* false: by work_host_options.unconfined; then there is no bwrap, no filter and no proxy */
    char bwrap[WORK_VERSION_MAX]; /* its version */
    uid_t uid;
    gid_t gid;
    uint8_t filter[HASH_LEN]; /* SHA-256 of both filters of system calls, the secret words as zero */
    enum work_limits limits;
    enum work_execute execute;
    bool proxy;
    /* the network */
    struct work_connection *connections; /* owned: work_result_done */
    size_t connections_n;
    uint64_t connections_more; /* that are not listed */
};

/* Runs it to its end; blocks, in this thread. 0 also where it could not be started (WORK_NOT_STARTED): then the result
 * says why. ERR_INVALID: the request is wrong. Another failure is this process's own, and nothing runs any more.
 * `result` is filled in either case; pass it to work_result_done. */
int work_process_run(struct work_host *host, const struct work_process *process, struct work_result *result,
                     struct err *err);
void work_result_done(struct work_result *result);

/* Opens `path` below `root`, with O_PATH: no '..' above it, no link on the way or at the end. `path` "" is `root` itself. What a
 * step left there may be a named pipe, which would block whoever opens it for reading: look at its type first. */
int work_open_beneath(int root, const char *path, int *ret_fd, struct err *err);

#endif
