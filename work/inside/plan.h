/* What the outside tells the keeper, and what the keeper says.
 *
 * Both are of one build and one machine, so structs travel as they are.
 *
 *   plan file     struct inside_head, then argv, environment and executables as NUL-terminated strings
 *   secret pipe   struct inside_secret, then `filter_n` instructions of struct sock_filter
 *   control       a SOCK_SEQPACKET pair, one struct inside_message each:
 *
 *     keeper   HELLO (with the listening sockets that were asked for, proxy first)
 *     outside  GO
 *     keeper   STARTED, then ENDED; or FAILED
 *     outside  TERM at any time: SIGTERM to the program. Without a sandbox also KILL: SIGKILL to all that it started
 *
 * The sender's process id arrives as a credential from the kernel, in the numbers of the outside. */
#ifndef WORK_INSIDE_PLAN_H
#define WORK_INSIDE_PLAN_H

#include <stdint.h>

#define INSIDE_MAGIC         0x4c574b31U
#define INSIDE_DIR           "/run/ledger"
#define INSIDE_REPORT        INSIDE_DIR "/report"
#define INSIDE_PROXY_PORT    3128
#define INSIDE_STRINGS_MAX   (4U << 20) /* bytes of argv, environment and executables together */
#define INSIDE_COUNT_MAX     65536U
#define INSIDE_FILTER_MAX    4096U
#define INSIDE_SECRETS       3
#define INSIDE_NO_LIMIT      UINT64_MAX
#define INSIDE_NOFILE        1024
#define INSIDE_DESCRIPTORS   3 /* control, plan, secret: the arguments of the keeper */
#define INSIDE_LISTENERS_MAX 2

enum inside_flag {
    INSIDE_PROXY = 1,    /* listen on 127.0.0.1:INSIDE_PROXY_PORT and hand the socket out */
    INSIDE_REPORTER = 2, /* the same on INSIDE_REPORT */
    INSIDE_LANDLOCK = 4, /* execve of the named executables alone */
    INSIDE_LOOSE = 8     /* there is no sandbox: no filter, and what the program started is looked for */
};

struct inside_head {
    uint32_t magic;
    uint32_t flags;
    uint32_t argc;
    uint32_t envc;
    uint32_t executables; /* the program is not among the strings of argv: it is the first executable */
    uint32_t strings;     /* bytes that follow */
    uint64_t file_bytes;  /* RLIMIT_FSIZE */
    uint64_t data_bytes;  /* RLIMIT_DATA */
    uint64_t processes;   /* RLIMIT_NPROC, the keeper included */
    uint64_t cpu_s;       /* RLIMIT_CPU */
    uint64_t wall_ms;     /* after which the keeper ends it itself, in case nobody outside looks; INSIDE_NO_LIMIT: never */
};

/* The last three arguments of the one execve that the filter lets through. */
struct inside_secret {
    uint64_t word[INSIDE_SECRETS];
    uint32_t sealed; /* 0: execve is not filtered */
    uint32_t filter_n;
};

enum inside_type { INSIDE_HELLO = 1, INSIDE_GO, INSIDE_STARTED, INSIDE_ENDED, INSIDE_FAILED, INSIDE_TERM, INSIDE_KILL };

/* What failed, in INSIDE_FAILED. */
enum inside_step {
    INSIDE_AT_PLAN,
    INSIDE_AT_PROXY,
    INSIDE_AT_REPORTER,
    INSIDE_AT_FORK,
    INSIDE_AT_LIMITS,
    INSIDE_AT_LANDLOCK,
    INSIDE_AT_FILTER,
    INSIDE_AT_EXEC,
    INSIDE_STEPS
};

struct inside_message {
    uint32_t type;
    int32_t step;   /* FAILED */
    int32_t errnum; /* FAILED */
    int32_t status; /* ENDED: as waitpid gives it */
    uint64_t user_us;
    uint64_t system_us;
    uint64_t rss_max_kib; /* of the largest process */
};

#endif
